"""What is due: each body's months, step by step, the oldest first.

In:  bodies with their contracts, what is sealed, which corrections were approved, the time. Out:
`Due`, each with a cutoff of its own: after a downtime of any length every missed step comes with
the figures it would have had on time. Pure. Before: `run.py` asks each minute. After: `sealing.py`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.contracts.report_words import State
from services.contracts.sla import Contract
from services.reporting.calendar import is_holiday, public_holidays
from services.storage.corrections import Correction
from services.storage.months import Revision

_DAY = timedelta(days=1)
_EARLY, _CLOSING_DAY = time(6), 4  # day 1, 06:00; day 4, 00:00
_STATES = (State.PRELIMINARY, State.CLOSED, State.CORRECTED)


class Promised(NamedTuple):
    """A body, its contracts in the newest catalogue, and since when each is known, by its item: who
    replaces a version after the month takes no report away."""

    body: str
    known: Mapping[str, datetime]
    contracts: tuple[Contract, ...]

    @property
    def tz(self) -> str:
        """The zone whose months are reported."""
        return self.contracts[0].tz

    def was_promised(self, month: str) -> bool:
        """Was a contract that holds in it known before its first cutoff? Before the month in which
        the first one was known, nothing was."""
        first = preliminary_at(self, month)
        own = [one for one in self.contracts if _in_force(one, month)]
        return month >= self.since and any(self.known[one.item] < first for one in own)

    @property
    def since(self) -> str:
        """The month in which its first contract was known."""
        return month_of(min(self.known[one.item] for one in self.contracts), self.tz)


class Due(NamedTuple):
    """A revision to be sealed from what was known before `cutoff`; due since `at`."""

    at: datetime
    body: str
    month: str
    revision: int
    cutoff: datetime
    correction: Correction | None = None

    @property
    def state(self) -> State:
        """What the month becomes by it."""
        return _STATES[min(self.revision, 2)]


def due(
    bodies: Iterable[Promised],
    sealed: Sequence[Revision],
    corrections: Iterable[Correction],
    now: datetime,
) -> list[Due]:
    """All that is due and not sealed, the oldest first; of a month one after the other."""
    there = {(each.body, each.month, each.revision) for each in sealed}
    steps = (step for body in bodies for step in _steps(body, now))
    open_ = [each for each in steps if each[1:4] not in there]
    return sorted([*open_, *_corrected(sealed, corrections)])


def too_late(body: Promised) -> list[str]:
    """Months that nobody reports though a contract holds in them: it was known too late for their
    first report, before they would have been closed."""
    found = set()
    for one in body.contracts:
        known = body.known[one.item]
        day = date.fromisoformat(f"{month_of(known, body.tz)}-01")
        month = (day - _DAY).strftime("%Y-%m")
        if _in_force(one, month) and known < closes_at(body, month):
            found.add(month)
    return sorted(month for month in found if not body.was_promised(month))


def closes_at(body: Promised, month: str) -> datetime:
    """When a month is closed: day 4, 00:00, and as many working days later as its contracts
    say."""
    own = [each for each in body.contracts if _in_force(each, month)]
    last = max(own, key=lambda each: each.settings.close_working_days, default=body.contracts[0])
    day = date.fromisoformat(f"{month}-01") + 31 * _DAY
    day = day.replace(day=_CLOSING_DAY)
    for _ in range(last.settings.close_working_days):
        day += _DAY
        while not _is_worked(day, last):
            day += _DAY
    return datetime.combine(day, time.min, ZoneInfo(body.tz))


def preliminary_at(body: Promised, month: str) -> datetime:
    """When a month's first report is due: 06:00 of the day after it."""
    first = (date.fromisoformat(f"{month}-01") + 31 * _DAY).replace(day=1)
    return datetime.combine(first, _EARLY, ZoneInfo(body.tz))


def month_of(at: datetime, tz: str) -> str:
    """The month of a zone in which a moment lies."""
    return at.astimezone(ZoneInfo(tz)).strftime("%Y-%m")


def _steps(body: Promised, now: datetime) -> Iterator[Due]:
    """Of every month that ended and had a contract, as was known before its first cutoff."""
    for month in _months(body.since, month_of(now, body.tz)):
        if body.was_promised(month):
            for number, step in enumerate((preliminary_at, closes_at)):
                at = step(body, month)
                if at <= now:
                    yield Due(at, body.body, month, number, at)


def _corrected(sealed: Sequence[Revision], corrections: Iterable[Correction]) -> Iterator[Due]:
    """What was approved after the closing becomes a revision; before it, it is part of that."""
    entered = {each.correction for each in sealed}
    newest = {(each.body, each.month): each for each in sealed}
    closed = {(each.body, each.month): each.cutoff for each in sealed if each.revision == 1}
    waiting = [each for each in corrections if each.state == "approved" and each.id not in entered]
    for each in sorted(waiting, key=lambda one: (one.decided_at, one.id)):
        place = (each.body, each.month)
        if each.decided_at is not None and place in closed and each.decided_at >= closed[place]:
            before = newest[place]
            # Never less than the revision before was made from.
            cutoff = max(each.proposed_at, before.cutoff)
            made = before._replace(revision=before.revision + 1, cutoff=cutoff)
            newest[place] = made
            yield Due(each.decided_at, *place, made.revision, cutoff, each)


def _months(first: str, last: str) -> Iterator[str]:
    """`2026-10`, … before the last one."""
    day = date.fromisoformat(f"{first}-01")
    while (month := day.strftime("%Y-%m")) < last:
        yield month
        day = (day + 31 * _DAY).replace(day=1)


def _in_force(contract: Contract, month: str) -> bool:
    begun = contract.valid_from.strftime("%Y-%m") <= month
    return begun and (contract.valid_to is None or month <= contract.valid_to.strftime("%Y-%m"))


def _is_worked(day: date, contract: Contract) -> bool:
    closed = _public(contract.holidays.country, day.year)
    return day.weekday() < 5 and not is_holiday(contract, day, closed)


@cache
def _public(country: str, year: int) -> frozenset[date]:
    return frozenset(public_holidays(country, {year}))
