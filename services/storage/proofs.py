"""Proofs of paths in Postgres: when each was asked whether it works, and last did.

In:  paths, what a notifier answered; attempts of proof probes, what came back. Out: the newest of
each path.
Any instance asks: whoever claims a path does.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from services.contracts.oncall import How
from services.storage import queries
from services.storage.pool import Connection


class Proof(NamedTuple):
    """`how`: seen at its test receiver, come back, or accepted only, where it has neither.
    `detail`: why the newest try came to nothing."""

    path: str
    asked_at: datetime
    proven_at: datetime | None
    how: How | None
    detail: str | None


_SQL = queries.load("proofs.sql")


async def claim(conn: Connection, paths: Sequence[str], every: timedelta) -> dict[str, datetime]:
    """Those of these paths that nobody asked for so long, to be asked by us: path → slot."""
    return {row["path"]: row["asked_at"] for row in await conn.fetch(_SQL["claim"], paths, every)}


async def answered(
    conn: Connection, path: str, slot: datetime, proven: bool, detail: str | None
) -> None:
    """What came of asking; `proven`: the answer is all there will be, and it is yes."""
    await conn.execute(_SQL["answered"], path, slot, proven, detail)


async def see(conn: Connection) -> None:
    """Take down what test receivers saw, and what came back."""
    await conn.execute(_SQL["see"])
    await conn.execute(_SQL["see_returned"])


async def listed(conn: Connection) -> list[Proof]:
    """Every path that was ever asked, by id."""
    return [Proof(*row) for row in await conn.fetch(_SQL["listed"])]
