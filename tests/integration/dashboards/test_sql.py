"""Every SQL question of every board is answered by a real Postgres, as the role that may only read;
a question that is not answered well is named."""

import copy
import re
from datetime import datetime, timedelta

import pytest

from dashboards import build, check, queries, truth
from dashboards.house import Json
from services.storage.pool import open_pool
from tests.support.clicking import Clicker

CHANNEL = "bongsu-channel"
LABELS = ("channel", "provider", "carrier", "body")
FAILURES, PAIRS, FALSE_SUCCESS = 12, 9, 11


@pytest.fixture
def boards() -> dict[str, Json]:
    """The shipped boards, to be spoilt."""
    return copy.deepcopy(build.rendered())


def _ask(board: Json, number: int, sql: str) -> None:
    panel = next(panel for panel in board["panels"] if panel["id"] == number)
    panel["targets"][0]["rawSql"] = sql


async def test_every_sql_question_is_answered_with_rows(
    boards: dict[str, Json], reader: str, now: datetime
) -> None:
    verdict = await check.served(boards, None, reader, now, may_be_empty={})
    assert verdict.problems == []


async def test_a_question_about_probes_opens_no_day_but_its_own(
    boards: dict[str, Json], reader: str, filled: str, now: datetime
) -> None:
    async with truth.postgres(reader, now) as (_, values):
        pass
    asked = [q for q in check.all_queries(boards) if "dash.probe" in q.text]
    assert len(asked) >= 7
    async with open_pool(filled, role_label="test") as pool:
        for query in asked:
            sql = queries.sql(query, values, now)
            plan = "\n".join(row[0] for row in await pool.fetch(f"EXPLAIN {sql}"))
            opened = set(re.findall(r"attempts_(\d{8})", plan))
            wanted = {f"{now - n * timedelta(hours=1):%Y%m%d}" for n in range(-1, 24 * 7 + 2)}
            assert f"{now:%Y%m%d}" in opened
            assert opened <= wanted, query


async def test_a_fault_of_bongsus_own_is_no_outage_on_any_board(
    boards: dict[str, Json], reader: str, now: datetime
) -> None:
    async with open_pool(reader, role_label="boards") as pool, pool.acquire() as conn:
        clicker = Clicker(conn, boards, now)
        start = int((now - timedelta(days=1)).timestamp() * 1000)
        wall = await clicker.open(f"/d/bongsu-wall?from={start}&to=now")
        assert await clicker.rows(wall, 2) == [{"열린 장애": 1}]
        assert [row["장애"] for row in await clicker.rows(wall, 9)] == ["new"]
        assert [row["장애"] for row in await clicker.rows(wall, 15)] == ["own"]
        body = await clicker.open(f"/d/bongsu-body?var-body=geoje&from={start}&to=now")
        assert [row["장애"] for row in await clicker.rows(body, 3)] == ["new", "old"]
        assert len(await clicker.rows(body, "장애")) == 2


async def test_variables_take_what_was_probed_lately(reader: str, now: datetime) -> None:
    async with truth.postgres(reader, now) as (_, values):
        assert {name: values[name] for name in LABELS} == {
            "channel": ["alimtalk", "sms"], "provider": ["sens"], "carrier": ["skt"],
            "body": ["geoje", "miryang"],
        }  # fmt: skip


async def test_without_a_probe_of_the_last_hour_no_sql_is_judged(
    boards: dict[str, Json], reader: str, now: datetime
) -> None:
    verdict = await check.served(boards, None, reader, now + timedelta(hours=2))
    assert verdict.problems == []
    assert verdict.unchecked[0] == ("SQL was not checked: nothing was probed within the last hour")


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("SELECT nothing FROM dash.probe", 'Postgres refuses: column "nothing" does not exist'),
        ("SELECT FROM WHERE", "Postgres refuses: syntax error"),
        ("SELECT 1 FROM dash.probe WHERE sent_at > $__timeto()", "has no value"),
        ("SELECT probe_id FROM dash.probe WHERE false", "no row"),
        ("SELECT pg_sleep(9)::text", "no answer within 2 s"),
        ("SELECT pg_read_file('x')", "Postgres refuses: permission denied"),
        ("DELETE FROM attempts", "Postgres refuses: permission denied"),
        ("SELECT probe_id FROM attempts", "permission denied for table attempts"),
        ("SELECT 5 AS things", "columns without a unit: things"),
    ],
)
async def test_a_question_that_is_not_answered_well_is_named(
    boards: dict[str, Json], reader: str, now: datetime, sql: str, sentence: str
) -> None:
    _ask(boards[CHANNEL], FAILURES, sql)
    (found,) = (await check.served(boards, None, reader, now, may_be_empty={})).problems
    assert found.startswith(f"{CHANNEL}/{FAILURES} (최근 미도달): ")
    assert sentence in found


async def test_a_question_that_may_be_empty_passes_empty_and_nothing_else(
    boards: dict[str, Json], reader: str, now: datetime
) -> None:
    allowed = {f"{CHANNEL}/{FAILURES}": "nothing failed"}
    _ask(boards[CHANNEL], FAILURES, "SELECT probe_id FROM dash.probe WHERE false")
    assert (await check.served(boards, None, reader, now, allowed)).problems == []
    _ask(boards[CHANNEL], FAILURES, "SELECT nothing")
    assert len((await check.served(boards, None, reader, now, allowed)).problems) == 1


async def test_a_server_that_is_not_there_is_told_and_is_no_problem(
    boards: dict[str, Json], now: datetime
) -> None:
    verdict = await check.served(
        boards, "http://127.0.0.1:9", "postgresql://a:b@127.0.0.1:9/c", now
    )
    assert verdict.problems == []
    sql, promql = verdict.unchecked
    assert sql.startswith("SQL was not checked: Postgres: ")
    assert promql.startswith("PromQL was not checked: Prometheus at http://127.0.0.1:9: ")


async def test_a_server_that_nobody_named_is_told(boards: dict[str, Json], now: datetime) -> None:
    verdict = await check.served(boards, None, None, now)
    assert [words.split(":")[0] for words in verdict.unchecked] == [
        "SQL was not checked",
        "PromQL was not checked",
    ]
