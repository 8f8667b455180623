"""Every PromQL question of every board is answered by a real Prometheus that holds a day of series
as the processes make them; a question that is not answered well is named."""

import copy
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboards import build, check, queries, truth, waived
from dashboards.house import PROM, Json
from dashboards.preview.answers import Servers
from dashboards.preview.serve import app
from services.local.kafka import free_ports
from services.local.prometheus import EmbeddedPrometheus, programs
from tests.support import boards as sample
from tests.support.asgi import ask

CHANNEL = "bongsu-channel"
REACHED, PENDING, STAGES = 2, 4, 7
LABELS = {
    "channel": ["alimtalk", "sms"], "provider": ["sens"], "carrier": ["skt"],
    "body": ["geoje", "miryang"],
}  # fmt: skip


@pytest.fixture
def boards() -> dict[str, Json]:
    """The shipped boards, to be spoilt."""
    return copy.deepcopy(build.rendered())


@pytest.fixture(scope="module")
def now() -> datetime:
    """When somebody looks at the boards."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Path:
    """A folder of a Prometheus with a day of series."""
    folder = tmp_path_factory.mktemp("prometheus")
    scraped = folder / "scraped.om"
    scraped.write_text(sample.scraped_sample(now))
    made = ["promtool", "tsdb", "create-blocks-from", "openmetrics", scraped, folder / "tsdb"]
    done = subprocess.run(made, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
async def prometheus(blocks: Path) -> AsyncIterator[str]:
    """URL of a Prometheus with a day of series."""
    installed = programs()
    assert installed is not None
    port, nobody = free_ports(2)
    async with EmbeddedPrometheus(installed[0], blocks, port, {}, nobody) as server:
        yield server.url


async def _problems(boards: dict[str, Json], url: str, now: datetime) -> list[str]:
    async with truth.prometheus(url, now) as ask:
        return [
            f"{query}: {problem}"
            for query in check.all_queries(boards)
            if query.kind == PROM["type"]
            and (problem := await ask(query, {**LABELS, **queries.chosen(boards[query.uid])}))
        ]


def _ask(board: Json, number: int, expr: str) -> None:
    panel = next(panel for panel in board["panels"] if panel["id"] == number)
    panel["targets"][0]["expr"] = expr


async def test_every_promql_question_is_answered_with_series(
    boards: dict[str, Json], prometheus: str, now: datetime
) -> None:
    assert await _problems(boards, prometheus, now) == []
    verdict = await check.served(boards, prometheus, None, now)
    assert verdict.problems == []  # variables that nobody could look up match everything
    assert [words.split(":")[0] for words in verdict.unchecked] == ["SQL was not checked"]


@pytest.mark.parametrize(
    ("number", "expr", "sentence"),
    [
        (REACHED, "sum(rate(bongsu_probe_outcome_total[5m])", "Prometheus refuses: "),
        (REACHED, "bongsu_probe_outcome_total / on (channel) bongsu_probe_sent_total", "refuses: "),
        (REACHED, 'bongsu_probe_pending{channel="fax"}', "no series"),
        (STAGES, 'rate(bongsu_probe_outcome_total{result="delivered"}[30m])', "no series"),
        (STAGES, "sum(bongsu_probe_pending) / 0 * 0", "no series"),
    ],
)
async def test_a_question_that_is_not_answered_well_is_named(
    boards: dict[str, Json], prometheus: str, now: datetime, number: int, expr: str, sentence: str
) -> None:
    _ask(boards[CHANNEL], number, expr)
    (found,) = await _problems(boards, prometheus, now)
    assert found.startswith(f"{CHANNEL}/{number} (")
    assert sentence in found


async def test_where_no_probe_waits_the_panel_says_0_and_not_that_it_does_not_know(
    boards: dict[str, Json], prometheus: str, now: datetime
) -> None:
    key, nothing_waits = f"{CHANNEL}/{PENDING}", {"channel": ["fax"], "provider": ["sens"]}
    (query,) = (query for query in check.all_queries(boards) if query.key == key)
    async with truth.prometheus(prometheus, now) as ask:
        assert await ask(query, nothing_waits) is None


async def test_a_variable_that_finds_nothing_is_named(
    boards: dict[str, Json], prometheus: str, now: datetime
) -> None:
    variables = boards[CHANNEL]["templating"]["list"]
    carrier = next(v for v in variables if v["name"] == "carrier")
    carrier["query"] = 'label_values(bongsu_probe_sent_total{result="ok"}, carrier)'
    assert await _problems(boards, prometheus, now) == [f"{CHANNEL}/$carrier: no series"]


async def test_the_preview_draws_every_promql_panel(
    boards: dict[str, Json], prometheus: str
) -> None:
    del boards["bongsu-incident"]  # what it shows follows from an incident, which Postgres knows
    preview = app(boards, Servers(prometheus=prometheus))
    for uid, board in boards.items():
        answer = await ask(preview, f"/d/{uid}", {"host": "localhost"}, method="GET")
        for panel in board["panels"]:
            page = answer.body.decode().partition(f'id="panel-{panel["id"]}"')[2]
            box = page.partition('class="box"')[2].partition("</section>")[0]
            if panel["targets"][0]["datasource"]["type"] == PROM["type"]:
                assert 'class="trouble"' not in box, panel["title"]
                empty = 'class="note"' in box
                assert not empty or f"{uid}/{panel['id']}" in waived.MAY_BE_EMPTY, panel["title"]
            else:
                assert "Postgres가 없어 조회할 수 없습니다" in box, panel["title"]
