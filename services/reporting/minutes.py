"""Minutes: each of a month is up, partial, down, unmeasured or left out, and nothing else.

In:  the calendar, the judged slots of every route, what is left out of each. Out: for each minute
the share of the item that was bad, at least and at most. Shares are millionths. Pure.
Before: `slots.py`, `exclusions.py`. After: `sums.py`, `outages.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.reporting.calendar import Calendar, Left
from services.reporting.exclusions import Excluded
from services.reporting.ratio import PPM
from services.reporting.slots import Integers, Judged
from services.reporting.spans import UNMEASURED, Marks

ALL: Final = PPM  # the whole of an item is bad


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """The minutes of one route: its weight in the contract, what is left out, what was seen."""

    route: str
    weight: Integers
    excluded: Excluded
    measured: Marks
    counted: Marks
    bridged: Marks

    @property
    def in_force(self) -> Integers:
        """Its weight, 0 where it is left out."""
        return self.weight * ~(self.excluded.maintenance | self.excluded.agreed)


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """Every minute of the calendar's window. `share`: how much of what was measured was bad;
    `least`: how much of everything; `blind`: how much more of it may have been. `admitted`: down by
    the provider's own word, where nobody looked."""

    calendar: Calendar
    left: NDArray[np.int8]
    unmeasured: Marks
    admitted: Marks
    bridged: Marks
    share: Integers
    least: Integers
    blind: Integers

    @property
    def service(self) -> Marks:
        """The minutes that count."""
        service: Marks = self.left == Left.NOT
        return service


def of_route(calendar: Calendar, route: str, judged: Iterable[Judged], excluded: Excluded) -> Route:
    """The minutes of a route; those without a slot are unmeasured."""
    weights = [{r.route: r.weight for r in each.routes}.get(route, 0) for each in calendar.versions]
    measured, counted, bridged = np.zeros((3, len(calendar.left)), bool)
    for each in judged:
        first, lasting = int(each.slots.start[0]), each.slots.end - each.slots.start
        here = calendar.window.part(first, int(each.slots.end[-1]))
        measured[here] = np.repeat((each.states != UNMEASURED) | each.bridged, lasting)
        counted[here] = np.repeat(each.counted, lasting)
        bridged[here] = np.repeat(each.bridged, lasting)
    by_minute = np.array([*weights, 0])[calendar.version]  # the last: no version is in force
    return Route(route, by_minute, excluded, measured, counted, bridged)


def minutes(
    calendar: Calendar, routes: Sequence[Route], declared: Iterable[tuple[int, int]] = ()
) -> Minutes:
    """What each minute was. `declared`: minutes [start, end) of an outage that the provider admits:
    down, where nothing was measured."""
    in_force = _sum(r.in_force for r in routes)
    seen = _sum(r.in_force * r.measured for r in routes)
    bad = _sum(r.in_force * r.counted for r in routes)
    left = _left(calendar, routes, in_force)
    service = left == Left.NOT
    unmeasured = service & (2 * seen < in_force)
    admitted = _marked(calendar, declared) & unmeasured
    unmeasured, measured = unmeasured & ~admitted, service & ~unmeasured
    return Minutes(
        calendar, left, unmeasured, admitted,
        bridged=service & (_sum(r.in_force * r.bridged for r in routes) > 0),
        share=np.where(measured, _half_up(bad, seen), ALL * admitted),
        least=np.where(measured, _half_up(bad, in_force), ALL * admitted),
        blind=np.where(measured, _half_up(in_force - seen, in_force), ALL * unmeasured),
    )  # fmt: skip


def _left(calendar: Calendar, routes: Sequence[Route], in_force: Integers) -> NDArray[np.int8]:
    """Why each minute is left out: one is when no route is left in it."""
    left = calendar.left.copy()
    worked_on = _sum(r.weight * ~r.excluded.maintenance for r in routes) == 0
    left[(left == Left.NOT) & (in_force == 0)] = Left.AGREED
    left[(left == Left.AGREED) & worked_on] = Left.MAINTENANCE
    return left


def _sum(columns: Iterable[Integers]) -> Integers:
    total: Integers = np.sum(list(columns), axis=0, dtype=np.int64)
    return total


def _half_up(part: Integers, whole: Integers) -> Integers:
    return (2 * ALL * part + whole) // np.maximum(2 * whole, 1)


def _marked(calendar: Calendar, stretches: Iterable[tuple[int, int]]) -> Marks:
    marks = np.zeros(len(calendar.left), bool)
    for start, end in stretches:
        marks[calendar.window.part(start, end)] = True
    return marks
