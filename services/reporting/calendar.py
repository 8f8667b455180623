"""The calendar of a month: which of its minutes are service time under the contract.

In:  versions of a contract item, public holidays. Out: for each minute the reason why it is left
out, or none. Minutes are counted since 1970 UTC; days are the contract's. Pure.
After: `exclusions.py` takes out planned work and what was agreed, route by route.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays
import numpy as np
from numpy.typing import NDArray

from services.contracts.model import DailyWindow
from services.contracts.oncall import DAYS
from services.contracts.sla import Contract, Hours, version_on
from services.reporting.spans import Marks

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


class Left(IntEnum):
    """Why a minute is left out of the service time; the first reason that holds."""

    NOT = 0
    NOT_IN_FORCE = 1
    OUTSIDE = 2
    HOLIDAY = 3
    RESTRICTED = 4
    MAINTENANCE = 5
    AGREED = 6


class Window(NamedTuple):
    """Minutes [start, end) since 1970 UTC."""

    start: int
    end: int

    @property
    def range(self) -> range:
        """The minutes themselves."""
        return range(self.start, self.end)

    def part(self, start: int, end: int) -> slice:
        """Where [start, end) lies among the minutes of this window."""
        return slice(max(start - self.start, 0), max(min(end, self.end) - self.start, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """For each minute of the window: why it is left out; the place of the version in force, -1
    where none is."""

    window: Window
    versions: tuple[Contract, ...]
    left: NDArray[np.int8]
    version: NDArray[np.int64]


def minute_of(at: datetime) -> int:
    """The minute in which a moment lies."""
    return (at - _EPOCH) // _MINUTE


def moment_of(minute: int) -> datetime:
    """When a minute begins."""
    return _EPOCH + minute * _MINUTE


def month_window(month: str, zone: str) -> Window:
    """A calendar month (`2026-10`) of a time zone. Raises ValueError for what is no month."""
    first = date.fromisoformat(f"{month}-01")
    following = (first + 31 * _DAY).replace(day=1)
    return Window(*(_at(day, time.min, ZoneInfo(zone)) for day in (first, following)))


def days_of(window: Window, zone: str) -> Iterator[tuple[date, int, int]]:
    """Each day of the zone that the window touches, with its minutes [start, end)."""
    where = ZoneInfo(zone)
    day = moment_of(window.start).astimezone(where).date()
    while (start := _at(day, time.min, where)) < window.end:
        yield day, start, _at(day + _DAY, time.min, where)
        day += _DAY


def public_holidays(country: str, years: Collection[int]) -> dict[date, str]:
    """Date → Korean name, substitute days too, as the pinned calendar has them."""
    return dict(holidays.country_holidays(country, years=list(years), language="ko"))


def calendar(
    window: Window,
    versions: Sequence[Contract],
    closed: Collection[date],
    rest: Mapping[str, DailyWindow],
) -> Calendar:
    """The service time. `closed`: public holidays, before what a version adds and removes; `rest`:
    hours of rest by channel, for versions that set none."""
    size = window.end - window.start
    found = Calendar(window, tuple(versions), np.zeros(size, np.int8), np.full(size, -1, np.int64))
    resting = [_resting(window, one.restricted or rest.get(one.channel)) for one in versions]
    for day, start, end in days_of(window, versions[-1].tz):
        here, contract = window.part(start, end), version_on(versions, day)
        if contract is None:
            found.left[here] = Left.NOT_IN_FORCE
            continue
        place = found.versions.index(contract)
        found.version[here] = place
        if contract.service_hours:
            found.left[here] = Left.OUTSIDE
            inside = Left.HOLIDAY if is_holiday(contract, day, closed) else Left.NOT
            for hours in contract.service_hours:
                found.left[window.part(*_opening(hours, day, contract.tz))] = inside
        found.left[here][resting[place][here] & (found.left[here] == Left.NOT)] = Left.RESTRICTED
    return found


def is_holiday(contract: Contract, day: date, closed: Collection[date]) -> bool:
    """Is it one under this contract, where `closed` are the public ones?"""
    own = contract.holidays
    return day in own.add or (day in closed and day not in own.remove)


def _opening(hours: Hours, day: date, zone: str) -> tuple[int, int]:
    """The minutes of these service hours on a day; [0, 0) if they are not of that weekday."""
    if DAYS[day.weekday()] not in hours.days:
        return 0, 0
    until = day + _DAY if hours.end == time.min else day
    where = ZoneInfo(zone)
    return _at(day, hours.start, where), _at(until, hours.end, where)


def _resting(window: Window, rest: DailyWindow | None) -> Marks:
    """The minutes in which nothing may be sent."""
    resting = np.zeros(window.end - window.start, bool)
    if rest is None:
        return resting
    where = ZoneInfo(rest.zone)
    earlier = Window(window.start - 24 * 60, window.end)  # a night begins the day before
    for day, _, _ in days_of(earlier, rest.zone):
        until = day if rest.start <= rest.end else day + _DAY
        resting[window.part(_at(day, rest.start, where), _at(until, rest.end, where))] = True
    return resting


def _at(day: date, clock: time, where: ZoneInfo) -> int:
    return minute_of(datetime.combine(day, clock, where))
