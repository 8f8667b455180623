"""One world, two clocks: what became of each probe in the running stack and in a replay of it.

Every state of every kind of component, on real processes, with the timetable of
`tests/support/one_world.py`; then the same catalogue, timetable, keys and seed in virtual time.
Where they differ there is a second model of the world somewhere, or of the product.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.contracts import ids
from services.contracts.catalogue import Catalogue
from services.contracts.vocabulary import Outcome
from services.local import keys as secrets
from services.probe.message import Keys
from services.replay.run import PUBLIC_URL, WORKERS
from services.replay.scenario import Span, faults
from simulators.faults import State
from tests.support.chain import Chain, running
from tests.support.compared import Probe, Row, replayed, rows, table
from tests.support.one_catalogue import catalogue, quiet
from tests.support.one_world import (
    DEAD,
    DOCUMENTS,
    RELAY_ACCOUNT,
    ROUND,
    ROUNDS,
    SEED,
    SENS,
    THREE,
    Cell,
    cut,
    scenario,
    timetable,
)
from tests.support.waiting import eventually

BEGINS_IN, LAST_NEWS = timedelta(seconds=10), timedelta(seconds=75)
# Of all probes, and of those of any one cell. The rest were within a second or two of an edge or of
# their due time. Where chance decides, another seed agrees by half.
SAME, SAME_IN_A_CELL, SAME_AT_A_GLIMPSE, BY_ANOTHER_SEED = 0.98, 0.8, 0.95, 0.75
CHANCE = (State.LOSSY, State.DEGRADED)
# A part of the table that is known within a minute: two each of the carriers, platforms, accounts,
# bodies and senders.
GLIMPSED_STATES = (
    (State.LOSSY, State.SILENT_SENDER),
    (State.REFUSING, State.DOWN),
    (State.REFUSING, State.LYING),
    (State.DELAYED, State.REFUSING),
    (State.LOADED, State.DUPLICATING),
)
GLIMPSE = {
    **{p: s for three, two in zip(THREE, GLIMPSED_STATES, strict=True)
       for p, s in zip(three[1:], two, strict=True)},
    **dict.fromkeys(DEAD, State.DOWN),
    DOCUMENTS: State.DEGRADED,
}  # fmt: skip
GLIMPSED, SOON = timedelta(seconds=20), timedelta(seconds=40)


class Unhurried(Chain):
    """With the latencies a replay has."""

    hurried = False


@pytest.mark.timeout(240)
async def test_a_glimpse_of_the_running_stack_is_what_a_replay_shows(tmp_path: Path) -> None:
    chain, (known, routes) = Unhurried(tmp_path), catalogue([*GLIMPSE, SENS, RELAY_ACCOUNT])
    async with running(chain, known):
        keys = await keys_of(chain, routes[SENS][0])
        start = quiet(routes, datetime.now(UTC) + BEGINS_IN)
        times = Times(start, start + GLIMPSED, start + GLIMPSED + SOON)
        cells = timetable(start, routes, [GLIMPSE], GLIMPSED)
        stack = await lived(chain, cells, times)
    found = rows(cells, stack, virtual(known, cells, keys, times))
    assert share_of_same(found) >= SAME_AT_A_GLIMPSE, table(found)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_replay_and_the_running_stack_agree_on_what_became_of_each_probe(
    tmp_path: Path,
) -> None:
    chain, (known, routes) = Unhurried(tmp_path), catalogue()
    async with running(chain, known):
        keys = await keys_of(chain, routes[SENS][0])
        start = quiet(routes, datetime.now(UTC) + BEGINS_IN)
        until = start + ROUND * len(ROUNDS)
        times = Times(start, until, until + LAST_NEWS)
        cells = [*timetable(start, routes), cut(keys[1].worker, start, routes)]
        stack = await lived(chain, cells, times)
    found = rows(cells, stack, virtual(known, cells, keys, times))
    write(table(found))
    assert share_of_same(found) >= SAME, table(found)
    assert min(row.agreement for row in found) >= SAME_IN_A_CELL, table(found)
    other = rows(cells, stack, virtual(known, cells, keys, times, SEED + 1))
    by_chance = [row for row in other if row.state in CHANCE]
    assert share_of_same(by_chance) <= BY_ANOTHER_SEED, table(by_chance)


@dataclass(frozen=True)
class Times:
    """Which slots are compared, and as they are known when."""

    since: datetime
    until: datetime
    known: datetime

    @property
    def span(self) -> Span:
        """A replay begins earlier: apps must have shown signs of life."""
        return Span.model_construct(since=self.since - ROUND, until=self.known)


async def lived(chain: Chain, cells: Sequence[Cell], times: Times) -> dict[Probe, Outcome]:
    """What the running stack makes of each probe under the faults of these cells."""
    timed = [fault.model_dump(mode="json") for fault in faults(scenario(cells, times.span))]
    await chain.world("PUT", "timetable", {"faults": timed})
    wait_s = (times.known - datetime.now(UTC)).total_seconds() + 60
    await eventually(lambda: all_known(chain, times), within=wait_s, every=1)
    found = await chain.rows(
        "SELECT route, slot, outcome FROM attempts"
        " WHERE purpose = 'scheduled' AND slot >= $1 AND slot < $2",
        times.since, times.until,
    )  # fmt: skip
    return {(r["route"], ids.milliseconds(r["slot"])): Outcome(r["outcome"]) for r in found}


def virtual(
    known: Catalogue, cells: Sequence[Cell], keys: Sequence[Keys], times: Times, seed: int = SEED
) -> dict[Probe, Outcome]:
    """What a replay makes of them."""
    found = replayed(scenario(cells, times.span), known, seed, keys)
    low, high = map(ids.milliseconds, (times.since, times.until))
    return {probe: outcome for probe, outcome in found.items() if low <= probe[1] < high}


def share_of_same(found: Sequence[Row]) -> float:
    """Of all probes of these rows."""
    return sum(row.agreeing for row in found) / sum(row.of for row in found)


async def keys_of(chain: Chain, route: str) -> list[Keys]:
    """The keys of the stack's workers, first of the one that runs this route, which is seen."""

    async def sends() -> str:
        found = await chain.rows(
            "SELECT worker FROM attempts WHERE route = $1 AND seen_at IS NOT NULL"
            " ORDER BY sent_at DESC LIMIT 1",
            route,
        )
        return str(found[0]["worker"])

    first = await eventually(sends, within=60, every=0.5)
    own = [secrets.shared_key(chain.secrets, f"{what}-key").encode() for what in ("id", "content")]
    workers = (first, *(worker for worker in WORKERS if worker != first))
    return [Keys(worker, own[0], own[1], PUBLIC_URL) for worker in workers]


async def all_known(chain: Chain, times: Times) -> bool:
    """Is it that late, and all settled?"""
    (found,) = await chain.rows(
        "SELECT count(*) FROM attempts WHERE settle_at IS NOT NULL AND slot < $1", times.until
    )
    return datetime.now(UTC) > times.known and not found["count"]


def write(found: str) -> None:
    """For the document, where one is asked for."""
    if path := os.environ.get("BONGSU_TEST_TABLE"):
        Path(path).write_text(found + "\n", encoding="utf-8")
