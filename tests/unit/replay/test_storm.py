"""10,000 routes fail in one second: that is one incident, and stays one until it is over.

Each of them sends in the very second in which what they share breaks, and again when it is back;
besides, each sends once in ten minutes. The shipped routes beside them go on.
"""

from datetime import timedelta
from functools import cache

import pytest

from services.alerting.detection.law import Learnt, Row
from services.contracts.catalogue import Route
from services.replay.detecting import Findings
from services.replay.prelude import parts_of, taught, together
from tests.support.virtual import MINUTE, SECOND, SINCE, Played, broken
from tests.unit.replay.test_run import shipped

pytestmark = pytest.mark.timeout(1800)  # half a minute of a core that is free, each
MANY = 10_000
BROKEN, BACK = SINCE + MINUTE, SINCE + 3 * MINUTE
OVER = BACK + 4 * MINUTE


@cache
def learnt() -> Learnt:
    """What few messages on each of the shipped routes teach."""
    return together(taught(part, 1, messages=30) for part in parts_of(shipped()))


def of_alimtalk(*accounts: str) -> list[Route]:
    """The shipped routes of Alimtalk over these accounts."""
    routes = shipped().routes.values()
    return [one for one in routes if one.channel == "alimtalk" and one.account in accounts]


def stormy(few: list[Route], component: str, state: str) -> Findings:
    """What is found if a component breaks that so many copies of a few routes pass."""
    copies = [few[number % len(few)] for number in range(MANY)]
    names = [f"{one.id}.r{number:04}" for number, one in enumerate(copies)]
    routes = {
        name: one.model_copy(update={"id": name, "interval_s": 600})
        for name, one in zip(names, copies, strict=True)
    }
    laws = {
        Row(one.channel, name): learnt()[Row(one.channel, one.id)]
        for name, one in zip(names, copies, strict=True)
    }
    catalogue = shipped().model_copy(update={"routes": shipped().routes | routes})
    fault = broken(component, BROKEN, BACK, state=state)
    played = Played(catalogue, {**learnt(), **laws}, fault)
    played.until(BROKEN)
    played.send(names)
    played.until(BROKEN + 30 * SECOND)
    played.until(BACK + MINUTE, every=10 * SECOND)
    played.send(names)
    return played.until(OVER, every=10 * SECOND)


@pytest.mark.parametrize(
    ("accounts", "component", "state", "within"),
    [
        (("sens", "nhn", "solapi"), "platform:kakaotalk", "down", 20 * SECOND),
        (("sens",), "provider:sens", "refusing", 3 * SECOND),
    ],
)
def test_it_is_one_incident_of_what_they_share(
    accounts: tuple[str, ...], component: str, state: str, within: timedelta
) -> None:
    found = stormy(of_alimtalk(*accounts), component, state)
    (incident,) = found.incidents
    row = incident.row
    assert (row.kind, row.component, row.status) == ("outage", component, "closed")
    assert len(row.routes) >= MANY
    assert incident.opened.detected_at - BROKEN <= within
    assert row.closed_at is not None
    assert BACK < row.closed_at <= BACK + 4 * MINUTE
    assert row.reopened == 0
    assert found.asides == ()
