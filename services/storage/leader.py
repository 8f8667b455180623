"""One leader at a time: the lock it holds, and the epoch that fences its writes.

In:  a connection that pings (the lock is the session's), a transaction that writes. Out: the
epoch; whether it still is the one in force. Source: Kleppmann 2016 on fencing tokens.
A stopped leader keeps its session until the server ends it for being idle; what it writes after
that names an epoch that is over.
"""

from datetime import datetime

from services.storage import queries
from services.storage.pool import Connection

_SQL = queries.load("leader.sql")


class Deposed(Exception):
    """Another leads: nothing of this transaction may be kept."""


async def try_lock(conn: Connection, ticks: bool) -> bool:
    """Is the lock ours now? It stays so until the session ends. Whose detector stands still leaves
    it to those whose does not."""
    await conn.execute(_SQL["forget_locks"])
    if ticks:
        await conn.execute(_SQL["show_ticks"])
    elif await others_tick(conn):
        return False
    locked: bool = await conn.fetchval(_SQL["try_lock"])
    return locked


async def others_tick(conn: Connection) -> bool:
    """Is there another session whose detector goes on?"""
    found: bool = await conn.fetchval(_SQL["others_tick"])
    return found


async def begin_epoch(conn: Connection, holder: str) -> int:
    """The number of a new epoch; all before it can write no more."""
    epoch: int = await conn.fetchval(_SQL["begin_epoch"], holder)
    return epoch


async def ping(conn: Connection) -> None:
    """Keep the session from being idle."""
    await conn.fetchval(_SQL["ping"])


async def hold(conn: Connection, epoch: int, ticked_at: datetime | None) -> None:
    """Begin a transaction that writes; None: there was no new tick. Raises Deposed when the epoch
    is over."""
    if await conn.fetchval(_SQL["hold_epoch"], epoch, ticked_at) is None:
        raise Deposed(f"epoch {epoch} is over")


async def await_writes(conn: Connection, epoch: int) -> None:
    """Begin a transaction that reads what stands: no write of this epoch is under way. Raises
    Deposed when the epoch is over."""
    if await conn.fetchval(_SQL["await_writes"], epoch) is None:
        raise Deposed(f"epoch {epoch} is over")


async def ticked_at(conn: Connection) -> datetime | None:
    """When a leader's detector ticked last; None: never."""
    at: datetime | None = await conn.fetchval(_SQL["ticked_at"])
    return at
