"""Slots of the contract's routes: what became of each, which of the bad ones count (rule s1).

In:  the stretches of a route's life and its lines. Out: the slots as columns, judged in both their
sequences: the route's own, which sees short total outages, and that with the same receiver, which
sees the dead carrier that hits every fourth probe. Minutes are counted since 1970 UTC. Pure.
Before: `lines.py`. After: `minutes.py`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.contracts import slots
from services.contracts.sla import OWN, Contract
from services.contracts.vocabulary import Outcome
from services.reporting import spans
from services.reporting.lines import Line, in_order
from services.reporting.spans import BAD, GOOD, UNMEASURED, Marks, States

Integers = NDArray[np.int64]

MINUTE_MS: Final = 60_000
OUTCOMES: Final = tuple(Outcome)
NOT_SENT: Final = len(OUTCOMES)
_FAILED = (Outcome.LATE, Outcome.FAILOVER, Outcome.REJECTED, Outcome.UNDELIVERED)
_PROOF_MS = 15 * MINUTE_MS  # so long after its due time a slot may still wait for a sign of life


@dataclass(frozen=True, slots=True)
class Plan:
    """A stretch of a route's life, [start, end) in milliseconds: one slot per interval.

    Raises ValueError for an interval of no whole minutes, of which minutes cannot be made.
    """

    route: str
    start: int
    end: int
    receivers: tuple[str, ...]
    late_s: int
    interval_s: int = 60

    def __post_init__(self) -> None:
        if self.interval_s % 60 or not self.receivers:
            raise ValueError(f"{self.route}: probed every {self.interval_s} s, no whole minutes")

    def slots(self, cutoff: int) -> tuple[Integers, Integers]:
        """Times in milliseconds, and whose turn it is, of all slots that are settled by then."""
        step = self.interval_s * 1_000
        phase = slots.phase(self.route, timedelta(milliseconds=step)) // timedelta(milliseconds=1)
        end = min(self.end, cutoff - self.late_s * 1_000 - _PROOF_MS + 1)
        numbers = np.arange(-((phase - self.start) // step), -((phase - end) // step))
        return numbers * step + phase, numbers % len(self.receivers)


class Stretch(NamedTuple):
    """A span in minutes [start, end). `open`: nothing closed it before the cutoff."""

    start: int
    end: int
    open: bool


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """The slots of an unbroken life of a route, as columns; a slot stands for the minutes [start,
    end). `lines`: None where none was sent."""

    route: str
    start: Integers
    end: Integers
    outcomes: Integers
    receivers: NDArray[np.str_]
    lines: tuple[Line | None, ...]


def of_route(plans: Sequence[Plan], lines: Iterable[Line], cutoff: int) -> list[Slots]:
    """The slots of one route up to a cutoff (ms): one object per unbroken life."""
    sent = {line.slot: line for line in reversed(in_order(lines))}
    return [slots for life in _lives(plans) if (slots := _columns(life, sent, cutoff))]


def _lives(plans: Sequence[Plan]) -> Iterator[list[Plan]]:
    life: list[Plan] = []
    for plan in sorted(plans, key=lambda each: each.start):
        if life and life[-1].end != plan.start:
            yield life
            life = []
        life.append(plan)
    if life:
        yield life


def _columns(life: Sequence[Plan], sent: dict[int, Line], cutoff: int) -> Slots | None:
    planned = [(plan, *plan.slots(cutoff)) for plan in life]
    times = np.concatenate([times for _, times, _ in planned])
    if not len(times):
        return None
    start = times // MINUTE_MS
    found = tuple(map(sent.get, times.tolist()))
    return Slots(
        route=life[0].route,
        start=start,
        end=np.append(start[1:], start[-1] + life[-1].interval_s // 60),
        outcomes=np.array([_PLACE[each.outcome] if each else NOT_SENT for each in found]),
        receivers=np.concatenate([np.array(plan.receivers)[turns] for plan, _, turns in planned]),
        lines=found,
    )


_PLACE = {outcome: place for place, outcome in enumerate(OUTCOMES)}


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Slots under their contract. `counted`: bad, inside a span of either sequence; `bridged`:
    unmeasured, and counts as good; `spans` of both sequences."""

    slots: Slots
    states: States
    counted: Marks
    bridged: Marks
    spans: tuple[Stretch, ...]


def states_under(contract: Contract) -> States:
    """Good, bad or unmeasured, by the place of the outcome; the last: never sent."""
    states = {Outcome.DELIVERED: GOOD, **dict.fromkeys(_FAILED, BAD)}
    if contract.settings.failover_counts == "good":
        states[Outcome.FAILOVER] = GOOD
    if contract.counterparty == OWN:  # who wrote the template answers for it
        states[Outcome.EXEMPT] = BAD
    return np.array([states.get(each, UNMEASURED) for each in OUTCOMES] + [UNMEASURED], np.int8)


def judge(slots: Slots, states: States) -> Judged:
    """Which bad slots count, and which unmeasured ones are bridged."""
    counted, bridged = np.zeros(len(states), bool), np.ones(len(states), bool)
    found: list[Stretch] = []
    for sequence in _sequences(slots):
        own = states[sequence]
        for span in spans.spans(own):
            within = sequence[span.start : span.end]
            counted[within] = True
            found.append(
                Stretch(int(slots.start[within[0]]), int(slots.end[within[-1]]), span.open)
            )
        bridged[sequence] &= spans.bridged(own)
    return Judged(slots, states, counted & (states == BAD), bridged, tuple(found))


def _sequences(slots: Slots) -> Iterator[Integers]:
    yield np.arange(len(slots.start))
    receivers = np.unique(slots.receivers)
    if len(receivers) > 1:
        yield from (np.flatnonzero(slots.receivers == each) for each in receivers)
