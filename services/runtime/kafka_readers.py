"""Readers of topics: `GroupReader` shares partitions with its peers, `follow` reads a whole topic.

Offsets are the handler's: it says where each partition starts (Postgres, not Kafka) and moves them
with its results. Kafka's own commit only feeds lag displays.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from services.contracts.topics import Topic
from services.runtime.errors import Retry
from services.runtime.kafka import Address
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause

POLL_MS = 200
MOST_RECORDS = 5_000
STOP_WITHIN_S = 3.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = structlog.get_logger()

Partition = tuple[str, int]  # full topic name, number


@dataclass(frozen=True, slots=True)
class Fetched:
    """One record as read; `known_at` is the broker's append time on evidence and heartbeats."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    known_at: datetime


class Handler(Protocol):
    """What a group's member does. Any method may raise Retry: the reader goes back and repeats."""

    async def assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int | None]:
        """Partitions came: the offset to start each at; None = where Kafka's commit says."""
        ...

    async def revoked(self, partitions: Collection[Partition]) -> None:
        """Partitions go: finish and forget what belongs to them."""
        ...

    async def handle(self, records: Mapping[Partition, list[Fetched]]) -> None:
        """Records in order by partition. On return they are done with."""
        ...

    async def idle(self, stored: Mapping[Partition, datetime]) -> None:
        """Partitions that had no record left, with the moment their end was looked up."""
        ...


class GroupReader:
    """One member of a consumer group; `run` ends only with `stopping`."""

    def __init__(
        self,
        address: Address,
        group: str,
        topics: Collection[Topic],
        handler: Handler,
        health: Health,
        from_latest: bool = False,
    ) -> None:
        self._address, self._group, self._handler = address, group, handler
        self._topics = [address.topic(topic) for topic in topics]
        self._health, self._from_latest = health, from_latest
        self._name = f"read:{group}"
        self._unstarted: Exception | None = None
        health.needs(self._name)

    async def run(self, stopping: asyncio.Event) -> None:
        """Join, poll, hand over; rebuild the consumer whenever it fails."""
        backoff = Backoff(cap_s=2.0)
        while not stopping.is_set():
            consumer = self._build()
            try:
                await self._life(consumer, stopping, backoff)
            except (KafkaError, OSError, TimeoutError, Retry) as error:
                self._health.silent(self._name)
                _log.warning("group reader starts over", group=self._group, reason=str(error))
                # Peers own them from now on, and no rebalance will tell this handler.
                with contextlib.suppress(Retry):
                    await self._handler.revoked(_names(consumer.assignment()))
                await pause(stopping, backoff.next_s())
            finally:
                await _close(consumer)

    def _build(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._address.options,
            group_id=f"{self._address.prefix}-{self._group}",
            enable_auto_commit=False,  # offsets move with the results, not with the clock
            auto_offset_reset="latest" if self._from_latest else "earliest",
            session_timeout_ms=6_000,  # a dead member's partitions move within 2 × this
            heartbeat_interval_ms=500,  # a join waits for the next heartbeat of each member
            max_poll_interval_ms=60_000,
            max_partition_fetch_bytes=4 * 1_048_576,
        )

    async def _life(
        self, consumer: AIOKafkaConsumer, stopping: asyncio.Event, backoff: Backoff
    ) -> None:
        async with asyncio.timeout(15):
            await consumer.start()
        self._unstarted = None
        consumer.subscribe(self._topics, listener=_Listener(self, consumer))
        while not stopping.is_set():
            fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
            if self._unstarted is not None:
                raise self._unstarted
            await self._one_turn(consumer, fetched)
            self._health.turn(self._name)
            backoff.reset()
        await self._handler.revoked(_names(consumer.assignment()))

    async def _one_turn(self, consumer: AIOKafkaConsumer, fetched: Any) -> None:
        records = {(tp.topic, tp.partition): [_read(r) for r in rs] for tp, rs in fetched.items()}
        if records:
            await self._handler.handle(records)
            await self._commit(consumer, fetched)
        started = consumer.assignment() - consumer.paused()
        await self._tell_idle(consumer, started - fetched.keys())
        self._health.answered(self._name)

    async def _tell_idle(self, consumer: AIOKafkaConsumer, quiet: set[TopicPartition]) -> None:
        """A partition whose position equals its end, asked for just now, holds nothing unread."""
        if not quiet:
            return
        asked_at = datetime.now(UTC)
        async with asyncio.timeout(5):
            ends = await consumer.end_offsets(list(quiet))
            stored = {
                (tp.topic, tp.partition): asked_at
                for tp, end in ends.items()
                if tp in consumer.assignment() and await consumer.position(tp) >= end
            }
        await self._handler.idle(stored)

    async def _commit(self, consumer: AIOKafkaConsumer, fetched: Any) -> None:
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(2):
                await consumer.commit({tp: rs[-1].offset + 1 for tp, rs in fetched.items()})

    async def on_assigned(
        self, consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
    ) -> None:
        """Start each partition where the handler says; nothing is handed over before that."""
        consumer.pause(*partitions)
        try:
            starts = await self._handler.assigned(_names(partitions))
        except Exception as error:
            # aiokafka only logs what a listener raises; the loop raises it again.
            self._unstarted = error
            return
        for (topic, number), offset in starts.items():
            if offset is not None:
                consumer.seek(TopicPartition(topic, number), offset)
        consumer.resume(*partitions)

    async def on_revoked(self, partitions: Collection[TopicPartition]) -> None:
        """Let the handler forget what others will own."""
        await self._handler.revoked(_names(partitions))


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, reader: GroupReader, consumer: AIOKafkaConsumer) -> None:
        self._reader, self._consumer = reader, consumer

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._reader.on_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        await self._reader.on_assigned(self._consumer, assigned)


