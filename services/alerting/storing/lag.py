"""How far storing is behind Kafka, asked of Kafka itself; beside step 5.

In: our places, and what the log holds. Out: figures for displays, and an end of the process when
the log is shorter than what is stored: then the topic was made anew, and every later record would
be taken for an old one or be missed.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog

from services.alerting.metrics import Metrics
from services.alerting.storing.owned import Owned
from services.contracts.topics import Topic
from services.runtime.errors import Retry, Stop
from services.runtime.kafka_readers import Partition, log_bounds
from services.runtime.retry import pause

EVERY_S = 10.0
_log = structlog.get_logger()


async def watch_lag(
    owned: Owned, topics: tuple[Topic, ...], group: str, metrics: Metrics, stopping: asyncio.Event
) -> None:
    """Look until `stopping`. Raises Stop for a log that ends before what is stored of it."""
    for topic in topics:
        metrics.lag_seconds.labels(topic.name, group).set_function(_seconds(owned, topic))
    while not stopping.is_set():
        # Before Kafka is asked: storing goes on meanwhile, but never backwards.
        stored = {p: place.next_offset or 0 for p, place in owned.places.items()}
        try:
            bounds = await log_bounds(owned.address, list(stored)) if stored else {}
        except Retry as error:
            _log.warning("lag cannot be told", reason=str(error))
        else:
            behind = records_behind(stored, {p: end for p, (_, end) in bounds.items()})
            for topic in topics:
                name = owned.address.topic(topic)
                count = sum(n for partition, n in behind.items() if partition[0] == name)
                metrics.lag_records.labels(topic.name, group).set(count)
        await pause(stopping, EVERY_S)


def records_behind(
    stored: Mapping[Partition, int], ends: Mapping[Partition, int]
) -> dict[Partition, int]:
    """Records of each partition that are not stored. Raises Stop where more is stored than there
    is. Pure."""
    for (topic, number), offset in stored.items():
        if offset > ends[topic, number]:
            raise Stop(
                "log_shorter",
                f"{topic}/{number} is stored up to offset {offset}, but ends at"
                f" {ends[topic, number]}: was the topic made anew? Then remove its rows in"
                " consumer_offset",
            )
    return {partition: ends[partition] - offset for partition, offset in stored.items()}


def _seconds(owned: Owned, topic: Topic) -> Callable[[], float]:
    return lambda: owned.seconds_behind(topic, datetime.now(UTC))
