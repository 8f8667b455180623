"""How far the whole of bongsu is: what the dead man's switch asks, of the primary alone.

In:  what storing and the leader have committed. Out: three marks. Before: step 6 stores canaries,
step 8 writes each tick under its epoch. After: `alerting/paging/heartbeat.py`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.storage import queries
from services.storage.pool import Connection

_SQL = queries.load("canary.sql")


class Marks(NamedTuple):
    """When the newest stored canary was announced, by the broker's clock; up to when every
    partition is stored; up to when a leader's detector has ticked and its writer written. None:
    never."""

    canary: datetime | None
    stored: datetime | None
    ticked: datetime | None


async def marks(conn: Connection, topics: Sequence[str]) -> Marks:
    """The marks; `topics` are those that are stored, by their full names."""
    row = await conn.fetchrow(_SQL["marks"], list(topics))
    assert row is not None  # no FROM: one row always
    return Marks(*row)


async def unsent_since(conn: Connection) -> datetime | None:
    """Since when the oldest page that nobody has taken was to be sent; None: all were."""
    at: datetime | None = await conn.fetchval(_SQL["unsent_since"])
    return at
