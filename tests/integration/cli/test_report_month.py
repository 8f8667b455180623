"""`bongsu report month`: documents of what is sealed, whole or not at all, and logged."""

import asyncio
import getpass
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from services.contracts.report import Report
from services.reporting import chain
from services.reporting.verify import verify
from services.storage import months
from services.storage.pool import Connection
from tests.support.reports import a_report
from tests.support.terminal import Terminal

STATES = ("preliminary", "closed")


@pytest.fixture
def bongsu(database: str, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, BONGSU_POSTGRES=database, LC_ALL="C.UTF-8")


def _history(body: str, *revisions: tuple[str, int]) -> list[Report]:
    made: list[Report] = []
    for month, revision in revisions:

        def changed(told: dict[str, Any], month: str = month, revision: int = revision) -> None:
            told["body"]["id"] = body
            told.update(month=month, revision=revision, state=STATES[revision])

        made.append(chain.sealed(a_report(changed), made[-1].seal.entry if made else chain.ZEROS))
    return made


async def _seal(conn: Connection, *reports: Report) -> None:
    await conn.execute("INSERT INTO replay_clock (at) VALUES ('2026-11-20') ON CONFLICT DO NOTHING")
    epoch = await months.take_turn(conn, "test")
    assert epoch is not None
    for report in reports:
        await months.seal(conn, epoch, chain.text_of(report))
    await months.give_turn(conn)


async def test_the_latest_revision_is_made_in_all_formats_logged_and_verifies(
    bongsu: Terminal, conn: Connection, tmp_path: Path
) -> None:
    preliminary, closed = _history("geoje", ("2026-10", 0), ("2026-10", 1))
    await _seal(conn, preliminary, closed)
    code, said = await bongsu.say(
        "report", "month", "2026-10", "--body", "geoje", "--out", str(tmp_path)
    )
    stem = "geoje-2026-10-r1"
    place = tmp_path / "2026-10" / "geoje"
    names = [f"{stem}.{end}" for end in ("json", "chain", "ko.pdf", "ko.xlsx", "en.pdf", "en.xlsx")]
    assert (code, said.splitlines()[:2]) == (
        0, ["Geoje City geoje 2026-10 r1 (closed)", "  Alimtalk: missed"]
    )  # fmt: skip
    assert said.splitlines()[2:] == [f"  {place / name}" for name in [*names, "SHA256SUMS"]]
    assert (place / f"{stem}.json").read_bytes() == chain.text_of(closed)
    assert [finding.what for finding in verify(tmp_path) if not finding.equal] == []
    logged = await conn.fetchrow("SELECT person, body, month, revision, files FROM document_log")
    assert tuple(logged or ()) == (
        getpass.getuser(), "geoje", "2026-10", 1, [*names, "SHA256SUMS"]
    )  # fmt: skip


async def test_without_any_contract_nothing_is_made_and_it_says_so(bongsu: Terminal) -> None:
    told = await bongsu.say("report", "month", "2026-10", "--all")
    assert told == (5, "bongsu: No body has a contract.\n")


async def test_an_older_revision_and_only_some_formats_can_be_asked_for(
    bongsu: Terminal, conn: Connection, tmp_path: Path
) -> None:
    await _seal(conn, *_history("geoje", ("2026-10", 0), ("2026-10", 1)))
    asked = ("report", "month", "2026-10", "--body", "geoje", "--out", str(tmp_path))
    told = await bongsu.read(
        *asked, "--revision", "0", "--format", "xlsx", "--lang", "ko", "--channel", "alimtalk"
    )
    (made,) = told["made"]
    assert (made["revision"], made["state"], made["verdicts"]) == (
        0, "preliminary", {"alimtalk": "missed"}
    )  # fmt: skip
    assert [Path(file).name for file in made["files"]] == [
        "geoje-2026-10-r0.alimtalk.ko.xlsx", "SHA256SUMS"
    ]  # fmt: skip
    book = openpyxl.load_workbook(made["files"][0])
    assert any("잠정 위반" in str(row) for row in book.worksheets[0].iter_rows(values_only=True))


