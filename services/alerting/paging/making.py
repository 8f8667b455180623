"""Step 9, its first hand: pages are made in the transaction that writes their incidents.

In:  the leader's transaction, incidents as it writes them, the catalogue. Out: rows of `page`; a
line in the timeline of what planned work keeps quiet. Before: `incidents/writing.py`.
After: `dispatch.py`. The time is Postgres's, so that two leaders agree on it.
"""

from collections.abc import Sequence
from datetime import datetime

from services.alerting.incidents.words import PLANNED
from services.alerting.paging import oncall, planned
from services.alerting.paging.decide import Known, decide
from services.contracts.catalogue import Catalogue
from services.contracts.oncall import PAGES_WITHIN
from services.storage import incidents as storage
from services.storage import pages
from services.storage.incidents import Event, Incident
from services.storage.oncall import overrides
from services.storage.planned import windows
from services.storage.pool import Connection


async def make(
    conn: Connection, incidents: Sequence[Incident], catalogue: Catalogue | None
) -> None:
    """Make what is to be made now. `incidents`: those open, and those closed lately."""
    if not incidents or catalogue is None:
        return
    now = await pages.clock(conn)
    growing = await pages.growing(conn)
    names = [row.id for row in incidents]
    known = Known(
        await pages.known(conn, names, now - PAGES_WITHIN),
        growing,
        await pages.acknowledged(conn, names),
    )
    duty = oncall.duty(catalogue, await overrides(conn, now), now)
    muted = await _muted(conn, incidents, catalogue, now)
    made = decide(incidents, known, duty, muted, now)
    if made:
        await pages.make(conn, made)


async def _muted(
    conn: Connection, incidents: Sequence[Incident], catalogue: Catalogue, now: datetime
) -> frozenset[str]:
    """By planned work; each says so once."""
    parts = planned.maintained(await windows(conn), now)
    found = frozenset(
        row.id
        for row in incidents
        if row.status == "open" and planned.muted(catalogue, row.component, row.routes, parts)
    )
    for name in sorted(found):
        await storage.append_once(conn, name, Event(now, "muted", "bongsu", *PLANNED))
    return found
