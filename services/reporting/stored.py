"""Lines from what is stored.

In:  a connection, what is asked for. Out: a `Line` a scheduled probe, as known before the cutoff.
Before: `storage/lines.py`. After: `month.py`.
"""

from collections.abc import Sequence
from datetime import datetime

from services.contracts.outcome import MonitorFault
from services.reporting.context import Context
from services.reporting.lines import Line, line
from services.storage import lines
from services.storage.lines import Asked
from services.storage.pool import Connection


async def read(conn: Connection, asked: Asked, faults: Sequence[MonitorFault]) -> list[Line]:
    """In order of slot and id. Call in one transaction that sees one state of the database."""
    return [line(*known) async for day in lines.read(conn, asked, faults) for known in day]


def faults_of(context: Context) -> list[MonitorFault]:
    """The monitor faults that a revision counts."""
    return [
        MonitorFault(
            each.component, datetime.fromisoformat(each.start), datetime.fromisoformat(each.to)
        )
        for each in context.monitor_faults
    ]
