"""An exported folder is checked without any database, and no change of it passes."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from services.contracts.report import Report
from services.reporting import chain, folder
from services.reporting.finding import Finding
from services.reporting.verify import NothingHere, verify
from tests.support.reports import a_history, export

PLACES = [("2026-09", 0), ("2026-09", 1), ("2026-10", 0), ("2026-10", 1), ("2026-10", 2)]
R1, R2 = "geoje-2026-10-r1", "geoje-2026-10-r2"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two months of a body, all revisions."""
    return export(tmp_path, a_history(*PLACES), range(5))


def _wrong(out: Path) -> list[Finding]:
    return [finding for finding in verify(out) if finding.equal is False]


def _told(out: Path) -> list[str]:
    return [f"{finding.what}: {finding.en}" for finding in _wrong(out)]


def _relisted(place: Path) -> None:
    """As somebody would who knows of SHA256SUMS."""
    here = [file for file in place.rglob("*") if file.is_file() and file.name != folder.SUMS]
    (place / folder.SUMS).unlink()
    folder.write(place, [(str(file.relative_to(place)), file.read_bytes()) for file in here])


def _rewritten(out: Path, stem: str, change: Callable[[Report], Report]) -> None:
    file = out / "2026-10" / "geoje" / f"{stem}.json"
    report = change(Report.model_validate_json(file.read_bytes()))
    file.write_bytes(chain.text_of(report))
    _relisted(file.parent)


def _with_other_minutes(report: Report) -> Report:
    days = (report.days[0].model_copy(update={"down": 7}), *report.days[1:])
    return report.model_copy(update={"days": days})


def test_what_was_exported_is_as_it_was_sealed(out: Path) -> None:
    found = list(verify(out))
    assert all(finding.equal for finding in found)
    assert [finding.en for finding in found if "files" in finding.en] == [
        "6 files are as SHA256SUMS says",
        "9 files are as SHA256SUMS says",
    ]
    assert found[-1].what == f"{R2}.chain"
    assert found[-1].ko == "처음부터 이 차수까지 5개 차수가 이어집니다"


def test_of_200_changed_bytes_every_one_is_found(tmp_path: Path) -> None:
    chance = random.Random(20261104)
    out = export(tmp_path, a_history(("2026-10", 0), ("2026-10", 1)), range(2))
    files = sorted(file for file in out.rglob("*") if file.is_file())
    for _ in range(200):
        file = chance.choice(files)
        before = file.read_bytes()
        at = chance.randrange(len(before))
        changed = before[at] ^ chance.randrange(1, 256)
        file.write_bytes(before[:at] + bytes([changed]) + before[at + 1 :])
        assert _wrong(out), f"byte {at} of {file.name}: {before[at]} to {changed}"
        file.write_bytes(before)
    assert not _wrong(out)


def test_of_200_changed_bytes_in_a_report_every_one_is_found_without_the_list(out: Path) -> None:
    chance = random.Random(20261104)
    file = out / "2026-10" / "geoje" / f"{R2}.json"
    (file.parent / folder.SUMS).unlink()
    before = file.read_bytes()
    for _ in range(200):
        at = chance.randrange(len(before))
        changed = before[at] ^ chance.randrange(1, 256)
        file.write_bytes(before[:at] + bytes([changed]) + before[at + 1 :])
        assert _wrong(file), f"byte {at}: {before[at]} to {changed}"


def test_a_removed_or_added_file_is_named(out: Path) -> None:
    place = out / "2026-10" / "geoje"
    (place / f"{R1}.json").unlink()
    (place / "notes.txt").write_text("-")
    assert _told(out) == [
        f"{R1}.json: the file is missing",
        "notes.txt: not in SHA256SUMS",
    ]


def test_a_changed_figure_is_found_though_the_list_was_made_anew(out: Path) -> None:
    _rewritten(out, R2, _with_other_minutes)
    (told,) = _told(out)
    assert told.startswith(f"{R2}.json: seal.figures: stored ")


def test_a_report_sealed_anew_is_found_by_its_chain(out: Path) -> None:
    _rewritten(out, R1, lambda r: chain.sealed(_with_other_minutes(r), r.seal.prev))
    (told,) = _told(out)
    assert told.startswith(f"{R1}.chain: last: stored ")


def test_two_swapped_revisions_are_found(out: Path) -> None:
    place = out / "2026-10" / "geoje"
    for suffix in (".json", ".chain"):
        one, other = (place / f"{stem}{suffix}" for stem in (R1, R2))
        text = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(text)
    _relisted(place)
    assert _told(out)[:2] == [
        f"{R1}.json: name: stored {R1}, recomputed {R2}",
        f"{R2}.json: name: stored {R2}, recomputed {R1}",
    ]


def _chain_of(links: list[Report]) -> bytes:
    return chain.chain_text(map(chain.link_of, links))


def test_a_removed_revision_is_found(out: Path) -> None:
    history = a_history(*PLACES)
    file = out / "2026-10" / "geoje" / f"{R2}.chain"
    file.write_bytes(_chain_of([*history[:3], history[4]]))
    assert f"{R2}.chain: [3] 2026-10 r2: stored r2, recomputed r1" in _told(out)
    file.write_bytes(_chain_of([history[0], history[2], history[1], *history[3:]]))
    assert any(told.startswith(f"{R2}.chain: [1] 2026-10 r0: stored ") for told in _told(out))


def test_a_chain_written_wholly_anew_differs_from_what_was_exported_before(out: Path) -> None:
    history = a_history(*PLACES)
    forged = [chain.sealed(_with_other_minutes(history[0]), chain.ZEROS)]
    for report in history[1:]:
        forged.append(chain.sealed(report, forged[-1].seal.entry))
    export(out, forged, [4])
    _relisted(out / "2026-10" / "geoje")
    assert any("[0] 2026-09 r0: stored" in told for told in _told(out))


def test_one_file_is_checked_by_itself(out: Path, tmp_path: Path) -> None:
    file = out / "2026-10" / "geoje" / f"{R2}.json"
    assert [finding.equal for finding in verify(file)] == [True, True, True]
    alone = tmp_path / "alone" / file.name
    alone.parent.mkdir()
    alone.write_bytes(file.read_bytes())
    assert [finding.equal for finding in verify(alone)] == [True, None]
    document = file.parent / f"{R2}.ko.csv" / "days.csv"
    with pytest.raises(NothingHere):
        list(verify(document))


def test_where_nothing_was_exported_there_is_nothing_to_verify(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", tmp_path / "missing.json"):
        with pytest.raises(NothingHere):
            list(verify(path))
