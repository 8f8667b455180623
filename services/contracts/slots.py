"""Which slots a route has, which receiver's turn each is, and until when stages may take.

Pure arithmetic on absolute time: any worker computes the same slots, so nothing is stored.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# From the announcement; sight has its late threshold, opening its expiry: data of the catalogue.
ACCEPTED_WITHIN = timedelta(seconds=30)
REPORTED_WITHIN = timedelta(hours=26)


def phase(route: str, interval: timedelta) -> timedelta:
    """A route's fixed place within its interval: a hash, so that load spreads and survives
    restarts."""
    number = int.from_bytes(hashlib.sha256(route.encode()).digest()[:8], "big")
    return (number % (interval // _MILLISECOND)) * _MILLISECOND


def number_of(route: str, interval: timedelta, slot: datetime) -> int:
    """The running number of a slot since 1970."""
    return (slot - _EPOCH - phase(route, interval)) // interval


def next_slot(route: str, interval: timedelta, after: datetime) -> datetime:
    """The first slot strictly later than `after`."""
    number = number_of(route, interval, after) + 1
    return _EPOCH + phase(route, interval) + number * interval


def receiver_of(route: str, interval: timedelta, slot: datetime, receivers: Sequence[str]) -> str:
    """Receivers take turns by slot number."""
    return receivers[number_of(route, interval, slot) % len(receivers)]


def within(start: time, end: time, zone: str, at: datetime) -> bool:
    """Is `at` inside the daily window [start, end) of that zone? It may pass midnight."""
    local = at.astimezone(ZoneInfo(zone)).time()
    return start <= local < end if start <= end else local >= start or local < end
