"""Who leads: of all instances the one that holds the lock writes incidents and asks for probes.

In:  a connection of its own, pinged every two seconds. Out: `epoch`, the number its writes name;
None while another leads or Postgres is away. Before: the pool. After: `incidents/writing.py`.
Killed: the session ends with it and another leads within seconds. Stopped: the server ends the
session after ten idle seconds; what it writes when it goes on names an epoch that is over.
One whose detector stands still, for Kafka is away from it alone, gives way to one that ticks.
"""

import asyncio
import contextlib
from uuid import uuid4

import structlog

from services.alerting.database import asked
from services.runtime.errors import Retry
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause
from services.storage import leader as storage
from services.storage.pool import ACQUIRE_S, CLOSE_S, Connection, open_pool

LOOP = "leader"
TRY_S, PING_S, IDLE_S, ANSWER_S = 1.0, 2.0, 10, 4.0
_log = structlog.get_logger()


class Leader:
    """`run` holds the lock while it can."""

    def __init__(self, dsn: str, instance: str, health: Health) -> None:
        self._dsn, self._health = dsn, health
        self._me = f"{instance}/{uuid4().hex[:8]}"  # two instances may have been given one name
        self.epoch: int | None = None
        self.ticks = True  # until the detector is known to stand still
        self._deposed = asyncio.Event()

    def depose(self) -> None:
        """A write was refused: another leads."""
        self.epoch = None
        self._deposed.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Lead, or stand by, until `stopping`; then the lock is free for another at once."""
        backoff = Backoff(cap_s=2.0)
        while not stopping.is_set():
            with contextlib.suppress(Retry):
                await self._session(stopping, backoff)
            self._health.turn(LOOP)
            await pause(stopping, backoff.next_s())

    async def _session(self, stopping: asyncio.Event, backoff: Backoff) -> None:
        self._deposed.clear()
        try:
            with asked(self._health):
                async with open_pool(
                    self._dsn, role_label="leader", max_size=1, command_timeout_s=ANSWER_S,
                    idle_s=IDLE_S,
                ) as pool:  # fmt: skip
                    conn = await pool.acquire(timeout=ACQUIRE_S)
                    try:
                        await self._stand_by(conn, stopping)
                        backoff.reset()
                        await self._lead(conn, stopping)
                    finally:
                        await pool.release(conn, timeout=CLOSE_S)  # frees the lock
        finally:
            if self.epoch is not None:
                _log.info("leads no more", epoch=self.epoch)
            self.epoch = None

    async def _stand_by(self, conn: Connection, stopping: asyncio.Event) -> None:
        while not stopping.is_set() and not await storage.try_lock(conn, self.ticks):
            self._health.turn(LOOP)
            await pause(stopping, TRY_S)

    async def _lead(self, conn: Connection, stopping: asyncio.Event) -> None:
        if stopping.is_set():
            return
        self.epoch = await storage.begin_epoch(conn, self._me)
        _log.info("leads", epoch=self.epoch)
        while not stopping.is_set() and not self._deposed.is_set():
            await storage.ping(conn)
            if not self.ticks and await storage.others_tick(conn):
                _log.warning("gives way: the detector stands still", epoch=self.epoch)
                return
            self._health.turn(LOOP)
            await pause(stopping, PING_S)
