"""The storing half put together: steps 5 and 6, the sweep, and what keeps the tables in order."""

import asyncio

import structlog

from services.alerting.metrics import Metrics
from services.alerting.settings import AlertingSettings
from services.alerting.storing.consumer import TOPICS, Consumer
from services.alerting.storing.deadletters import DeadLetters
from services.alerting.storing.lag import watch_lag
from services.alerting.storing.owned import Owned
from services.alerting.storing.revisions import keep_revisions
from services.alerting.storing.sweep import Sweep
from services.alerting.storing.upkeep import keep_partitions
from services.contracts.topics import ALL
from services.runtime.kafka import Address, Publisher, wait_for_topics
from services.runtime.kafka_readers import GroupReader
from services.runtime.ops import Health
from services.runtime.retry import until
from services.storage.pool import Pool

GROUP = "store"
FINISH_WITHIN_S = 4.0
_log = structlog.get_logger()


async def store(
    settings: AlertingSettings, address: Address, pool: Pool, publisher: Publisher,
    metrics: Metrics, health: Health, stopping: asyncio.Event,
) -> None:  # fmt: skip
    """Store until `stopping`; the batch under way is finished. Raises Stop when a person must mend
    something: topics that could lose records, too many dead letters, a log that was made anew."""
    owned, key = Owned(address), settings.content_key.get_secret_value().encode()
    letters = DeadLetters(publisher, metrics, key, settings.dead_letters_per_minute)
    consumer = Consumer(owned, pool, letters, metrics, health)
    reader = GroupReader(address, GROUP, TOPICS, consumer, health)
    await wait_for_topics(address, ALL, stopping)
    loops = {
        "storing": reader.run(stopping),
        "sweep": Sweep(owned, pool, metrics, health).run(stopping),
        "lag": watch_lag(owned, TOPICS, GROUP, metrics, stopping),
        "revisions": keep_revisions(address, pool, health, stopping),
        "upkeep": keep_partitions(pool, settings.retention_days, metrics, health, stopping),
    }
    async with asyncio.TaskGroup() as tasks:
        for name, loop in loops.items():
            tasks.create_task(until(stopping, loop, FINISH_WITHIN_S), name=name)