async def test_all_bodies_are_tried_and_the_highest_code_wins(
    bongsu: Terminal, conn: Connection, tmp_path: Path
) -> None:
    await _seal(conn, *_history("geoje", ("2026-10", 0)), *_history("tongyeong", ("2026-09", 0)))
    asked = ("report", "month", "2026-10", "--out", str(tmp_path), "--format", "json")
    code, said = await bongsu.say(*asked, "--all")
    assert (code, [each.name for each in (tmp_path / "2026-10").iterdir()]) == (5, ["geoje"])
    assert said.splitlines()[-1].startswith(
        "bongsu: There is no report of 2026-10 for tongyeong yet."
    )
    code, said = await bongsu.say(*asked, "--body", "geojae,geoje", "--channel", "sms")
    assert code == 2
    assert said.splitlines() == [
        "bongsu: No body 'geojae'. Did you mean 'geoje'? See: bongsu report list",
        "bongsu: The report of geoje has no channel 'sms'. It has: alimtalk",
    ]


async def test_a_summary_holds_all_bodies_and_names_those_without_a_report(
    bongsu: Terminal, conn: Connection, tmp_path: Path
) -> None:
    await _seal(conn, *_history("geoje", ("2026-10", 0)), *_history("tongyeong", ("2026-09", 0)))
    asked = ("report", "month", "--all", "--summary", "--out", str(tmp_path), "--lang", "ko")
    told = await bongsu.read(*asked, "2026-10", "--format", "xlsx")
    file = tmp_path / "2026-10" / "_summary" / "summary-2026-10.ko.xlsx"
    assert told == {
        "bodies": ["geoje"], "without": ["tongyeong"],
        "files": [str(file), str(file.parent / "SHA256SUMS")],
    }  # fmt: skip
    assert openpyxl.load_workbook(file).sheetnames[0] == "총괄"
    assert (
        await conn.fetchval("SELECT files[1] FROM document_log WHERE body = 'geoje'") == file.name
    )
    code, said = await bongsu.say(*asked, "2026-08")
    assert (code, said.splitlines()[0][:47]) == (
        5, "bongsu: There is no report of 2026-08 for geoje"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("2026-13", "--body", "geoje"), "'2026-13' is not a month. Example: 2026-10"),
        (("2026-10",), "Say --body or --all."),
        (("2026-10", "--all", "--format", "html"), "'html': say json, pdf, xlsx"),
        (("2026-10", "--all", "--format", ","), "'': say json, pdf, xlsx"),
        (("2026-10", "--all", "--lang", "de"), "'de': say ko, en"),
        (("2026-10", "--all", "--lang", ""), "'': say ko, en"),
        (("2026-10", "--body", ","), "Say --body or --all."),
    ],
)
async def test_what_cannot_be_meant_is_said_before_anything_is_asked(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    nowhere = Terminal(tmp_path, BONGSU_POSTGRES="postgresql://127.0.0.1:1/x", LC_ALL="C")
    assert await nowhere.say("report", "month", *words) == (2, f"bongsu: {says}\n")


async def test_a_database_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    nowhere = Terminal(tmp_path, BONGSU_POSTGRES="postgresql://127.0.0.1:1/x", LC_ALL="ko_KR.UTF-8")
    assert await nowhere.say("report", "month", "2026-10", "--all") == (
        3, "bongsu: 데이터베이스에 연결할 수 없습니다.\n"
    )  # fmt: skip


def _interrupted(dsn: str, out: Path) -> int:
    """Exit code of a command that is interrupted after its first body."""
    # Whoever started the tests may have told them to ignore an interruption.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heeding}; from services.cli.app import main; main()"
    asked = ["report", "month", "2026-10", "--all", "--out", str(out), "--data", str(out)]
    with subprocess.Popen(
        [sys.executable, "-c", code, *asked],
        env={**os.environ, "BONGSU_POSTGRES": dsn, "BONGSU_DEVELOPMENT": "true"},
        stdout=subprocess.PIPE, start_new_session=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert b"r0" in running.stdout.readline()
        os.killpg(running.pid, signal.SIGINT)
        running.communicate(timeout=60)
        return running.returncode


async def test_an_interruption_leaves_no_half_file(
    database: str, conn: Connection, tmp_path: Path
) -> None:
    bodies = [f"body-{n:02}" for n in range(40)]
    await _seal(conn, *(report for body in bodies for report in _history(body, ("2026-10", 0))))
    assert await asyncio.to_thread(_interrupted, database, tmp_path) == 130
    places = list((tmp_path / "2026-10").iterdir())
    assert 0 < len(places) < len(bodies)
    assert all(place.name in bodies for place in places)
    assert [finding.what for finding in verify(tmp_path) if not finding.equal] == []
