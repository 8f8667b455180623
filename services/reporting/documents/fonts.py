"""The two font files that documents are set in: committed, checked, and no other.

A font of the system would change line breaks, and with them the bytes of a document.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path

import typst

from services.reporting.documents.words import Language, Words
from services.runtime.errors import Stop

FOLDER = Path(__file__).parent / "fonts"
# Pretendard 1.3.9, OFL-1.1.
HASHES = {
    "Pretendard-Regular.otf": "3ffbacde6ab8411f1d2db54bb9b1f0b3ee2a738932033722cf0388c06aed1c93",
    "Pretendard-Bold.otf": "2e91915fab54df71cc9598ebf608b2bdb54c6fe3c066ac61dff0bc44fca71cc7",
}
_TOLD = 4  # digits of a hash that a sentence needs


def check(folder: Path = FOLDER, language: Language = "ko") -> None:
    """Raises Stop (`font`) for a file that is not the one these documents were laid out with."""
    for name, expected in HASHES.items():
        file = folder / name
        found = sha256(file.read_bytes()).hexdigest() if file.exists() else "–"
        if found != expected:
            fields = {"expected": expected[:_TOLD], "found": found[:_TOLD]}
            raise Stop("font", Words(language)("font.differs", **fields))


@cache
def loaded() -> typst.Fonts:
    """Read once a process."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FOLDER]
    )
