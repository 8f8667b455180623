"""What an acknowledgement link is good for. Pure.

In:  the link as it is stored, its page's incidents, a time. Out: a state. Before: `links.py` read
them. After: `words.py` says it.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from services.storage.incidents import Incident
from services.storage.people import Link, Spoken


class State(StrEnum):
    """Also a label of the metric."""

    OPEN = "open"  # it can be used
    ACKNOWLEDGED = "acknowledged"  # it was, just now
    USED = "used"
    OVER = "over"  # nothing of its page is broken any more
    EXPIRED = "expired"
    OTHER = "other"  # whoever acts had another page before them
    UNKNOWN = "unknown"
    AWAY = "away"  # nobody can tell now


class Found(NamedTuple):
    """A link, its page's incidents, and how its recipient is spoken to."""

    link: Link
    incidents: list[Incident]
    spoken: Spoken


def judged(found: Found | None, now: datetime, of_page: str | None = None) -> State:
    """`of_page`: the id of the page that whoever acts had before them."""
    if found is None:
        return State.UNKNOWN
    link = found.link
    if of_page not in (None, link.page_id):
        return State.OTHER
    if link.used_at is not None:
        return State.USED
    if not still_open(found.incidents):
        return State.OVER
    return State.EXPIRED if now >= link.expires_at else State.OPEN


def still_open(rows: Iterable[Incident]) -> list[str]:
    """The ids of those that are not over."""
    return [row.id for row in rows if row.status == "open"]
