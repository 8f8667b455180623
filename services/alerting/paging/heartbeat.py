"""The dead man's switch: an outside service hears that all of bongsu works, or it calls somebody.

In:  how far the newest canary, storing and the leader's detector are, as Postgres has it. Out: a
request to BONGSU_HEARTBEAT_URL, figures. Before: a worker announces canaries, step 6 stores them,
step 8 writes each tick. After: whoever waits for the request, outside.
Kept back as soon as any part is behind, and by Postgres itself when it is away: silence calls.
"""

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta

import aiohttp
import structlog

from services.alerting.database import asked
from services.alerting.metrics import Metrics
from services.alerting.settings import AlertingSettings
from services.alerting.storing.consumer import TOPICS
from services.runtime.errors import Retry
from services.runtime.http import Destination, open_session
from services.runtime.kafka import Address
from services.runtime.ops import Health
from services.runtime.retry import pause
from services.storage import canary
from services.storage.canary import Marks
from services.storage.pool import Pool, transaction

NAME = "heartbeat"
LOOK_EVERY_S = 3.0
WITHIN = aiohttp.ClientTimeout(total=5)  # readiness wants a turn within 10 s
# Taken out of a cache, an answer would say nothing.
HEADERS = {"Cache-Control": "no-cache"}
UNKNOWN = Marks(None, None, None)
_log = structlog.get_logger()


class Heartbeat:
    """The loop that looks, and tells the outside."""

    def __init__(
        self, settings: AlertingSettings, address: Address, pool: Pool, metrics: Metrics,
        health: Health,
    ) -> None:  # fmt: skip
        self._url = settings.heartbeat_url
        self._every_s = settings.heartbeat_every_s
        self._budget = timedelta(seconds=settings.heartbeat_budget_s)
        self._destination = settings.destinations.get(NAME, Destination())
        self._topics = [address.topic(topic) for topic in TOPICS]
        self._pool, self._metrics, self._health = pool, metrics, health
        self._told_at = float("-inf")
        self._kept_back: tuple[str, ...] = ()

    async def run(self, stopping: asyncio.Event) -> None:
        """Look every three seconds until `stopping`."""
        if self._url is not None:  # who never succeeds is to be missed, too
            self._metrics.heartbeat.set_to_current_time()
        async with open_session(self._destination, 1) as session:
            while not stopping.is_set():
                self._health.turn(NAME)
                marks = UNKNOWN
                with contextlib.suppress(Retry), asked(self._health):
                    marks = await self._look()
                await self._tell(session, behind(marks, datetime.now(UTC), self._budget))
                await pause(stopping, LOOK_EVERY_S)

    async def _look(self) -> Marks:
        async with transaction(self._pool) as conn:
            marks = await canary.marks(conn, self._topics)
            unsent = await canary.unsent_since(conn)
        waited = (datetime.now(UTC) - unsent).total_seconds() if unsent else 0.0
        self._metrics.oldest_unsent.set(max(0.0, waited))
        if marks.ticked is not None:
            self._metrics.selfcheck.labels("led").set(marks.ticked.timestamp())
        if (whole := whole_way(marks)) is not None:
            self._metrics.selfcheck.labels("whole_way").set(whole.timestamp())
        return marks

    async def _tell(self, session: aiohttp.ClientSession, late: tuple[str, ...]) -> None:
        if late != self._kept_back:
            self._kept_back = late
            _log.warning("the heartbeat is kept back" if late else "all goes its way", behind=late)
        if self._url is None or late or time.monotonic() - self._told_at < self._every_s:
            return
        refusal = await _ask(session, self._url.get_secret_value(), self._destination.proxy)
        if refusal is None:
            self._told_at = time.monotonic()
            self._metrics.heartbeat.set_to_current_time()
        else:
            _log.warning("the heartbeat is not taken", reason=refusal)


def whole_way(marks: Marks) -> datetime | None:
    """Up to when all that was announced is stored and detected; None: never yet. Pure."""
    known = [mark for mark in marks if mark is not None]
    return min(known) if len(known) == len(marks) else None


def behind(marks: Marks, now: datetime, budget: timedelta) -> tuple[str, ...]:
    """The marks that are further back than the budget, by name. Pure."""
    found = marks._asdict().items()
    return tuple(name for name, at in found if at is None or now - at > budget)


async def _ask(session: aiohttp.ClientSession, url: str, proxy: str | None) -> str | None:
    """Why it is not taken, without the address: that is a secret; None: it is."""
    try:
        request = session.get(
            url, proxy=proxy, timeout=WITHIN, headers=HEADERS, allow_redirects=False
        )
        async with request as answer:
            return None if answer.status // 100 == 2 else f"status {answer.status}"
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return type(error).__name__
