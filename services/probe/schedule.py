"""Step 1: which probes are due now.

In:  the routes this worker owns, and the time on the steady clock. Out: probes to send, and slots
of which nothing is sent, with the reason. Before: the catalogue and the ownership of shards.
After: `worker.run_probe`. Pure: no clock, no waiting; the arithmetic is in `contracts/slots.py`.

A wheel of 10 ms ticks holds each route once, at its next slot. Slots are absolute: a late turn
skips and counts what it missed and never makes up for it in a burst.
"""

import functools
import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.contracts import slots
from services.contracts.catalogue import Catalogue, Route
from services.contracts.vocabulary import Channel, Purpose
from services.runtime.kafka import partition_of

TICK = timedelta(milliseconds=10)
# A slot later than this is missed: sent late it would come together with others in a burst.
MOST_LATE = timedelta(seconds=2)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_shard_of = functools.lru_cache(maxsize=131_072)(partition_of)


class NotSent(StrEnum):
    """Why nothing was sent for a slot or a command."""

    MISSED = "missed"  # the worker came too late
    RESTRICTED = "restricted"  # inside the hours in which this channel may not be used
    KAFKA = "kafka"  # the announcement was not acknowledged
    BUSY = "busy"  # no permit of the account, or too many probes in flight
    STOPPED = "stopped"  # the account is stopped: misconfigured, or its quota is used up
    MISCONFIGURED = "misconfigured"  # a secret or template is missing
    STOPPING = "stopping"  # the process ends


@dataclass(frozen=True, slots=True)
class PlannedProbe:
    """One probe to send: a route, whose turn it is, its slot, and why; and the catalogue it was
    planned under, which is the one it is announced under, however many came into force since."""

    catalogue: Catalogue = field(repr=False, compare=False)
    route: Route
    receiver: str
    slot: datetime
    purpose: Purpose = Purpose.SCHEDULED
    command_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """What one turn of the wheel brought."""

    probes: list[PlannedProbe] = field(default_factory=list)
    not_sent: Counter[tuple[Channel, NotSent]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Turn:
    """Why a route is probed again and again: by its schedule, or to drill its ladder. `key` is its
    place among all, and gives a drill a phase of its own."""

    key: str
    route: Route
    purpose: Purpose
    interval: timedelta
    receivers: tuple[str, ...]

    def receiver(self, slot: datetime) -> str:
        """Whose turn it is."""
        return slots.receiver_of(self.key, self.interval, slot, self.receivers)


def turns_of(route: Route) -> list[Turn]:
    """The schedule, and then the drill if there is one."""
    every, drill = timedelta(seconds=route.interval_s), route.ladder_probe
    turns = [Turn(route.id, route, Purpose.SCHEDULED, every, route.receivers)]
    if drill is not None:
        every, to = timedelta(seconds=drill.every_s), (drill.receiver,)
        turns.append(Turn(f"{route.id}/drill", route, Purpose.DRILL, every, to))
    return turns


class Wheel:
    """Each route (and the drill of its ladder) at its next slot, by ticks of 10 ms."""

    def __init__(self) -> None:
        self._turns: dict[str, Turn] = {}
        self._next: dict[str, datetime] = {}  # what counts; the heap may hold outdated entries
        self._heap: list[tuple[datetime, str, datetime]] = []  # tick, key, slot

    def set_routes(self, routes: Mapping[str, Route], now: datetime) -> None:
        """New routes, and those with another interval, start at their next slot after `now`;
        routes that are gone run no more; the others keep their place."""
        turns = {turn.key: turn for route in routes.values() for turn in turns_of(route)}
        for gone in self._turns.keys() - turns.keys():
            del self._next[gone]
        for key, turn in turns.items():
            known = self._turns.get(key)
            if known is None or known.interval != turn.interval:
                self._put(key, slots.next_slot(key, turn.interval, now))
        self._turns = turns

    def next_at(self) -> datetime | None:
        """When the next tick that is not empty comes; None without routes."""
        return self._heap[0][0] if self._heap else None

    def take(self, now: datetime) -> Iterator[tuple[Turn, datetime, int]]:
        """Turns whose slot has come: the latest slot, and how many before it passed unused."""
        while self._heap and self._heap[0][0] <= now:
            _, key, slot = heapq.heappop(self._heap)
            if self._next.get(key) != slot:
                continue
            turn = self._turns[key]
            following = slots.next_slot(key, turn.interval, now)
            self._put(key, following)
            latest = following - turn.interval
            yield turn, latest, (latest - slot) // turn.interval

    def _put(self, key: str, slot: datetime) -> None:
        self._next[key] = slot
        tick = _EPOCH - (_EPOCH - slot) // TICK * TICK  # rounded up: at its tick a slot has come
        heapq.heappush(self._heap, (tick, key, slot))


def due_probes(wheel: Wheel, catalogue: Catalogue, now: datetime) -> Due:
    """The probes to send now; every slot since the last turn is in the result exactly once."""
    due = Due()
    for turn, slot, passed in wheel.take(now):
        route = turn.route
        if passed:
            due.not_sent[route.channel, NotSent.MISSED] += passed
        if now - slot > MOST_LATE:
            due.not_sent[route.channel, NotSent.MISSED] += 1
        elif catalogue.rests(route, slot):
            due.not_sent[route.channel, NotSent.RESTRICTED] += 1
        else:
            receiver = turn.receiver(slot)
            due.probes.append(PlannedProbe(catalogue, route, receiver, slot, turn.purpose))
    return due


def owned_routes(
    catalogue: Catalogue, adapters: Collection[str], owned: Collection[int], partitions: int
) -> dict[str, Route]:
    """The routes to run: enabled, with an adapter that exists, in a shard this worker owns."""
    return {
        route.id: route
        for route in catalogue.routes.values()
        if route.enabled and route.adapter in adapters and _shard_of(route.id, partitions) in owned
    }
