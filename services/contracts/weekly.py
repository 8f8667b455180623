"""What recurs every week: the one rule of RFC 5545 that planned work knows, and its spans.

`FREQ=WEEKLY;BYDAY=TU,TH`, in Korean time, which has no summer time: the first span says at what
hour and for how long. Pure.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.contracts.oncall import DAYS

_KST = ZoneInfo("Asia/Seoul")
_BY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKLY = "FREQ=WEEKLY;BYDAY="
_DAY = timedelta(days=1)


def rule_of(days: Collection[str]) -> str:
    """The rule of these days (`mon`, `tue`, …)."""
    return _WEEKLY + ",".join(name for name, day in zip(_BY, DAYS, strict=True) if day in days)


def days_of(rule: str) -> frozenset[int]:
    """The days of a rule, Monday is 0; none for a rule of another kind."""
    names = rule.removeprefix(_WEEKLY).split(",") if rule.startswith(_WEEKLY) else []
    return frozenset(map(_BY.index, names)) if set(names) <= set(_BY) else frozenset()


def spans(
    first: datetime, end: datetime, rule: str | None, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The spans of what begins with [first, end) that begin before `until`, in order; only that one
    without a rule."""
    if rule is None:
        yield first, end
        return
    start, days = first.astimezone(_KST), days_of(rule)
    while start < until:
        if start.weekday() in days:
            yield start, start + (end - first)
        start += _DAY