async def follow(
    address: Address,
    topic: Topic,
    stopping: asyncio.Event,
    since: datetime | None = None,
) -> AsyncIterator[tuple[list[Fetched], bool]]:
    """Read every partition of a topic without a group, from the start or from `since`, for ever.

    Yields (records, caught up): caught up once everything that stood in the topic when reading
    began has been yielded. Raises Retry when Kafka is away.
    """
    consumer = AIOKafkaConsumer(**address.options, enable_auto_commit=False, group_id=None)
    try:
        async with asyncio.timeout(15):
            await consumer.start()
            parts = await _all_partitions(consumer, address.topic(topic))
            consumer.assign(parts)
            await _start_at(consumer, parts, since)
            ends = await consumer.end_offsets(parts)
        caught_up = False
        while not stopping.is_set():
            fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
            records = [_read(r) for rs in fetched.values() for r in rs]
            caught_up = caught_up or await _past(consumer, ends)
            yield records, caught_up
    except (KafkaError, OSError, TimeoutError) as error:
        raise Retry("kafka_away", f"Kafka does not answer: {error or 'time-out'}") from None
    finally:
        await _close(consumer)


async def partition_count(address: Address, topic: Topic) -> int:
    """How many partitions a topic really has. Raises Retry when Kafka is away or it is missing."""
    consumer = AIOKafkaConsumer(**address.options, group_id=None)
    try:
        async with asyncio.timeout(15):
            await consumer.start()
            return len(await _all_partitions(consumer, address.topic(topic)))
    except (KafkaError, OSError, TimeoutError) as error:
        raise Retry("kafka_away", f"Kafka does not answer: {error or 'time-out'}") from None
    finally:
        await _close(consumer)


async def offsets_since(
    address: Address, partitions: Collection[Partition], since: datetime
) -> dict[Partition, int]:
    """The offset of the first record appended at or after `since`, by partition; the partition's
    end where there is none. Raises Retry when Kafka is away."""
    consumer = AIOKafkaConsumer(**address.options, group_id=None)
    wanted = [TopicPartition(topic, number) for topic, number in partitions]
    try:
        async with asyncio.timeout(15):
            await consumer.start()
            ends = await consumer.end_offsets(wanted)
            found = await consumer.offsets_for_times(dict.fromkeys(wanted, _stamp(since)))
    except (KafkaError, OSError, TimeoutError) as error:
        raise Retry("kafka_away", f"Kafka does not answer: {error or 'time-out'}") from None
    finally:
        await _close(consumer)
    first = {tp: found[tp].offset if found.get(tp) else ends[tp] for tp in wanted}
    return {(tp.topic, tp.partition): offset for tp, offset in first.items()}


def _stamp(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


async def _all_partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    numbers = consumer.partitions_for_topic(topic)
    if not numbers:
        # Asking for one topic's metadata is how a client without a subscription learns of it.
        consumer._client.add_topic(topic)
        await consumer._client.force_metadata_update()
        numbers = consumer.partitions_for_topic(topic)
    if not numbers:
        raise Retry("topic_missing", f"topic {topic} does not exist: run `bongsu init`")
    return [TopicPartition(topic, number) for number in sorted(numbers)]


async def _start_at(
    consumer: AIOKafkaConsumer, parts: list[TopicPartition], since: datetime | None
) -> None:
    if since is None:
        await consumer.seek_to_beginning(*parts)
        return
    found = await consumer.offsets_for_times(dict.fromkeys(parts, _stamp(since)))
    for tp in parts:
        if found.get(tp) is None:
            await consumer.seek_to_end(tp)
        else:
            consumer.seek(tp, found[tp].offset)


async def _past(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    for tp, end in ends.items():
        if await consumer.position(tp) < end:
            return False
    return True


def _read(record: Any) -> Fetched:
    return Fetched(
        record.topic, record.partition, record.offset, record.key, record.value,
        tuple(record.headers), _EPOCH + timedelta(milliseconds=record.timestamp),
    )  # fmt: skip


def _names(partitions: Collection[TopicPartition]) -> list[Partition]:
    return [(tp.topic, tp.partition) for tp in partitions]


async def _close(consumer: AIOKafkaConsumer) -> None:
    with contextlib.suppress(TimeoutError, KafkaError, asyncio.CancelledError):
        async with asyncio.timeout(STOP_WITHIN_S):
            await consumer.stop()
