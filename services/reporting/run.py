"""The reporting process in motion: a round each minute, and a pulse that says whether it could.

In:  settings. Out: nothing of its own. Before: `__main__.py`. After: `round.py`, `upkeep.py`.
Each round has a session of its own: what holds the turn is gone with it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import uuid4

import structlog

from services.contracts import topics
from services.reporting import upkeep
from services.reporting.mailing import Mailing
from services.reporting.metrics import Metrics
from services.reporting.round import Rounds
from services.reporting.settings import ReportingSettings
from services.runtime.errors import Retry, Stop
from services.runtime.kafka import Address, partition_count
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause
from services.storage import errors, migrate, months
from services.storage.leader import Deposed
from services.storage.pool import ACQUIRE_S, CLOSE_S, Connection, open_pool

EVERY_S, PULSE_S, ANSWER_S = 60.0, 5.0, 3.0
# Below the server's bound of the report's role. An instance that was stopped in the midst of a body
# loses its session, and with it the turn; what it writes then names an epoch that is over.
STATEMENT_S, IDLE_S = 55.0, 120
_log = structlog.get_logger()


async def rounds(
    settings: ReportingSettings, address: Address, metrics: Metrics, stopping: asyncio.Event
) -> None:
    """A round each minute, until `stopping`. Raises Stop when the schema is not there."""
    partitions = await _partitions(address, stopping)
    holder = f"{settings.instance}/{uuid4().hex[:8]}"
    work, chores = Rounds(holder, metrics, partitions), upkeep.Chores(holder, metrics)
    mailing = Mailing(holder, settings)
    dsn, backoff = settings.postgres.get_secret_value(), Backoff(cap_s=EVERY_S)
    while not stopping.is_set():
        try:
            async with _session(dsn) as conn:
                await work.go(conn, stopping)
                await mailing.go(conn, stopping)
                await chores.go(conn, stopping)
            backoff.reset()
            await pause(stopping, EVERY_S)
        except errors.StorageRefused as error:
            raise Stop("schema", str(error)) from None
        except Deposed:
            _log.warning("another instance has the turn now")
        except Exception as error:
            if not errors.curable(error):
                raise
            _log.warning("Postgres does not answer", reason=str(error) or type(error).__name__)
            await pause(stopping, backoff.next_s())


async def pulse(settings: ReportingSettings, health: Health, stopping: asyncio.Event) -> None:
    """Ask Postgres for the time: is there somebody to seal with?"""
    health.needs("postgres")
    dsn = settings.postgres.get_secret_value()
    while not stopping.is_set():
        try:
            async with open_pool(
                dsn, role_label="reporting pulse", max_size=1, command_timeout_s=ANSWER_S
            ) as pool:
                while not stopping.is_set():
                    async with pool.acquire(timeout=ACQUIRE_S) as conn:
                        await months.now(conn)
                    health.answered("postgres")
                    health.turn("pulse")
                    await pause(stopping, PULSE_S)
        except Exception as error:
            if not errors.curable(error):
                raise
            health.silent("postgres", str(error) or type(error).__name__)
            health.turn("pulse")
            await pause(stopping, PULSE_S)


@contextlib.asynccontextmanager
async def _session(dsn: str) -> AsyncIterator[Connection]:
    async with open_pool(
        dsn, role_label="reporting", max_size=1, command_timeout_s=STATEMENT_S, idle_s=IDLE_S
    ) as pool:
        conn = await pool.acquire(timeout=ACQUIRE_S)
        try:
            await migrate.check(conn)
            yield conn
        finally:
            await pool.release(conn, timeout=CLOSE_S)  # frees the turn


async def _partitions(address: Address, stopping: asyncio.Event) -> dict[str, int]:
    """How many partitions must be stored up to a cutoff, by topic."""
    backoff = Backoff(cap_s=10.0)
    while not stopping.is_set():
        with contextlib.suppress(Retry):
            return {
                address.topic(topic): await partition_count(address, topic)
                for topic in (topics.EVIDENCE, topics.HEARTBEATS)
            }
        await pause(stopping, backoff.next_s())
    return {}
