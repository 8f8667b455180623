"""The detector's memory and its open causes: what one instance writes, what all of them load.

In:  rows from `alerting/detection/standing.py`. Out: the same rows; for people, what stands now.
A transaction that writes begins with `take_turn`, which also holds off every other writer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.storage import queries
from services.storage.pool import Connection

_SQL = queries.load("detector.sql")


class Cause(NamedTuple):
    """An open incident, or a fault of bongsu itself (`monitor`). `gain` and `margin` in nats;
    `rival`: what it could not be told from when it opened."""

    component: str
    monitor: bool
    hypothesis: str
    since: datetime
    opened_at: datetime
    gain: float
    failed: int
    total: int
    margin: float | None
    rival: str | None
    alike: list[str]
    routes: list[str]
    notes: list[str]


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


class Standing(NamedTuple):
    """What is open, and when the detector ticked last (None: never)."""

    causes: list[Cause]
    ticked_at: datetime | None


async def take_turn(conn: Connection, writer: str, ticked_at: datetime) -> bool:
    """Write for the next 10 s; False while another does."""
    return await conn.fetchval(_SQL["take_turn"], writer, ticked_at) is not None


async def give_back(conn: Connection, writer: str) -> None:
    """End our turn, if it is ours."""
    await conn.execute(_SQL["give_back"], writer)


async def replace_causes(conn: Connection, causes: Sequence[Cause]) -> None:
    """What is open now."""
    await conn.execute(_SQL["forget_causes"])
    await conn.copy_records_to_table("detector_cause", records=causes, columns=Cause._fields)


async def save(conn: Connection, memory: str) -> None:
    """The memory, but for its laws."""
    await conn.execute(_SQL["save_memory"], memory)


async def save_laws(conn: Connection, learnt_at: int, laws: Sequence[Law]) -> None:
    """The laws of the newest tables."""
    await conn.execute(_SQL["save_laws"], learnt_at)
    await conn.execute(_SQL["forget_laws"])
    await conn.copy_records_to_table("detector_law", records=laws, columns=Law._fields)


async def load(conn: Connection) -> Saved | None:
    """The memory; None before the first."""
    row = await conn.fetchrow(_SQL["load_memory"])
    if row is None:
        return None
    laws = [Law(*found) for found in await conn.fetch(_SQL["load_laws"])]
    return Saved(row["memory"], row["learnt_at"], laws)


async def standing(conn: Connection) -> Standing:
    """What `bongsu status` and the live table show."""
    found = [Cause(*row) for row in await conn.fetch(_SQL["causes"])]
    return Standing(found, await conn.fetchval(_SQL["ticked_at"]))
