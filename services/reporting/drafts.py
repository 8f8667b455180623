"""Late evidence after the closing: a draft of the correction, never the correction.

In:  closed months that can still be corrected. Out: a row of `report_draft` where a figure would
change, and an empty one once none would any more; published only when two people make it a
correction.
Before: `upkeep.py`, each night. After: `bongsu report list`, `report correct`.
"""

from datetime import datetime, timedelta

from services.reporting import sealing
from services.reporting.calendar import moment_of, month_window
from services.storage import corrections, months, people
from services.storage.pool import Connection, part

# Evidence of older days is gone, less those that are read before a month.
KEPT = timedelta(days=400 - 3)
# Of an older revision the nights since have seen what came earlier.
LATELY = timedelta(days=35)
_DAY = timedelta(days=1)


async def look(conn: Connection, now: datetime) -> None:
    """Draft what late evidence would change of each month's newest revision."""
    known = {(each.body, each.month): each for each in await corrections.drafts(conn)}
    newest = {(each.body, each.month): each for each in await months.revisions(conn)}
    late: dict[tuple[str, datetime], frozenset[str]] = {}  # bodies, by month and since when
    for place, revision in newest.items():
        start, end = _reach(revision.month)
        if revision.revision == 0 or start < now - KEPT:
            continue
        is_new = revision.sealed_at > now - LATELY
        since = revision.cutoff if is_new else now - LATELY
        if (revision.month, since) not in late:
            late[revision.month, since] = await months.touched(conn, start, end, since)
        if revision.body not in late[revision.month, since]:
            continue
        diff = [one.model_dump(mode="json") for one in await sealing.changed(conn, revision, now)]
        if diff != (known[place].diff if place in known else []):
            async with part(conn):
                await people.may_write(conn)
                await corrections.put_draft(conn, *place, revision.revision, diff)


def _reach(month: str) -> tuple[datetime, datetime]:
    """The month in any zone."""
    window = month_window(month, "UTC")
    return moment_of(window.start) - _DAY, moment_of(window.end) + _DAY
