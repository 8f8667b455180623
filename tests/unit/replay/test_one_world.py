"""What every state of every kind of component makes of a message, in virtual time.

The meaning table of `simulators/world.py`, followed through to the outcome. That the running stack
agrees is shown by `tests/chaos/test_one_world.py`, with the same timetable.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from services.contracts.vocabulary import Outcome
from services.replay.scenario import Span
from simulators.config import impossible
from simulators.faults import State
from tests.support.compared import Probe, of, replayed
from tests.support.one_catalogue import catalogue
from tests.support.one_world import ROUND, Cell, cut, scenario, timetable

START = datetime(2026, 6, 1, 3, tzinfo=UTC)
EDGE = timedelta(seconds=3)  # who is sent so late passes the platform after the fault
DELIVERED, LATE, UNDELIVERED = Outcome.DELIVERED, Outcome.LATE, Outcome.UNDELIVERED
REJECTED, EXEMPT, VOID = Outcome.REJECTED, Outcome.EXEMPT, Outcome.VOID

ENTRY = ("provider", "account", "body", "sender")
EVERYWHERE = {
    State.SILENT_SENDER: {UNDELIVERED},
    State.LOSSY: {DELIVERED, UNDELIVERED},
    State.DEGRADED: {DELIVERED, LATE, UNDELIVERED},
    State.DELAYED: {DELIVERED, LATE},
    State.LOADED: {DELIVERED, LATE},
    State.DUPLICATING: {DELIVERED},
    State.LYING: {UNDELIVERED},
}
SAYS_NO = {State.DOWN: {REJECTED}, State.REFUSING: {EXEMPT}}
LOSES = {State.DOWN: {UNDELIVERED}, State.REFUSING: {REJECTED}}
BY_KIND = {
    "provider": {State.DOWN: {REJECTED}, State.REFUSING: {REJECTED}},
    **dict.fromkeys(("account", "body", "sender"), SAYS_NO),
    **dict.fromkeys(("platform", "carrier"), LOSES),
    "receiver": {State.DOWN: {DELIVERED, LATE}},
    "site": {State.DOWN: {DELIVERED}},  # told late, of a time at which it was in time
    "observer": {State.DOWN: {DELIVERED, UNDELIVERED}},  # one app looks into the inbox later
    "worker": {State.DOWN: {VOID}},
}


def meaning(kind: str, state: State) -> set[Outcome]:
    """The outcomes a state may lead to."""
    return BY_KIND[kind].get(state) or EVERYWHERE[state]


@cache
def played(seed: int) -> tuple[list[Cell], dict[Probe, Outcome]]:
    known, routes = catalogue()
    cells = [*timetable(START, routes), cut("w2", START, routes)]
    span = Span.model_construct(since=START - ROUND, until=START + 5 * ROUND)
    return cells, replayed(scenario(cells, span), known, seed)


def cells_of(kind: str, state: State) -> list[Cell]:
    return [c for c in played(1)[0] if (c.place.kind, c.state) == (kind, state)]


KINDS = (*ENTRY, "platform", "carrier", "receiver", "observer", "site", "worker")
POSSIBLE = [(k, s) for k in KINDS for s in State if not impossible(f"{k}:x", s, None)]


@pytest.mark.parametrize(("kind", "state"), POSSIBLE)
def test_a_state_of_a_component_shows_in_the_outcomes_of_its_routes(
    kind: str, state: State
) -> None:
    found: set[Outcome] = set()
    for cell in cells_of(kind, state):
        last = (cell.until - EDGE).timestamp() * 1000
        mine = of(cell, played(1)[1])
        found |= {outcome for (_, slot), outcome in mine.items() if slot < last}
    assert found == meaning(kind, state)


def test_what_no_fault_meets_arrives() -> None:
    cells, found = played(1)
    well = [
        outcome for probe, outcome in found.items()
        if not any(cell.holds(probe) for cell in cells)
    ]  # fmt: skip
    assert len(well) > 1000
    assert well.count(DELIVERED) >= 0.98 * len(well)


def test_chance_is_the_seeds_alone() -> None:
    (cells, one), (_, other) = played(1), played(2)
    again = played.__wrapped__(1)[1]
    assert again == one
    by_chance = defaultdict(list)
    for cell in cells:
        by_chance[cell.state].append(of(cell, one) != of(cell, other))
    assert all(by_chance[State.LOSSY] + by_chance[State.DEGRADED])
    assert not any(by_chance[State.SILENT_SENDER] + by_chance[State.LYING])
