"""The samples in docs/ are what the code makes, byte by byte, and what `verify` accepts."""

from pathlib import Path

from services.reporting.verify import verify
from tests.unit.reporting.sample import SAMPLES, write


def test_the_samples_are_what_is_made_today(tmp_path: Path) -> None:
    again = {str(file.relative_to(tmp_path)): file.read_bytes() for file in write(tmp_path)}
    there = {name: (SAMPLES / name).read_bytes() for name in again}
    changed = [name for name in again if again[name] != there[name]]
    assert changed == [], "run python -m tests.unit.reporting.sample"


def test_the_samples_verify() -> None:
    assert [finding.what for finding in verify(SAMPLES) if not finding.equal] == []
