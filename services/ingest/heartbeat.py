"""The sign of life of this process: without it, silent phones could not be told from a deaf ingest.

In:  time. Out: heartbeat `ingest/<instance>` each 10 s. After: the sink writes it to `liveness`.
"""

import asyncio

import structlog

from services.contracts.codec import encode
from services.contracts.evidence import Heartbeat
from services.contracts.topics import HEARTBEATS
from services.ingest.metrics import Metrics
from services.ingest.receive import Keeper, Publisher
from services.runtime.clock import Clock
from services.runtime.errors import Retry
from services.runtime.ops import Health
from services.runtime.retry import pause

# Ready means a turn within 10 s: a beat every 10 s sharp would sometimes be late.
EVERY_S, AGAIN_S = 9.0, 1.0
_log = structlog.get_logger()


async def beat(
    keeper: Keeper,
    publisher: Publisher,
    metrics: Metrics,
    clock: Clock,
    health: Health,
    stopping: asyncio.Event,
) -> None:
    """Send heartbeats until `stopping`; instead of one that Kafka did not take goes a new one."""
    while not stopping.is_set():
        wait = EVERY_S
        sign = Heartbeat(source=keeper.source, at=clock.now())
        try:
            await publisher.send(HEARTBEATS, encode(sign))
        except Retry as error:
            wait = AGAIN_S
            _log.warning("heartbeat not sent", reason=error.reason)
        else:
            metrics.selfcheck.labels("ingest_heartbeat").set(clock.now().timestamp())
        health.turn("heartbeat")
        await pause(stopping, wait)
