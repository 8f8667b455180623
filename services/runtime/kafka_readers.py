"""Readers of topics: `GroupReader` shares partitions with its peers, `follow` reads a whole topic.

Offsets are the handler's: it says where each partition starts (Postgres, not Kafka) and moves them
with its results. Kafka's own commit only feeds lag displays.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from services.contracts.topics import Topic
from services.runtime.errors import Retry
from services.runtime.kafka import Address, partition_count
from services.runtime.ops import Health
from services.runtime.retry import Backoff, give_up_after, pause, until

POLL_MS = 200
MOST_RECORDS = 5_000
START_WITHIN_S = 15.0
ANSWER_WITHIN_S = 5.0
ASK_EVERY_S = 2.0
COMMIT_WITHIN_S = 1.0
STOP_WITHIN_S = 2.0
# A consumer that neither reads nor is at the end for so long is locked up: a new one is made.
STUCK_AFTER_S = 60.0
LOST_LOOKS = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = structlog.get_logger()

Partition = tuple[str, int]  # full topic name, number; what aiokafka names TopicPartition is one


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
    """What a group's member does. Its methods are never called at the same time. Any may raise
    Retry: after a pause every partition is revoked, assigned anew, and read again from there."""

    async def assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int | None]:
        """Partitions came: the offset to start each at; None = the first that was not handled,
        else where Kafka's commit says. An offset that retention took means the oldest there is."""
        ...

    async def revoked(self, partitions: Collection[Partition]) -> None:
        """Partitions go: finish and forget what belongs to them. May come twice."""
        ...

    async def handle(self, records: Mapping[Partition, list[Fetched]]) -> None:
        """Records in order by partition. On return they are done with. Must end within 60 s: the
        group gives the partitions to others then."""
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
    ) -> None:
        self._address, self._group, self._handler = address, group, handler
        self._topics = [address.topic(topic) for topic in topics]
        self._health = health
        self._name = f"read:{group}"
        # The partitions are either all started or all waiting for the handler to say where.
        self._started: set[TopicPartition] = set()
        self._unstarted: set[TopicPartition] = set()
        self._handlers_turn = asyncio.Lock()
        self._failure: Exception | None = None
        self._moved_at = time.monotonic()
        self._looked_at = float("inf")
        self._lost = 0  # looks in a row at which it alone could not tell where it is
        health.needs(self._name)

    async def run(self, stopping: asyncio.Event) -> None:
        """Join, poll, hand over; rebuild the consumer whenever it fails."""
        backoff = Backoff(cap_s=2.0)
        while not stopping.is_set():
            self._health.turn(self._name)
            consumer = self._build()
            try:
                await self._life(consumer, stopping, backoff)
            except (KafkaError, OSError, TimeoutError) as error:
                self._health.silent(self._name, str(error) or "time-out")
            finally:
                # Peers own them from now on, and no rebalance will tell this handler.
                await self._give_back()
                await _close(consumer)
            await pause(stopping, backoff.next_s())

    def _build(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._address.options,
            group_id=f"{self._address.prefix}-{self._group}",
            enable_auto_commit=False,  # offsets move with the results, not with the clock
            auto_offset_reset="earliest",
            session_timeout_ms=6_000,  # a dead member's partitions move within 2 × this
            heartbeat_interval_ms=500,  # a join waits for the next heartbeat of each member
            max_poll_interval_ms=60_000,
            max_partition_fetch_bytes=4 * 1_048_576,
        )

    async def _life(
        self, consumer: AIOKafkaConsumer, stopping: asyncio.Event, backoff: Backoff
    ) -> None:
        await until(stopping, _start(consumer))
        if stopping.is_set():
            return
        consumer.subscribe(self._topics, listener=_Listener(self, consumer))
        self._moved_at = time.monotonic()
        while not stopping.is_set():
            try:
                await self._one_turn(consumer, stopping)
                backoff.reset()
            except Retry as error:
                self._health.silent(self._name, str(error))
                await self._go_back(consumer)
                await pause(stopping, backoff.next_s())
            if time.monotonic() - self._moved_at > STUCK_AFTER_S:
                raise TimeoutError("the consumer does not move")

    async def _one_turn(self, consumer: AIOKafkaConsumer, stopping: asyncio.Event) -> None:
        fetched = await self._poll(consumer, stopping)
        async with self._handlers_turn:
            if self._failure is not None:
                raise self._failure
            # What came before its partition changed hands is read again by whoever has it now.
            fetched = {tp: records for tp, records in fetched.items() if tp in self._started}
            if self._unstarted:
                await self._start_partitions(consumer)
            elif fetched:
                await self._hand_over(consumer, fetched)
        await until(stopping, self._look(consumer, self._started - fetched.keys()))

    async def _poll(
        self, consumer: AIOKafkaConsumer, stopping: asyncio.Event
    ) -> dict[TopicPartition, list[Any]]:
        """Records; nothing after POLL_MS, or after the rebalance that is under way."""
        polling = asyncio.create_task(
            consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
        )
        stop = asyncio.create_task(stopping.wait())
        try:
            while not polling.done() and not stopping.is_set():
                # A rebalance without a broker never ends; this loop lives all the same.
                self._health.turn(self._name)
                if time.monotonic() - self._moved_at > STUCK_AFTER_S:
                    raise TimeoutError("the group does not come together")
                await asyncio.wait(
                    {polling, stop}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED
                )
            return polling.result() if polling.done() else {}
        finally:
            polling.cancel()
            stop.cancel()

    async def _start_partitions(self, consumer: AIOKafkaConsumer) -> None:
        partitions = self._unstarted & consumer.assignment()
        starts = await self._handler.assigned(list(partitions))
        for tp in partitions & consumer.assignment():
            offset = starts.get(tp)
            if offset is not None:
                consumer.seek(tp, offset)
            consumer.resume(tp)
        self._started, self._unstarted = partitions, set()
        self._moved_at = time.monotonic()

    async def _hand_over(
        self, consumer: AIOKafkaConsumer, fetched: Mapping[TopicPartition, list[Any]]
    ) -> None:
        try:
            await self._handler.handle(
                {tp: [as_fetched(r) for r in rs] for tp, rs in fetched.items()}
            )
        except Retry:
            for tp in fetched.keys() & consumer.assignment():
                consumer.seek(tp, fetched[tp][0].offset)
            raise
        self._moved_at = time.monotonic()
        self._health.answered(self._name)
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(COMMIT_WITHIN_S):
                await consumer.commit({tp: rs[-1].offset + 1 for tp, rs in fetched.items()})

    async def _look(self, consumer: AIOKafkaConsumer, quiet: set[TopicPartition]) -> None:
        """Ask for the ends of quiet partitions: does Kafka answer, and is anything left unread?
        A member without partitions asks for any."""
        asked = quiet or ({TopicPartition(self._topics[0], 0)} - self._started)
        if not asked or self._unstarted:
            return
        asked_at = datetime.now(UTC)
        places = await self._places(consumer, asked, quiet)
        if places is None:
            return
        ends, at = places
        self._health.answered(self._name)
        # A position behind the end has something to read; one beyond it belongs to another topic.
        stored = {tp: asked_at for tp in at if at[tp] == ends[tp]}
        if len(stored) == len(at):
            self._moved_at = time.monotonic()
        async with self._handlers_turn:
            still = {tp: when for tp, when in stored.items() if tp in self._started}
            if still:
                await self._handler.idle(still)

    async def _places(
        self, consumer: AIOKafkaConsumer, asked: set[TopicPartition], quiet: set[TopicPartition]
    ) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]] | None:
        """The ends of what is asked for, and where it stands in quiet partitions; None if it cannot
        tell, and the broker may be away: the consumer heals by itself then, faster than a new one
        would. Raises TimeoutError the second time in a row that the broker answers all the same:
        after an outage a consumer can read some partitions and never again find its way in others.
        """
        ends = None
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                ends = await consumer.end_offsets(list(asked))
                at = {tp: await consumer.position(tp) for tp in quiet & consumer.assignment()}
        except (KafkaError, TimeoutError) as error:
            self._health.silent(self._name, str(error) or "time-out")
            answers = ends is not None or self._moved_at > self._looked_at
            self._looked_at, self._lost = time.monotonic(), self._lost + 1 if answers else 0
            if self._lost == LOST_LOOKS:
                self._looked_at, self._lost = float("inf"), 0
                raise TimeoutError("the consumer has lost its place") from None
            return None
        self._looked_at, self._lost = time.monotonic(), 0
        return ends, at

    async def _go_back(self, consumer: AIOKafkaConsumer) -> None:
        """Stay in the group, but start every partition anew."""
        _log.warning("group reader goes back", group=self._group)
        async with self._handlers_turn:
            again = set(consumer.assignment())
            consumer.pause(*again)
            self._started, self._unstarted = set(), again
            with contextlib.suppress(Retry):
                await self._handler.revoked(list(again))

    async def _give_back(self) -> None:
        async with self._handlers_turn:
            going = self._started | self._unstarted
            self._started, self._unstarted = set(), set()
            if going:
                with contextlib.suppress(Retry):
                    await self._handler.revoked(list(going))

    def on_assigned(
        self, consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
    ) -> None:
        """Read nothing of them before the handler has said where they start."""
        consumer.pause(*partitions)
        self._unstarted = set(partitions)

    async def on_revoked(self) -> None:
        """Let the handler finish, then forget what others will own."""
        try:
            await self._give_back()
        except Exception as error:
            # aiokafka only logs what a listener raises; the loop raises it again.
            self._failure = error


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, reader: GroupReader, consumer: AIOKafkaConsumer) -> None:
        self._reader, self._consumer = reader, consumer

    async def on_partitions_revoked(self, _: Collection[TopicPartition]) -> None:
        await self._reader.on_revoked()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._reader.on_assigned(self._consumer, assigned)


