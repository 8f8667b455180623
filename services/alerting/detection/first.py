"""Step 7, its last part: of all instances one shows the open causes and saves the memory.

In:  what the tail hands over after a tick. Out: rows, replaced when they change; metrics of
channels. Before: `tail.py`, which never waits for this. After: `bongsu status`, boards, restarts.
Whoever's turn it is keeps it by writing every two seconds, else another takes it after ten.
"""

import asyncio
import contextlib
import time
from uuid import uuid4

import structlog

from services.alerting.database import asked
from services.alerting.detection import standing
from services.alerting.detection.detector import Detector, Memory
from services.alerting.metrics import Metrics
from services.runtime.errors import Retry
from services.runtime.ops import Health
from services.runtime.retry import pause
from services.storage import detector as storage
from services.storage.detector import Cause
from services.storage.pool import Connection, Pool, transaction

EVERY_S, RENEWED_S, SAVED_S = 0.5, 2.0, 10.0
_log = structlog.get_logger()


class First:
    """`tell` after every tick; `run` writes while it is our turn. `mine`: is it?"""

    def __init__(self, pool: Pool, instance: str, metrics: Metrics, health: Health) -> None:
        self._pool, self._metrics, self._health = pool, metrics, health
        self._me = f"{instance}/{uuid4().hex[:8]}"  # two instances may have been given one name
        self.mine = False
        self._told: tuple[Memory, tuple[Cause, ...]] | None = None
        self._written: tuple[Cause, ...] | None = None
        self._renewed = self._saved = float("-inf")
        self._laws_of: int | None = None

    def tell(self, detector: Detector) -> None:
        """What stands after a tick; only the newest counts."""
        self._told = detector.memory(), standing.causes(detector)
        self._show(detector)

    async def run(self, stopping: asyncio.Event) -> None:
        """Write until `stopping`; then the turn is given back."""
        while not stopping.is_set():
            if self._told is not None and self._due(self._told[1]):
                await self._turn(*self._told)
            await pause(stopping, EVERY_S)
        with contextlib.suppress(Retry), asked(self._health):
            async with transaction(self._pool) as conn:
                await storage.give_back(conn, self._me)

    def _due(self, causes: tuple[Cause, ...]) -> bool:
        changed = self.mine and causes != self._written
        return changed or time.monotonic() - self._renewed >= RENEWED_S

    async def _turn(self, memory: Memory, causes: tuple[Cause, ...]) -> None:
        before, self._renewed = self.mine, time.monotonic()
        try:
            with asked(self._health):
                async with transaction(self._pool) as conn:
                    at = standing.at(memory.at)
                    self.mine = await storage.take_turn(conn, self._me, at)
                    if self.mine:
                        await self._write(conn, memory, causes)
        except Exception as error:
            self._lose()
            if not isinstance(error, Retry):
                raise
        if not self.mine:
            self._lose()
        if self.mine is not before:
            _log.info("verdicts are written here" if self.mine else "another writes the verdicts")

    def _lose(self) -> None:
        """What was written nobody knows, nor whether the turn is still ours."""
        self.mine, self._saved = False, float("-inf")
        self._written, self._laws_of = None, None

    async def _write(self, conn: Connection, memory: Memory, causes: tuple[Cause, ...]) -> None:
        if causes != self._written:
            await storage.replace_causes(conn, causes)
        if time.monotonic() - self._saved >= SAVED_S:
            await storage.save(conn, standing.dumped(memory))
            if memory.learnt_at != self._laws_of:
                laws = standing.laws_of(memory.learnt)
                await storage.save_laws(conn, memory.learnt_at, laws)
            self._saved, self._laws_of = time.monotonic(), memory.learnt_at
        self._written = causes

    def _show(self, detector: Detector) -> None:
        self._metrics.channel_state.clear()
        self._metrics.candidates.clear()
        self._metrics.usual.clear()
        if not self.mine:
            return
        for labels, state in standing.pairs(detector).items():
            self._metrics.channel_state.labels(*labels).set(state)
        for channel, seconds in standing.usual(detector).items():
            self._metrics.usual.labels(channel).set(seconds)
        for labels, count in standing.candidates(detector.state).items():
            self._metrics.candidates.labels(*labels).set(count)
