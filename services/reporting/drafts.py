"""Late evidence after the closing: a draft of the correction, never the correction.

In:  closed months that can still be corrected. Out: a row of `report_draft` where a figure would
change; published only when two people make it a correction.
Before: `upkeep.py`, each night. After: `bongsu report list`, `report correct`.
"""

from datetime import datetime, timedelta

from services.reporting import sealing
from services.reporting.calendar import moment_of, month_window
from services.storage import corrections, months, people
from services.storage.months import Revision
from services.storage.pool import Connection, part

KEPT = timedelta(days=400)  # evidence of older months is gone
_DAY = timedelta(days=1)


async def look(conn: Connection, now: datetime) -> None:
    """Draft what late evidence would change of each month's newest revision."""
    known = {(each.body, each.month): each for each in await corrections.drafts(conn)}
    newest = {(each.body, each.month): each for each in await months.revisions(conn)}
    for place, revision in newest.items():
        if revision.revision and now - revision.cutoff < KEPT and await _late(conn, revision):
            diff = [
                one.model_dump(mode="json") for one in await sealing.changed(conn, revision, now)
            ]
            old = known.get(place)
            if diff and (old is None or (old.revision, old.diff) != (revision.revision, diff)):
                async with part(conn):
                    await people.may_write(conn)
                    await corrections.put_draft(conn, *place, revision.revision, diff)


async def _late(conn: Connection, revision: Revision) -> bool:
    """Was evidence of the month, in any zone, stored only after it was closed?"""
    window = month_window(revision.month, "UTC")
    start, end = moment_of(window.start) - _DAY, moment_of(window.end) + _DAY
    return revision.body in await months.touched(conn, start, end, revision.cutoff)
