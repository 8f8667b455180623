"""What people read of incidents: open ones on top, the state of each route, news."""

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from rich.console import Console

from services.catalogue.load import load
from services.cli import table
from services.storage.incidents import Incident, Standing
from tests.support.incidents import NOW, an_incident

CATALOGUE = load(Path(__file__).parents[3] / "catalogue").catalogue(UUID(int=1))
DEAD = an_incident()
DEAF = an_incident(
    id="worker:w1@1", kind="monitor", component="worker:w1", rival=None, severity=None,
    routes=["geoje.alimtalk.sens", "geoje.sms.sens"],
)  # fmt: skip


def _state(route: str, *incidents: Incident) -> str:
    shown = table.lines(CATALOGUE, [], [], NOW, incidents)
    return next(line.state for line in shown if line.route == route)


@pytest.mark.parametrize(
    ("hypothesis", "state"),
    [
        ("dead", "down"),
        ("accept-dead", "down"),
        ("lossy", "lossy"),
        ("accept-lossy", "lossy"),
        ("slow", "slow"),
    ],
)
def test_a_route_is_what_its_cause_says(hypothesis: str, state: str) -> None:
    assert _state("geoje.alimtalk.sens", DEAD._replace(hypothesis=hypothesis)) == state
    assert _state("geoje.sms.sens", DEAD) == "up"


def test_a_fault_of_bongsus_own_hides_a_route_unless_an_outage_is_known_there() -> None:
    assert _state("geoje.sms.sens", DEAD, DEAF) == "unseen"
    assert _state("geoje.alimtalk.sens", DEAD, DEAF) == "down"


def test_a_cause_is_one_sentence_with_what_it_cannot_be_told_from() -> None:
    (told,) = table.told(Standing([DEAD], NOW), NOW)
    assert "severity 2: platform:kakaotalk dead since" in told.plain
    assert "14 of 14 messages, evidence 10^8.6, 1 routes" in told.plain
    assert told.plain.endswith("; not separated from account:sens")
    (own,) = table.told(Standing([DEAF], NOW), NOW)
    assert own.plain.startswith("fault of bongsu's own: worker:w1 dead")


def test_that_nobody_detects_is_said_after_half_a_minute() -> None:
    assert table.told(Standing([], NOW - timedelta(seconds=30)), NOW) == []
    (still,) = table.told(Standing([], NOW - timedelta(seconds=31)), NOW)
    assert "nobody detects: no verdict since" in still.plain
    (never,) = table.told(Standing([], None), NOW)
    assert never.plain == "nobody detects: no verdict yet"


def test_news_are_what_opened_and_what_is_over() -> None:
    before, after = Standing([DEAD], NOW), Standing([DEAF], NOW)
    opened, over = table.news(before, after)
    assert "worker:w1" in opened
    assert over == "platform:kakaotalk is over"
    assert table.news(after, after) == []


def test_programs_read_state_since_and_cause_of_each_route() -> None:
    (line,) = [
        line
        for line in table.lines(CATALOGUE, [], [], NOW, [DEAD])
        if line.route == "geoje.alimtalk.sens"
    ]
    record = table.record(line)
    told = {key: record[key] for key in ("state", "state_since", "cause")}
    assert told == {
        "state": "down", "state_since": DEAD.started_at.isoformat(), "cause": "platform:kakaotalk",
    }  # fmt: skip
    assert table.record(replace(line, incident=None))["state_since"] is None
    assert table.incident_record(DEAD)["started_at"] == DEAD.started_at.isoformat()


def test_the_state_stands_in_the_table() -> None:
    console = Console(width=100, file=StringIO())
    console.print(table.render(table.lines(CATALOGUE, [], [], NOW, [DEAD]), NOW))
    assert "down 3m" in console.file.getvalue()  # type: ignore[attr-defined]
