"""The month laid out in minutes: evidence and what people entered, put together.

In:  a `Month`. Out: its minutes as they count and with no exclusion, its routes, its slots. Pure.
Before: lines and objects with a known time before the cutoff. After: `month.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from services.contracts.model import DailyWindow
from services.contracts.sla import Contract
from services.reporting import minutes, slots
from services.reporting.calendar import Calendar, Window, calendar
from services.reporting.exclusions import Excluded, Exclusion, Maintenance, beyond_cap, excluded
from services.reporting.lines import Line
from services.reporting.minutes import Minutes, Route
from services.reporting.notices import Notice
from services.reporting.response import Incident
from services.reporting.slots import Judged, Plan, Slots
from services.reporting.spans import States


@dataclass(frozen=True, slots=True)
class Month:
    """All that the figures of one item are a function of.

    `window`: its minutes, cut off in an unfinished month. `cutoff`: milliseconds since 1970 UTC.
    Plans and lines reach beyond the window, to where nothing can change any more in it. `closed`:
    public holidays; `rest`: hours of rest by channel. `declared`: minutes [start, end) that the
    provider admits. `observed`: does anybody see the messages arrive?
    """

    window: Window
    cutoff: int
    versions: tuple[Contract, ...]
    plans: tuple[Plan, ...]
    lines: Sequence[Line]
    closed: frozenset[date] = frozenset()
    rest: Mapping[str, DailyWindow] = field(default_factory=dict)
    works: tuple[Maintenance, ...] = ()
    agreed: tuple[Exclusion, ...] = ()
    declared: tuple[tuple[int, int], ...] = ()
    incidents: tuple[Incident, ...] = ()
    notices: tuple[Notice, ...] = ()
    observed: bool = True

    @property
    def zone(self) -> str:
        """Whose days these are."""
        return self.versions[-1].tz


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Minutes as they count, and `bare`: with no exclusion; the routes, and all their slots."""

    minutes: Minutes
    bare: Minutes
    routes: tuple[Route, ...]
    judged: tuple[Judged, ...]


def lay(month: Month) -> Laid:
    """The month's minutes, and those around it that its lines reach."""
    names = dict.fromkeys(each.route for one in month.versions for each in one.routes)
    lives = [life for name in names for life in _slots(month, name)]
    window = Window(
        min([month.window.start, *(int(life.start[0]) for life in lives)]),
        max([month.window.end, *(int(life.end[-1]) for life in lives)]),
    )
    days = calendar(window, month.versions, month.closed, month.rest)
    judged = tuple(slots.judge(life, _states(life, days)) for life in lives)
    routes = tuple(
        minutes.of_route(days, name, (j for j in judged if j.slots.route == name), left)
        for name, left in zip(names, _exclusions(month, days, list(names)), strict=True)
    )
    bare = [replace(route, excluded=Excluded.none(window)) for route in routes]
    return Laid(
        minutes.minutes(days, routes, month.declared),
        minutes.minutes(days, bare, month.declared),
        routes,
        judged,
    )


def _slots(month: Month, route: str) -> list[Slots]:
    plans = [plan for plan in month.plans if plan.route == route]
    return slots.of_route(plans, (ln for ln in month.lines if ln.route == route), month.cutoff)


def _states(life: Slots, days: Calendar) -> States:
    """By the version in force at each slot; where none is, by the first."""
    table = np.stack([slots.states_under(contract) for contract in days.versions])
    version = np.maximum(days.version[life.start - days.window.start], 0)
    states: States = table[version, life.outcomes]
    return states


def _exclusions(month: Month, days: Calendar, names: Sequence[str]) -> list[Excluded]:
    """By route; announced work beyond what the contract allows a month counts all the same."""
    found = [excluded(days, name, month.works, month.agreed) for name in names]
    most = month.versions[-1].settings.maintenance_cap_min
    if most is None:
        return found
    own = days.window.part(month.window.start, month.window.end)
    beyond = beyond_cap([each.maintenance[own] for each in found], days.left[own] == 0, most)
    for each in found:
        each.maintenance[own] &= ~beyond
    return found
