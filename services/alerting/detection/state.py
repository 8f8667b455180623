"""What the detector remembers from tick to tick, and what it says at one. Plain values.

A state that was stored and loaded gives the same verdicts as one that was never stored.
Before and after: `tick.py`, which alone makes new ones.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from services.alerting.detection.closing import Sums
from services.alerting.detection.explain import Entry
from services.alerting.detection.kinds import kind, monitors
from services.alerting.detection.law import SECOND
from services.alerting.detection.likelihood import NAT, Hypothesis

SEPARATED = 3 * NAT
LEAST_THRESHOLD = 18_400_000  # two refusals must not page
_PEAKS, _FROM, _FALL = 0.011, 17.0, 0.84  # peaks over 17 a channel and year, and how they thin out


class Told(StrEnum):
    """What a verdict says."""

    OPENED = "opened"  # a page; of a part of bongsu itself, a monitor fault
    REOPENED = "reopened"  # the same incident again, no page
    UPDATED = "updated"  # another hypothesis, another suspect, or another name
    NOTED = "noted"  # a part of an open incident, or one recipient's account
    RECOVERED = "recovered"  # found when it was over already
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Attached:
    """A component that belongs to an open incident: `held` is the last tick at which it did,
    `alone` the first of those at which it was named and the incident's own was not."""

    component: str
    held: int
    alone: int | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """장애 of one cause. `base`: what begins within a minute of it belongs to it.

    `onset` is the earliest that was ever found; `entry` is the newest evidence; `routes` are all
    that it ever explained, without those long well. `ended`: the last relapse before it was
    `closed`. `told`: in which way people are told that it is broken; `turning`: since when evidence
    says another.
    """

    id: str
    entry: Entry
    opened: int
    onset: int
    base: int
    routes: frozenset[str]
    sums: Sums
    told: Hypothesis
    notes: tuple[Attached, ...] = ()
    turning: int | None = None
    closed: int | None = None
    ended: int | None = None

    @property
    def component(self) -> str:
        """Its cause."""
        return self.entry.component

    @property
    def monitor(self) -> bool:
        """Is it bongsu's own fault?"""
        return monitors(self.component)

    def related(self, entry: Entry) -> bool:
        """Is the entry's component the incident's own, a function of it, or its whole?"""
        mine, other = self.component, entry.component
        return mine == other or mine.startswith(f"{other}/") or other.startswith(f"{mine}/")

    def within(self, entry: Entry) -> bool:
        """Are all routes of the entry among the incident's?"""
        return bool(entry.routes) and entry.routes <= self.routes


class SpentSpan(NamedTuple):
    """An incident's evidence that was spent at its closing."""

    component: str
    before: int
    at: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A component found without a break since then; `noted`: it was told of."""

    first: int
    noted: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a verdict rests on besides the evidence."""

    open: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()
    spent: tuple[SpentSpan, ...] = ()
    waiting: Mapping[str, Waiting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """What is asked of the detector. Spans in microseconds, the threshold in millionths of a nat.

    `persist`: by kind, how long a component must be found before it is told. `learnt`: routes
    whose class has twenty messages; None: all. `catalogue`: routes in force; None: all.
    `longest`: the longest window of an item.
    """

    threshold: int = LEAST_THRESHOLD
    persist: Mapping[str, int] = field(default_factory=dict)
    learnt: frozenset[str] | None = None
    catalogue: frozenset[str] | None = None
    longest: int = 420 * SECOND

    def persist_of(self, component: str) -> int:
        """How long the component must be found."""
        return self.persist.get(kind(component), 0)


class Apart(NamedTuple):
    """How a cause was told apart: how much worse the next explanation is, in millionths of a nat,
    and what that says, best first."""

    margin: int
    others: tuple[Entry, ...]

    @property
    def rival(self) -> str | None:
        """What it cannot be told from; None: it can."""
        return self.others[0].component if self.others and self.margin < SEPARATED else None


class Verdict(NamedTuple):
    """판정 of one tick. `apart`: where the next explanation was asked for."""

    told: Told
    entry: Entry
    incident: Incident | None = None
    apart: Apart | None = None


def threshold(routes: int, false_pages_per_quarter: float) -> int:
    """The sum from which a component is told, for so many false pages of all routes together."""
    yearly = 4 * false_pages_per_quarter
    nats = _FROM + math.log(_PEAKS * max(routes, 1) / yearly) / _FALL
    return max(LEAST_THRESHOLD, round(nats * NAT))
