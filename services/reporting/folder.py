"""Where an exported revision lies, and how it gets there: whole, or not at all.

`OUT/2026-10/geoje/` holds all exported revisions of a body's month: files named
`geoje-2026-10-r1.*`, and `SHA256SUMS` over all of them, as `sha256sum` reads and writes it. Before:
documents and evidence as bytes. After: `verify.py`.
"""

import os
import re
import tempfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from services.contracts.report import Report
from services.contracts.report_words import State

SUMS = "SHA256SUMS"
# No part of a name begins with a dot: nothing hidden, and no way out of the folder.
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_LINE = re.compile(rf"([0-9a-f]{{64}})  ({_PART}(?:/{_PART})*)")


class NotReadable(Exception):
    """A line of SHA256SUMS that nobody wrote so; `line` counts from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"{SUMS}: line {line}")
        self.line = line


def place(out: Path, report: Report) -> Path:
    """The folder of a body's month."""
    return out / report.month / report.body.id


def stem(report: Report) -> str:
    """How the files of a revision, or of a preview, begin."""
    if report.state is State.OPEN:
        return f"{report.body.id}-{report.month}-preview"
    return f"{report.body.id}-{report.month}-r{report.revision}"


def write(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[Path]:
    """Put files (name within the folder, bytes) there and into SHA256SUMS, which comes last.

    All are written beside the folder first: an interruption leaves what was there before, or files
    that the next run writes again. Lines of files that are not given stay as they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        fresh = {name: _put(Path(beside) / name, content) for name, content in files}
        listed = {**(read_sums(folder) if (folder / SUMS).exists() else {}), **fresh}
        _put(Path(beside) / SUMS, sums_text(listed).encode())
        for name in [*fresh, SUMS]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(Path(beside) / name, folder / name)
    return [folder / name for name in [*fresh, SUMS]]


def sums_text(sums: dict[str, str]) -> str:
    """SHA256SUMS of these hashes by name."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))


def read_sums(folder: Path) -> dict[str, str]:
    """Hashes by name. Raises NotReadable for a line, or an order, that `write` does not make."""
    text = (folder / SUMS).read_text(encoding="utf-8", errors="replace")
    sums: dict[str, str] = {}
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise NotReadable(number)
        sums[match.group(2)] = match.group(1)
    if sums_text(sums) != text:
        raise NotReadable(len(sums) + 1)
    return sums


def _put(file: Path, content: bytes) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return sha256(content).hexdigest()
