"""Planned work and agreed exclusions: which minutes of which route count for nobody.

In:  announced maintenance with its history, approved exclusions. Out: marks by route. Pure.
Before: `calendar.py`. After: `minutes.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.reporting.calendar import Calendar, Window
from services.reporting.spans import Marks


class Announcement(NamedTuple):
    """One version of a notice of planned work, in minutes since 1970 UTC: seen when, for [start,
    end); start == end: withdrawn."""

    seen: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Maintenance:
    """점검: all versions of one notice, and the routes it names."""

    routes: frozenset[str]
    versions: tuple[Announcement, ...]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """제외 that two people agreed on: minutes [start, end) of these routes."""

    routes: frozenset[str]
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Excluded:
    """The minutes of a route that lie in announced work, and in an agreed exclusion."""

    maintenance: Marks
    agreed: Marks

    @classmethod
    def none(cls, window: Window) -> "Excluded":
        """Nothing is left out."""
        return cls(*np.zeros((2, window.end - window.start), bool))


def announced(versions: Iterable[Announcement], lead_min: int) -> list[int]:
    """The minutes that were announced in time.

    A version is judged for the minutes it adds, by the time before the first of them. What was
    announced in time stays so until the notice is withdrawn.
    """
    named: set[int] = set()
    in_time: set[int] = set()
    for version in sorted(versions):
        if version.start >= version.end:
            named, in_time = set(), set()
            continue
        added = set(range(version.start, version.end)) - named
        named |= added
        if added and min(added) - version.seen >= lead_min:
            in_time |= added
    return sorted(in_time)


def excluded(
    calendar: Calendar, route: str, works: Iterable[Maintenance], agreed: Iterable[Exclusion]
) -> Excluded:
    """What is left out of a route, by the version in force at each minute."""
    window = calendar.window
    found = Excluded.none(window)
    for work in (each for each in works if route in each.routes):
        for place, contract in enumerate(calendar.versions):
            minutes = announced(work.versions, contract.settings.maintenance_lead_min)
            inside = np.array([m - window.start for m in minutes if m in window.range], np.int64)
            found.maintenance[inside[calendar.version[inside] == place]] = True
    for each in (each for each in agreed if route in each.routes):
        found.agreed[window.part(each.start, each.end)] = True
    return found


def beyond_cap(planned: Sequence[Marks], service: Marks, most: int) -> Marks:
    """The minutes of a month's announced work that count all the same: it has had its `most`."""
    work = np.logical_or.reduce(planned) & service
    beyond: Marks = work & (np.cumsum(work) > most)
    return beyond
