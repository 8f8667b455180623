"""Overrides of the rota in Postgres: who has the watch instead, from when until when.

Append-only: the newest that holds wins; `alerting/paging/oncall.py` says who that is.
"""

from datetime import datetime
from typing import NamedTuple

from services.storage import queries
from services.storage.pool import Connection

LONGEST = 500  # characters of a reason
_SQL = queries.load("oncall.sql")


class Override(NamedTuple):
    """`person` has the watch in [starts_at, ends_at); `actor` said so."""

    number: int
    person: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    actor: str


async def overrides(conn: Connection, at: datetime) -> list[Override]:
    """Those that are not over at that time, the newest first; a hundred at most."""
    return [Override(*row) for row in await conn.fetch(_SQL["overrides"], at)]


async def put_override(
    conn: Connection, person: str, starts_at: datetime, ends_at: datetime, reason: str, actor: str
) -> int:
    """Write one; its number."""
    values = (person, starts_at, ends_at, reason, actor)
    number: int = await conn.fetchval(_SQL["put_override"], *values)
    return number
