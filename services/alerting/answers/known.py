"""All that is known of one incident, for the command line and the API.

In:  its id. Out: its row, candidates, timeline, who had it, who was told, and what providers said
of it.
"""

from datetime import datetime
from typing import NamedTuple

from services.alerting.incidents import notices
from services.alerting.incidents.notices import Told
from services.storage import incidents, pages, people, planned
from services.storage.incidents import Candidate, Event, Incident
from services.storage.pages import Sent
from services.storage.people import Ack
from services.storage.pool import Connection


class Known(NamedTuple):
    """One incident and what belongs to it."""

    row: Incident
    candidates: list[Candidate]
    events: list[Event]
    acks: list[Ack]
    notices: list[Told]
    pages: list[Sent]


async def known(conn: Connection, incident_id: str, now: datetime) -> Known | None:
    """None for an id nobody gave."""
    row = await incidents.by_id(conn, incident_id)
    if row is None:
        return None
    said = await planned.notices(conn, since=row.started_at - notices.BEFORE)
    return Known(
        row,
        await incidents.candidates(conn, incident_id),
        await incidents.events(conn, incident_id),
        await people.acks(conn, incident_id),
        notices.told(row, said, now),
        await pages.sent(conn, incident_id),
    )
