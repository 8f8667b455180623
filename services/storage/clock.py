"""The time a replay database plays in.

In:  a connection of the database's owner, a virtual time. Out: `bongsu.now()` stands still at it,
and rows that are known from when they are written are known from then. No other login may move it,
and no production database has one. Before and after: `services/replay/loading.py`.
"""

from datetime import datetime

from services.storage import queries
from services.storage.pool import Connection

_SQL = queries.load("clock.sql")


async def play(conn: Connection, at: datetime) -> None:
    """It is `at` from here on."""
    await conn.execute(_SQL["play"], at)
