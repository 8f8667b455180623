"""What an acknowledgement link is good for. Pure.

In:  the link as it is stored, its page's incidents, a time. Out: a state. Before: `links.py` read
them. After: `words.py` says it.
"""

from collections.abc import Mapping
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
    EARLIER = "earlier"  # what its page told of is over, and broken anew
    EXPIRED = "expired"
    OTHER = "other"  # whoever acts had another page before them
    UNKNOWN = "unknown"
    AWAY = "away"  # nobody can tell now


class Found(NamedTuple):
    """A link, its page's incidents as they stand, how often each had come back when it was told,
    and how its recipient is spoken to."""

    link: Link
    incidents: list[Incident]
    openings: Mapping[str, int]
    spoken: Spoken

    @property
    def told(self) -> list[str]:
        """The ids of those that have not been over since the page told of them."""
        return self._broken(earlier=False)

    @property
    def back(self) -> list[str]:
        """The ids of those that were over and are broken anew: another page tells of them."""
        return self._broken(earlier=True)

    def _broken(self, earlier: bool) -> list[str]:
        broken = (row for row in self.incidents if row.status == "open")
        return [row.id for row in broken if (row.reopened > self.openings[row.id]) == earlier]


def judged(found: Found | None, now: datetime, of_page: str | None = None) -> State:
    """`of_page`: the id of the page that whoever acts had before them."""
    if found is None:
        return State.UNKNOWN
    link = found.link
    if of_page not in (None, link.page_id):
        return State.OTHER
    if link.used_at is not None:
        return State.USED
    if not found.told:
        return State.EARLIER if found.back else State.OVER
    return State.EXPIRED if now >= link.expires_at else State.OPEN
