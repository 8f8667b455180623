"""Tells a provider's customer of results: posts to ingest until it takes them, within bounds.

In:  webhooks of a front end, as results come to be; proofs. Out: POST <ingest_url>/reports/….
Before: `nhn.py`, `control_room.py`. After: ingest.
No provider documents how often it tries, how long it waits and which answers it takes for a yes:
here a webhook is posted four times at most, with pauses of 0.5, 2 and 8 seconds, each time for 5
seconds, until the answer is a 2xx.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field

from simulators.carriage import utc_now

log = structlog.get_logger()

QUEUE_LIMIT = 5_000
AT_ONCE = 32
TRIES, PAUSE_GROWS = 4, 4
TIMEOUT = aiohttp.ClientTimeout(total=5)


class WebhookMode(BaseModel):
    """How results are told, for tests."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    on: bool = True
    delay_s: float = Field(0, ge=0, le=3_600)
    repeats: int = Field(0, ge=0, le=10)
    """How often more each result is told, though it was taken."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One result to be told. `body` is made anew for each post, as posts have ids of their own."""

    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: Callable[[], Mapping[str, object]] = field(repr=False)
    due: datetime
    times: int = 1


class Webhooks:
    """What is to be told. Bounded: what does not fit is dropped, and look-ups still tell it."""

    def __init__(self, ingest_url: str, first_pause_s: float = 0.5) -> None:
        self._base, self._first_pause_s = ingest_url.rstrip("/"), first_pause_s
        self._waiting: asyncio.Queue[Webhook] = asyncio.Queue(QUEUE_LIMIT)

    def tell(self, webhook: Webhook) -> None:
        try:
            self._waiting.put_nowait(webhook)
        except asyncio.QueueFull:
            log.warning("a webhook is dropped, too many wait", path=webhook.path)

    async def serve(self, stop: asyncio.Event) -> None:
        """Post until `stop`; what is under way then is dropped."""
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=TIMEOUT) as session,
            asyncio.TaskGroup() as tasks,
        ):
            workers = [tasks.create_task(self._work(session)) for _ in range(AT_ONCE)]
            await stop.wait()
            for worker in workers:
                worker.cancel()

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while True:
            webhook = await self._waiting.get()
            await asyncio.sleep((webhook.due - utc_now()).total_seconds())
            for _ in range(webhook.times):
                await self._until_taken(session, webhook)

    async def _until_taken(self, session: aiohttp.ClientSession, webhook: Webhook) -> None:
        for failures in range(TRIES):
            if failures:
                await asyncio.sleep(self._first_pause_s * PAUSE_GROWS ** (failures - 1))
            if await self._post(session, webhook):
                return
        log.warning("a webhook is dropped after its last try", path=webhook.path)

    async def _post(self, session: aiohttp.ClientSession, webhook: Webhook) -> bool:
        headers = {"Content-Type": "application/json;charset=UTF-8", **webhook.headers}
        data = orjson.dumps(webhook.body())
        try:
            async with session.post(
                self._base + webhook.path, data=data, headers=headers, allow_redirects=False
            ) as said:
                return 200 <= said.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
