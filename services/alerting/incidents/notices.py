"""What providers said of an incident, against what was measured. Pure.

In:  an incident, the notices that hold. Out: those about it, each with how late it was and whether
it called an outage over that was not. Before: `storage/planned.py`. After: whoever reads.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from services.storage.incidents import Incident
from services.storage.planned import Notice

BEFORE, AFTER = timedelta(hours=1), timedelta(days=1)  # of what was said that close, it is the talk


class Told(NamedTuple):
    """A notice about an incident: how long after its onset it was said (before: negative), and,
    where it said *recovered* too early, for how long things were broken still."""

    notice: Notice
    lag: timedelta
    too_early: timedelta | None


def told(row: Incident, notices: Iterable[Notice], now: datetime) -> list[Told]:
    """In the order said."""
    about = [notice for notice in notices if _about(row, notice, now)]
    return [_told(row, one, now) for one in sorted(about, key=lambda one: one.said_at)]


def _told(row: Incident, notice: Notice, now: datetime) -> Told:
    left = (row.ended_at or now) - notice.said_at
    false = notice.says == "recovered" and row.started_at <= notice.said_at and left > timedelta(0)
    return Told(notice, notice.said_at - row.started_at, left if false else None)


def _about(row: Incident, notice: Notice, now: datetime) -> bool:
    if notice.says == "withdrawn":
        return False
    close = row.started_at - BEFORE <= notice.said_at <= (row.ended_at or now) + AFTER
    named = {row.component, *row.alike, *filter(None, [row.rival])}
    return close and any(_same(notice.component, name) for name in named)


def _same(one: str, other: str) -> bool:
    """The same, or one a function of the other."""
    return one == other or other.startswith(f"{one}/") or one.startswith(f"{other}/")
