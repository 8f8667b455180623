"""What is done beside sealing: each hour, and each night in Korea.

In:  a connection. Out: drafts of corrections where late evidence would change a closed month; what
else is kept for reports. One instance at a time, by the turn of whoever seals; done again after a
restart, it changes nothing.
Before: `run.py`. After: whoever proposes the correction that a draft shows.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.reporting import drafts, rollups
from services.reporting.metrics import Metrics
from services.reporting.round import turn
from services.storage import months
from services.storage.pool import Connection

Chore = Callable[[Connection, datetime], Awaitable[None]]
_NIGHT = timedelta(hours=3)
_KST = ZoneInfo("Asia/Seoul")


class Chores:
    """`go` does what its hour, or night, has not seen yet."""

    def __init__(self, holder: str, metrics: Metrics) -> None:
        self._holder, self._metrics = holder, metrics
        self._hourly: tuple[Chore, ...] = (rollups.keep,)
        self._nightly: tuple[Chore, ...] = (drafts.look, self._check)
        self._done: dict[Chore, str] = {}

    async def go(self, conn: Connection, stopping: asyncio.Event) -> None:
        """Raises what a connection in doubt raises; what is left is done in the next round."""
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
                await chore(conn, at)
                self._done[chore] = when
        finally:
            await months.give_turn(conn)

    async def _check(self, conn: Connection, at: datetime) -> None:
        """Another day each night, whichever instance looks."""
        found = await rollups.check(conn, at.toordinal())
        self._metrics.rollup_differences.inc(len(found))