async def follow(
    address: Address,
    topic: Topic,
    stopping: asyncio.Event,
    since: datetime | None = None,
) -> AsyncIterator[tuple[list[Fetched], bool]]:
    """Read every partition of a topic without a group, from the start or from `since`, for ever.

    Yields (records, caught up) several times a second: caught up once everything that stood in the
    topic when reading began has been yielded. Raises Retry when Kafka is away.
    """
    numbers = range(await partition_count(address, topic))
    parts = [TopicPartition(address.topic(topic), number) for number in numbers]
    async with lone_consumer(address) as consumer:
        async with asyncio.timeout(START_WITHIN_S):
            consumer.assign(parts)
            await seek(consumer, parts, since)
            ends = await consumer.end_offsets(parts)
        caught_up, heard_at = False, time.monotonic()
        while not stopping.is_set():
            fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                if fetched:
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at > ASK_EVERY_S:
                    await consumer.end_offsets(parts)  # silence or a dead broker?
                    heard_at = time.monotonic()
                caught_up = caught_up or await _past(consumer, ends)
            yield [as_fetched(r) for rs in fetched.values() for r in rs], caught_up


async def offsets_since(
    address: Address, partitions: Collection[Partition], since: datetime
) -> dict[Partition, int]:
    """The offset of the first record appended at or after `since`, by partition; the partition's
    end where there is none. Raises Retry when Kafka is away."""
    wanted = [TopicPartition(*partition) for partition in partitions]
    async with lone_consumer(address) as consumer, asyncio.timeout(START_WITHIN_S):
        return await _first_since(consumer, wanted, since)


