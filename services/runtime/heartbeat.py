"""The sign of life of a process: a record every few seconds, for as long as it can reach Kafka.

Without it silence of others could not be told from our own deafness. After: the sink's liveness.
"""

import asyncio
from collections.abc import Callable

import structlog

from services.contracts.codec import encode
from services.contracts.evidence import Heartbeat
from services.contracts.topics import HEARTBEATS
from services.runtime.clock import Clock
from services.runtime.errors import Retry
from services.runtime.kafka import Publisher
from services.runtime.ops import Health
from services.runtime.retry import pause

# Ready means a turn within 10 s: a beat every 10 s sharp would sometimes be late.
EVERY_S, AGAIN_S = 9.0, 1.0
_log = structlog.get_logger()


async def beat(
    source: str,
    reached: Callable[[], tuple[str, ...]],
    publisher: Publisher,
    clock: Clock,
    health: Health,
    sent: Callable[[], None],
    stopping: asyncio.Event,
    every_s: float = EVERY_S,
) -> None:
    """Send heartbeats until `stopping`; `sent` is called after each that Kafka has.

    One that Kafka does not take is not sent later, for it would claim a sign of life for another
    minute: a new one goes soon. `reached` lists who answered since it was last asked.
    """
    while not stopping.is_set():
        wait_s = every_s
        try:
            record = Heartbeat(source=source, at=clock.now(), reached=reached())
            await publisher.send(HEARTBEATS, encode(record))
            sent()
        except Retry as error:
            wait_s = min(every_s, AGAIN_S)
            _log.warning("heartbeat not sent", reason=error.reason)
        health.turn("heartbeat")
        await pause(stopping, wait_s)
