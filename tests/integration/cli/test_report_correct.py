"""A month is corrected at the command line: by a file, over the API, by two people."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from services.alerting.answers.api import Api
from services.alerting.answers.failures import Failures
from services.alerting.metrics import Metrics
from services.catalogue import publish
from services.catalogue.load import load
from services.local.kafka import free_ports
from services.runtime.serve import serve
from services.storage import corrections, people, sink
from services.storage.pool import Connection, Pool
from tests.support.terminal import Terminal

ROOT = Path(__file__).resolve().parents[3]
SOON = datetime.now(UTC) + timedelta(hours=1)
FILE = """\
kind: monitor_fault
reason: 단말이 로그아웃되어 있었음을 확인했습니다.
component: receiver:skt-01
cause: account
from: 2026-10-20T14:20:00+09:00
to: 2026-10-20T14:50:00+09:00
"""
CORRECT = ("report", "correct", "2026-10", "--body", "geoje")


@pytest.fixture
async def api(pool: Pool) -> AsyncIterator[str]:
    """The API on a port, and the shipped catalogue in force."""
    now = datetime.now(UTC)
    shipped = load(ROOT / "catalogue").catalogue(publish.new_revision(now))
    async with pool.acquire() as conn:
        await sink.store_catalogue(conn, shipped, "test", now)
    made = Api(Metrics(CollectorRegistry()), Failures(lambda: 0.0))
    made.pool = pool
    stopping, (port,) = asyncio.Event(), free_ports(1)
    serving = asyncio.create_task(
        serve(Starlette(routes=made.routes()), "127.0.0.1", port, stopping)
    )
    yield f"http://127.0.0.1:{port}"
    stopping.set()
    await serving


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "correction.yaml"
    made.write_text(FILE, encoding="utf-8")
    return made


async def _terminal(
    conn: Connection, api: str, folder: Path, person: str, role: str = corrections.ROLE,
    **other: str,
) -> Terminal:  # fmt: skip
    secret = people.new_secret(people.TOKEN_BYTES)
    await people.put_token(conn, secret, person, [role], "root", SOON)
    return Terminal(folder, BONGSU_API=api, BONGSU_TOKEN=secret, **other)


async def test_one_proposes_by_a_file_and_another_approves_with_words(
    conn: Connection, api: str, file: Path
) -> None:
    kim = await _terminal(conn, api, file.parent, "kim")
    lee = await _terminal(conn, api, file.parent, "lee")

    code, said = await kim.say(*CORRECT, "--file", str(file))
    assert code == 0, said
    assert "somebody else approves it: bongsu report correct 2026-10 --body geoje" in said
    refused = await kim.say(*CORRECT, "--approve", "1", "--words", "맞습니다")
    assert refused == (6, "bongsu: The proposer cannot approve.\n")
    code, said = await lee.say(*CORRECT, "--approve", "1", "--words", "맞습니다")
    assert code == 0, said
    code, _ = await lee.say(*CORRECT, "--reject", "1", "--words", "아닙니다")
    assert code == 6

    (one,) = await corrections.corrections(conn)
    assert (one.proposed_by, one.state, one.decided_by, one.words) == (
        "kim", "approved", "lee", "맞습니다",
    )  # fmt: skip
    audited = await conn.fetch("SELECT person, via, action FROM audit ORDER BY number")
    assert [tuple(row) for row in audited] == [
        ("kim", "api", "report.correct"), ("lee", "api", "report.approve"),
    ]  # fmt: skip


async def test_an_objection_to_a_month_that_is_not_closed_or_not_there_is_refused(
    conn: Connection, api: str, tmp_path: Path
) -> None:
    kim = await _terminal(conn, api, tmp_path, "kim")
    file = tmp_path / "objection.yaml"
    object_ = ("report", "object", "2026-10", "--body", "geoje")

    file.write_text("by: 중계사\nabout: 상위 통신사의 장애였습니다.\n", encoding="utf-8")
    assert await kim.say(*object_, "--file", str(file)) == (
        6, "bongsu: That month is not closed yet.\n",
    )  # fmt: skip
    file.write_text("by: 중계사\nabuot: 오타\n", encoding="utf-8")
    code, said = await kim.say(*object_, "--file", str(file))
    assert (code, f"{file}:2: field 'abuot' is unknown; did you mean 'about'?" in said) == (4, True)
    assert await kim.say(*object_, "--decide", "1", "--words", "x") == (
        2, "bongsu: 2026-10 geoje has no objection 1.\n",
    )  # fmt: skip
    assert (await kim.say(*object_, "--decide", "1"))[0] == 2


async def test_a_korean_terminal_is_refused_in_korean(
    conn: Connection, api: str, file: Path
) -> None:
    kim = await _terminal(conn, api, file.parent, "kim", LC_ALL="ko_KR.UTF-8")
    await kim.say(*CORRECT, "--file", str(file))

    refused = await kim.say(*CORRECT, "--approve", "1", "--words", "맞습니다")
    unknown = await kim.say("report", "correct", "2026-10", "--body", "geojae", "--file", str(file))

    assert refused == (6, "bongsu: 제안자는 승인할 수 없습니다.\n")
    assert unknown == (
        2, "bongsu: 'geojae' 기관이 없습니다. 'geoje'를 찾으셨습니까? 목록: bongsu report list\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("2026-13", "--body", "geoje", "--file", "x"), 2, "'2026-13' is not a month."),
        (("2099-01", "--body", "geoje", "--file", "x"), 2, "2099-01 has not begun."),
        (("2026-10", "--body", "geoje"), 2, "Say one of"),
        (("2026-10", "--body", "geoje", "--approve", "1", "--file", "x"), 2, "Say one of"),
        (("2026-10", "--body", "geoje", "--approve", "1"), 2, "Say why"),
        (
            ("2026-10", "--body", "geoje", "--approve", "9", "--words", "x"), 2,
            "2026-10 geoje has no correction 9.",
        ),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_one_sentence_and_a_code(
    conn: Connection, api: str, tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    kim = await _terminal(conn, api, tmp_path, "kim")
    found = await kim.say("report", "correct", *words)
    assert found[0] == code
    assert found[1].startswith(f"bongsu: {says}")
    assert found[1].count("\n") == 1


async def test_who_has_no_right_or_no_api_is_told_so(
    conn: Connection, api: str, file: Path
) -> None:
    viewer = await _terminal(conn, api, file.parent, "kim", "viewer")
    away = await _terminal(conn, "http://127.0.0.1:9", file.parent, "kim")
    nobody = Terminal(file.parent, BONGSU_API=api)

    assert (await viewer.say(*CORRECT, "--file", str(file)))[0] == 6
    assert (await away.say(*CORRECT, "--file", str(file)))[0] == 3
    assert await nobody.say(*CORRECT, "--file", str(file)) == (
        2, "bongsu: BONGSU_TOKEN is not set.\n",
    )  # fmt: skip
