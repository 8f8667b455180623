"""Read whole topics side by side without a group, and say up to when all of them were read.

In:  topics, a moment to begin at. Out: records, and the moment up to which nothing is missing.
While it catches up, partitions are read in step, so that whoever reads keeps little of the past.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.contracts.topics import Topic
from services.runtime.kafka import Address, partition_count
from services.runtime.kafka_readers import (
    ANSWER_WITHIN_S,
    POLL_MS,
    START_WITHIN_S,
    Fetched,
    as_fetched,
    lone_consumer,
    seek,
)
from services.runtime.retry import pause

AT_ONCE = 2_000
LOOK_EVERY_S = 0.1
IN_STEP = timedelta(seconds=60)
SILENT_S = 10.0


class Read(NamedTuple):
    """Records in order by partition. Everything that was appended before `until` has been read;
    `live`: all that there was when reading began, too."""

    records: list[Fetched]
    until: datetime
    read_at: datetime
    live: bool


async def tail(
    address: Address, topics: Collection[Topic], since: datetime, stopping: asyncio.Event
) -> AsyncGenerator[Read]:
    """Read every partition from `since` on, for ever. Raises Retry when Kafka is away or silent."""
    parts = [
        TopicPartition(address.topic(topic), number)
        for topic in topics
        for number in range(await partition_count(address, topic))
    ]
    async with lone_consumer(address) as consumer:
        async with asyncio.timeout(START_WITHIN_S):
            consumer.assign(parts)
            await seek(consumer, parts, since)
        until, live = since, False
        while not stopping.is_set():
            looked_at = datetime.now(UTC)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                ends = await consumer.end_offsets(parts)
            async for records, reached in _up_to(consumer, ends, since):
                until = until if live else max(until, min(reached, looked_at))
                yield Read(records, until, datetime.now(UTC), live)
            until, live = looked_at, True
            yield Read([], until, looked_at, live)
            await pause(stopping, LOOK_EVERY_S)


async def _up_to(
    consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int], since: datetime
) -> AsyncIterator[tuple[list[Fetched], datetime]]:
    """Records until every partition has reached its end; with each, up to when none is missing,
    by the brokers' clocks."""
    reached, heard_at = dict.fromkeys(ends, since), time.monotonic()
    while behind := [tp for tp in ends if await consumer.position(tp) < ends[tp]]:
        last = min(reached[tp] for tp in behind)
        some = [tp for tp in behind if reached[tp] <= last + IN_STEP]
        fetched = await consumer.getmany(*some, timeout_ms=POLL_MS, max_records=AT_ONCE)
        if fetched:
            heard_at = time.monotonic()
        elif time.monotonic() - heard_at > SILENT_S:
            raise TimeoutError("records that are there do not come")
        records = [as_fetched(record) for found in fetched.values() for record in found]
        for record in records:
            reached[TopicPartition(record.topic, record.partition)] = record.known_at
        yield records, last