async def log_bounds(
    address: Address, partitions: Collection[Partition]
) -> dict[Partition, tuple[int, int]]:
    """The oldest offset there is and the next to be written, by partition. A stored offset below
    the first lost records to retention; one above the second belongs to a topic that was made
    anew. Raises Retry when Kafka is away."""
    wanted = [TopicPartition(*partition) for partition in partitions]
    async with lone_consumer(address) as consumer, asyncio.timeout(START_WITHIN_S):
        starts, ends = await consumer.beginning_offsets(wanted), await consumer.end_offsets(wanted)
    return {tp: (starts[tp], ends[tp]) for tp in wanted}


@contextlib.asynccontextmanager
async def lone_consumer(address: Address) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer outside every group. What goes wrong with Kafka is Retry."""
    consumer = AIOKafkaConsumer(
        **address.options, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        await _start(consumer)
        yield consumer
    except (KafkaError, OSError, TimeoutError) as error:
        raise Retry("kafka_away", f"Kafka does not answer: {str(error) or 'time-out'}") from None
    finally:
        await _close(consumer)


async def _start(consumer: AIOKafkaConsumer) -> None:
    async with asyncio.timeout(START_WITHIN_S):
        await consumer.start()


async def _first_since(
    consumer: AIOKafkaConsumer, partitions: list[TopicPartition], since: datetime
) -> dict[Partition, int]:
    stamp = (since - _EPOCH) // timedelta(milliseconds=1)
    ends = await consumer.end_offsets(partitions)
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, stamp))
    return {tp: found[tp].offset if found.get(tp) else ends[tp] for tp in partitions}


async def seek(
    consumer: AIOKafkaConsumer, partitions: list[TopicPartition], since: datetime | None
) -> None:
    if since is None:
        await consumer.seek_to_beginning(*partitions)
        return
    for tp, offset in (await _first_since(consumer, partitions, since)).items():
        consumer.seek(tp, offset)


async def _past(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    for tp, end in ends.items():
        if await consumer.position(tp) < end:
            return False
    return True


def as_fetched(record: Any) -> Fetched:
    return Fetched(
        record.topic, record.partition, record.offset, record.key, record.value,
        tuple(record.headers), _EPOCH + timedelta(milliseconds=record.timestamp),
    )  # fmt: skip


async def _close(consumer: AIOKafkaConsumer) -> None:
    # A silent broker lets a stop wait for its farewell. Nothing public cuts the connections, and a
    # stop that is cancelled would leave them and their tasks.
    await give_up_after(STOP_WITHIN_S, consumer.stop(), lambda: consumer._client.close())
