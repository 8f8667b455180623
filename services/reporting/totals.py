"""Totals: all of an item that adds up, day by day. What the tables of days and months hold.

In:  minutes and judged slots. Out: `Totals` of each day; their sum is the month's. Pure.
Before: `minutes.py`, `slots.py`. After: `month.py` makes figures of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from services.contracts.report_words import LatencyStage
from services.contracts.sla import Contract
from services.reporting.claims import Claims, claims
from services.reporting.counts import Adding, Probes, probes, sent
from services.reporting.fallback import Fallback, fallback
from services.reporting.latency import Latencies
from services.reporting.lines import CLOCK_SUSPECT, Line
from services.reporting.minutes import ALL, Minutes, Route
from services.reporting.slots import Judged
from services.reporting.spans import UNMEASURED, Marks
from services.reporting.sums import Sums

STAGES: Final[tuple[LatencyStage, ...]] = ("accept", "report", "device")
_COMES = {"accept": "answered", "report": "reported", "device": "seen_max"}


@dataclass(frozen=True, slots=True)
class OfRoute(Adding):
    """Probes of one route, and micro-minutes in which it was bad."""

    valid: int = 0
    good: int = 0
    outage: int = 0


def _no_latencies() -> dict[LatencyStage, Latencies]:
    return {stage: Latencies.of([]) for stage in STAGES}


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """Everything of an item that adds up."""

    sums: Sums = field(default_factory=Sums)
    probes: Probes = field(default_factory=Probes)
    claims: Claims = field(default_factory=Claims)
    fallback: Fallback = field(default_factory=Fallback)
    latencies: Mapping[LatencyStage, Latencies] = field(default_factory=_no_latencies)
    routes: Mapping[str, OfRoute] = field(default_factory=dict)

    def __add__(self, other: "Totals") -> "Totals":
        names = dict.fromkeys([*self.routes, *other.routes])
        none = OfRoute()
        return Totals(
            self.sums + other.sums,
            self.probes + other.probes,
            self.claims + other.claims,
            self.fallback + other.fallback,
            {stage: self.latencies[stage] + other.latencies[stage] for stage in STAGES},
            {n: self.routes.get(n, none) + other.routes.get(n, none) for n in names},
        )


def of_slots(minutes: Minutes, route: Route, judged: Judged, part: slice) -> Totals:
    """Of the slots of a route that begin in some minutes of the window and count."""
    begin = judged.slots.start - minutes.calendar.window.start
    counting = (minutes.service & (route.in_force > 0))[begin]
    counting &= (begin >= part.start) & (begin < part.stop)
    total = Totals()
    for place, contract in enumerate(minutes.calendar.versions):
        here = counting & (minutes.calendar.version[begin] == place)
        if here.any():
            total += _under(contract, judged, here)
    return total


def _under(contract: Contract, judged: Judged, here: Marks) -> Totals:
    """Of the marked slots, which are all of one version."""
    count = probes(judged, here)
    valid = sent(judged, here & (judged.states != UNMEASURED))
    return Totals(
        probes=count,
        claims=claims(valid),
        fallback=fallback(valid, contract.settings.fallback_max_s),
        latencies={stage: _latencies(valid, stage) for stage in STAGES},
        routes={judged.slots.route: OfRoute(count.valid, count.good)},
    )


def _latencies(lines: Sequence[Line], stage: LatencyStage) -> Latencies:
    times = [
        (getattr(line, _COMES[stage]), line.sent or 0)
        for line in lines
        if CLOCK_SUSPECT not in line.flags
    ]
    came = np.array([at - sent for at, sent in times if at is not None], np.int64)
    return Latencies.of(came, never=len(times) - len(came))


def of_minutes(sums: Sums, minutes: Minutes, routes: Sequence[Route], part: slice) -> Totals:
    """Of some minutes of the window."""
    counted = {
        route.route: minutes.service & route.counted & (route.in_force > 0) for route in routes
    }
    outages = {
        name: OfRoute(outage=ALL * int(marks[part].sum())) for name, marks in counted.items()
    }
    return Totals(sums=sums, routes=outages)
