"""The detector's memory: what the leader saves, what every instance loads at its start.

In:  a memory as JSON, laws as rows. Out: the same.
A transaction that writes begins with `leader.hold`, which keeps every other writer off.
"""

from collections.abc import Sequence
from typing import NamedTuple

from services.storage import queries
from services.storage.pool import Connection

_SQL = queries.load("detector.sql")


class Law(NamedTuple):
    """Learnt counts of one class: arrivals by bin of their latency, and losses."""

    medium: str
    name: str
    arrived: list[float]
    lost: float


class Saved(NamedTuple):
    """A memory as it was saved; `learnt_at` in microseconds since 1970."""

    memory: str
    learnt_at: int
    laws: list[Law]


async def save(conn: Connection, memory: str) -> None:
    """The memory, but for its laws."""
    await conn.execute(_SQL["save_memory"], memory)


async def save_laws(conn: Connection, learnt_at: int, laws: Sequence[Law]) -> None:
    """The laws of the newest tables."""
    await conn.execute(_SQL["save_laws"], learnt_at)
    await conn.execute(_SQL["forget_laws"])
    await conn.copy_records_to_table("detector_table", records=laws, columns=Law._fields)


async def load(conn: Connection) -> Saved | None:
    """The memory; None before the first."""
    row = await conn.fetchrow(_SQL["load_memory"])
    if row is None:
        return None
    laws = [Law(*found) for found in await conn.fetch(_SQL["load_laws"])]
    return Saved(row["memory"], row["learnt_at"], laws)
