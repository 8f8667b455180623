"""Connections to Postgres in which every wait has an end.

In: a DSN and who asks. Out: a pool of connections to a server that takes writes, in UTC, and
transactions on them. A connection in doubt is cut off, never handed on: a frozen server would hold
a polite close for ever.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from services.storage.errors import distrusted

if TYPE_CHECKING:
    Row: TypeAlias = asyncpg.Record
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )
else:
    Row, Pool, Connection = asyncpg.Record, asyncpg.Pool, asyncpg.Connection

CONNECT_S = 3.0
ACQUIRE_S = 5.0
CLOSE_S = 2.0


@asynccontextmanager
async def open_pool(
    dsn: str,
    *,
    role_label: str,
    min_size: int = 1,
    max_size: int = 4,
    command_timeout_s: float = 10.0,
    idle_s: int | None = None,
) -> AsyncIterator[Pool]:
    """A pool for one process; `role_label` is what the server shows as its name. The server ends a
    session that is idle for `idle_s`.

    Raises what `errors.curable` knows when no server that takes writes answers in time.
    """
    pool = asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        timeout=CONNECT_S,
        command_timeout=command_timeout_s,
        target_session_attrs=SessionAttribute.primary,  # never a standby; a role may be read-only
        server_settings=_session(role_label, command_timeout_s, idle_s),
    )
    try:
        await pool
        yield pool
    finally:
        await _close(pool)


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """One transaction: committed at the end of the block, rolled back on any error.

    After an error that leaves the connection in doubt it is terminated. Of an error of the commit
    itself nobody knows what became: read what was to be written before you repeat.
    """
    conn = await pool.acquire(timeout=ACQUIRE_S)
    change = conn.transaction()
    try:
        await change.start()
        try:
            yield conn
        except BaseException as error:
            if not distrusted(error) and not conn.is_closed():
                # The error that ends the block is the one to tell of, not one of the rollback.
                with contextlib.suppress(asyncpg.InterfaceError, asyncpg.PostgresError, OSError):
                    await change.rollback()
            raise
        await change.commit()
    except (OSError, asyncpg.PostgresError) as error:  # TimeoutError is an OSError
        if distrusted(error):
            conn.terminate()
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
            await pool.expire_connections()  # the others lead to the same standby
        raise
    finally:
        await pool.release(conn, timeout=CLOSE_S)


@asynccontextmanager
async def part(conn: Connection) -> AsyncIterator[None]:
    """A part of a transaction: an error in the block undoes the block, and the rest can be kept."""
    async with conn.transaction():
        yield


@asynccontextmanager
async def snapshot(conn: Connection) -> AsyncIterator[None]:
    """A transaction that sees the database as it is now, whatever is written meanwhile."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        yield


def _session(label: str, command_timeout_s: float, idle_s: int | None) -> dict[str, str]:
    milliseconds = str(int(command_timeout_s * 1000))
    bounded = {"idle_session_timeout": f"{idle_s}s"} if idle_s else {}
    return bounded | {
        "application_name": f"bongsu {label}",
        "timezone": "UTC",
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
        "client_min_messages": "warning",
        # A plan that fits every id opens and locks every day's partition.
        "plan_cache_mode": "force_custom_plan",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    }


async def _close(pool: Pool) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await pool.close()
    except TimeoutError:
        pool.terminate()
