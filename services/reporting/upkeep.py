"""What is done beside sealing: each hour, and each night in Korea.

In:  a connection. Out: drafts of corrections where late evidence would change a closed month; what
else is kept for reports. One instance at a time, by the turn of whoever seals; done again after a
restart, it changes nothing.
Before: `run.py`. After: whoever proposes the correction that a draft shows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from services.reporting import drafts, rollups
from services.reporting.metrics import Metrics
from services.reporting.round import turn
from services.storage import errors, months
from services.storage.pool import Connection

Chore = Callable[[Connection, datetime], Awaitable[None]]
_NIGHT = timedelta(hours=3)
_KST = ZoneInfo("Asia/Seoul")
_log = structlog.get_logger()


class Chores:
    """`go` does what its hour, or night, has not seen yet."""

    def __init__(
        self,
        holder: str,
        metrics: Metrics,
        hourly: Sequence[Chore] = (rollups.keep,),
        nightly: Sequence[Chore] = (drafts.look,),
    ) -> None:
        self._holder, self._metrics = holder, metrics
        self._hourly, self._nightly = hourly, (*nightly, self._check)
        self._done: dict[Chore, str] = {}

    async def go(self, conn: Connection, stopping: asyncio.Event) -> None:
        """Raises what a repeat can cure; what is left is done in the next round."""
        at = await months.now(conn)
        hour, night = f"{at:%Y-%m-%d %H}", f"{(at.astimezone(_KST) - _NIGHT):%Y-%m-%d}"
        due = [(c, hour) for c in self._hourly] + [(c, night) for c in self._nightly]
        open_ = [(chore, when) for chore, when in due if self._done.get(chore) != when]
        if not open_ or await turn(conn, self._holder) is None:
            return
        try:
            for chore, when in open_:
                if stopping.is_set():
                    return
                await self._one(chore, conn, at)
                self._done[chore] = when
        finally:
            await months.give_turn(conn)

    async def _one(self, chore: Chore, conn: Connection, at: datetime) -> None:
        """What fails is told, and done again at its next hour or night: no month waits for it."""
        try:
            await chore(conn, at)
        except Exception as error:
            if errors.curable(error) or conn.is_closed():
                raise
            _log.exception("a chore of reporting failed", chore=chore.__qualname__)

    async def _check(self, conn: Connection, at: datetime) -> None:
        """Another day each night, whichever instance looks."""
        found = await rollups.check(conn, at.toordinal())
        self._metrics.rollup_differences.inc(len(found))
