"""Figures are computed again from exported evidence: a list made anew hides no change."""

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.reporting import canonical, folder
from services.reporting.notices import Notice
from services.reporting.verify import verify
from tests.unit.reporting.exported import a_context, export
from tests.unit.reporting.worked import Was, a_month, ms

STEM = "geoje-2026-10-r0"
EVIDENCE = f"{STEM}.evidence"
DAY = f"{EVIDENCE}/alimtalk/2026-10-20.lines.gz"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A month with an outage, probed every ten minutes."""
    said = Notice("kakao", "down", ms("10-20 15:00"), ms("10-20 15:01"), "a" * 64)
    month = a_month("2026-10", Was("10-20 14:00", "10-20 16:00"), interval_s=600, notices=(said,))
    return export(tmp_path, a_context("2026-10", {"alimtalk": month}), {"alimtalk": month})


def _told(place: Path) -> list[str]:
    return [f"{each.what}: {each.en}" for each in verify(place, again=True) if each.equal is False]


def _relisted(place: Path) -> None:
    """As somebody would who knows of SHA256SUMS."""
    listed = folder.read_sums(place)
    (place / folder.SUMS).unlink()
    folder.write(place, [(name, (place / name).read_bytes()) for name in listed])


def _edited(place: Path, change: Callable[[list[str]], object]) -> None:
    file = place / DAY
    rows = gzip.decompress(file.read_bytes()).decode().splitlines()
    change(rows)
    file.write_bytes(gzip.compress("".join(f"{row}\n" for row in rows).encode(), mtime=0))
    _relisted(place)


def test_all_figures_follow_from_the_evidence(place: Path) -> None:
    last = list(verify(place, again=True))[-1]
    assert (last.equal, last.what) == (True, EVIDENCE)
    assert last.en == "day hashes and all figures computed again from 4752 lines, equal"


def test_without_evidence_figures_are_not_checked(place: Path) -> None:
    for file in (place / EVIDENCE).rglob("*.*"):
        if file.is_file():
            file.unlink()
    kept = {n: s for n, s in folder.read_sums(place).items() if not n.startswith(EVIDENCE)}
    (place / folder.SUMS).write_text(folder.sums_text(kept))
    (place / EVIDENCE / "alimtalk").rmdir()
    (place / EVIDENCE).rmdir()
    assert [each.equal for each in verify(place, again=True)] == [True, True, True, None]


def test_a_removed_row_is_named_by_its_day(place: Path) -> None:
    _edited(place, lambda rows: rows.pop(90))
    assert _told(place) == [f"{STEM}.json: days[19].unmeasured: stored 0, recomputed 10"]


def test_an_outage_that_somebody_made_well_is_found(place: Path) -> None:
    def mend(rows: list[str]) -> None:
        rows[:] = [row.replace("|undelivered|", "|delivered|") for row in rows]

    _edited(place, mend)
    assert _told(place) == [f"{STEM}.json: days[19].up: stored 1320, recomputed 1440"]


def test_of_200_changed_bytes_every_one_is_found(place: Path) -> None:
    chance = random.Random(20261104)
    files = sorted(file for file in place.rglob("*") if file.is_file())
    for _ in range(200):
        file = chance.choice(files)
        before = file.read_bytes()
        at = chance.randrange(len(before))
        changed = before[at] ^ chance.randrange(1, 256)
        file.write_bytes(before[:at] + bytes([changed]) + before[at + 1 :])
        found = [each for each in verify(place) if each.equal is False]
        assert found, f"byte {at} of {file.name}: {before[at]} to {changed}"
        file.write_bytes(before)
    assert all(each.equal for each in verify(place))


def test_of_20_changed_characters_of_lines_every_one_is_found_though_listed(place: Path) -> None:
    chance = random.Random(20261104)
    file = place / DAY
    before = file.read_bytes()
    text = gzip.decompress(before)
    for _ in range(20):
        at = chance.randrange(len(text))
        changed = chance.choice(b"0123456789abcxyz|,-\n")
        if changed == text[at]:
            continue
        file.write_bytes(gzip.compress(text[:at] + bytes([changed]) + text[at + 1 :], mtime=0))
        _relisted(place)
        assert _told(place), f"character {at}: {text[at]} to {changed}"


CONTEXT_CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda told: told["items"][0]["contracts"][0].update(grade=4),
    lambda told: told["items"][0]["plans"][0].update(interval_s=1200),
    lambda told: told["items"][0]["notices"].clear(),
    lambda told: told.update(cutoff="2026-10-20T05:30:00.000Z"),
    lambda told: told.update(approval={
        "by": "lee", "role": "report_approve", "at": told["cutoff"], "words": "-",
    }),
    lambda told: told["items"].append(told["items"][0]),
    lambda told: told.update(month="2026-11"),
    lambda told: told.pop("rule"),
]  # fmt: skip


@pytest.mark.parametrize("change", CONTEXT_CHANGES)
def test_another_context_is_found_though_listed(
    place: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    file = place / EVIDENCE / "context.json"
    told = json.loads(file.read_bytes())
    change(told)
    file.write_bytes(canonical.canonical(told))
    _relisted(place)
    assert len(_told(place)) == 1


@pytest.mark.parametrize(
    "content", [b"not gzip", gzip.compress(b"one|two\n", mtime=0), b"\x1f\x8b"]
)
def test_what_is_no_evidence_is_named(place: Path, content: bytes) -> None:
    (place / DAY).write_bytes(content)
    _relisted(place)
    (told,) = _told(place)
    assert told.startswith(f"{EVIDENCE}/alimtalk/2026-10-20.lines.gz: cannot be read (")
