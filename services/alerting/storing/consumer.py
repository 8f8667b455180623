"""Step 5: records of our partitions, decoded and stored in batches (step 6), then the next.

In: what Kafka holds from the offset in Postgres on. Out: committed transactions. Before: probe and
ingest publish. After: `pipeline.apply_batch`.

What cannot be decoded, and what Postgres refuses to hold, goes to the dead letters with a reason.
Beyond a limit, or when a dead letter cannot be stored, storing stops: nothing is dropped.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime

import structlog

from services.alerting.database import asked
from services.alerting.metrics import Metrics
from services.alerting.storing.deadletters import DeadLetters
from services.alerting.storing.owned import Owned, Place
from services.alerting.storing.pipeline import Batch, Move, Stored, apply_batch
from services.contracts import codec, topics
from services.contracts.evidence import Event, Heartbeat, ProbeSent
from services.contracts.topics import Topic
from services.contracts.vocabulary import Purpose
from services.runtime.errors import Retry, Stop
from services.runtime.kafka_readers import Fetched, Partition
from services.runtime.ops import Health
from services.runtime.retry import Backoff
from services.storage import errors, sink
from services.storage.pool import Connection, Pool, transaction

TOPICS = (topics.EVIDENCE, topics.HEARTBEATS)
TRIES = 5
MARK_EVERY_S = 1.0
_log = structlog.get_logger()


class Consumer:
    """A group's member that stores; see `kafka_readers.Handler`."""

    def __init__(
        self, owned: Owned, pool: Pool, dead_letters: DeadLetters, metrics: Metrics, health: Health
    ) -> None:
        self._owned, self._pool, self._dead_letters = owned, pool, dead_letters
        self._metrics, self._health = metrics, health
        self._topics = {owned.address.topic(topic): topic for topic in TOPICS}
        self._marked_at = 0.0
        health.needs("postgres")

    async def assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int | None]:
        """Start each partition at the offset that Postgres holds, else at its beginning."""
        stored = {
            (topic, number): Place(*offset)
            for topic in {topic for topic, _ in partitions}
            for number, offset in (await self._ask(topic)).items()
        }
        places = {p: stored.get(p, Place(None, None)) for p in partitions}
        self._owned.places = places  # all of them: a group's member is told the whole
        return {p: place.next_offset or 0 for p, place in places.items()}

    async def revoked(self, partitions: Collection[Partition]) -> None:
        """Forget them. A batch still under way meets the fence of whoever has them next."""
        for partition in partitions:
            self._owned.places.pop(partition, None)

    async def handle(self, records: Mapping[Partition, list[Fetched]]) -> None:
        """Store one batch. Raises Retry: the reader starts over from Postgres' offsets.

        Records of partitions that went meanwhile are left to their next owner.
        """
        places = {p: self._owned.places[p] for p in records if p in self._owned.places}
        moves = [_move(p, place, records[p]) for p, place in places.items()]
        decoded = [await self._decode(record) for p in places for record in records[p]]
        await self._store(Batch(tuple(d for d in decoded if d), tuple(moves)))
        for place, move in zip(places.values(), moves, strict=True):
            self._count_gap(move, records[move.topic, move.partition][0].offset)
            place.next_offset, place.stored_until = move.next_offset, move.stored_until

    async def idle(self, stored: Mapping[Partition, datetime]) -> None:
        """Partitions with nothing left to read are stored up to the moment they were looked at."""
        places = {p: self._owned.places[p] for p in stored if p in self._owned.places}
        if not places or time.monotonic() - self._marked_at < MARK_EVERY_S:
            return
        self._marked_at = time.monotonic()
        with asked(self._health):
            async with transaction(self._pool) as conn:
                for partition in sorted(places):
                    await _mark(conn, partition, places[partition], stored[partition])
        for partition, place in places.items():
            place.next_offset, place.stored_until = place.next_offset or 0, stored[partition]
        self._worked()

    async def _decode(self, record: Fetched) -> Stored | None:
        topic = self._topics[record.topic]
        try:
            return Stored(_belonging(codec.decode(record.value, record.headers), topic), record)
        except codec.InvalidEvent as error:
            await self._dead_letters.put(record, topic, error.reason, str(error))
            return None

    async def _store(self, batch: Batch) -> None:
        backoff = Backoff(cap_s=1.0)
        for _ in range(TRIES):
            try:
                return await self._one_transaction(batch)
            except Exception as error:
                if errors.names_a_row(error):
                    batch = await self._without_poison(batch, str(error))
                    continue
                if not errors.curable(error):
                    raise
                _log.warning("a batch is stored again", reason=str(error) or type(error).__name__)
            await self._check_still_ours(batch)
            await asyncio.sleep(backoff.next_s())
        raise Retry("postgres", f"a batch could not be stored in {TRIES} tries")

    async def _one_transaction(self, batch: Batch) -> None:
        with self._metrics.store_seconds.labels("batch").time():
            async with transaction(self._pool) as conn:
                repeated = await apply_batch(conn, batch)
        for kind in repeated:
            self._metrics.duplicates.labels(kind).inc()
        for stored in batch.records:
            if isinstance(stored.record, ProbeSent) and stored.record.purpose is Purpose.SCHEDULED:
                self._metrics.begin(stored.record)
        self._worked()

    async def _check_still_ours(self, batch: Batch) -> None:
        """After an error nobody knows whether the commit went through: the offsets tell. Raises
        Retry when they moved, by us or by another; the reader then goes on from where they are."""
        for move in batch.moves:
            stored = (await self._ask(move.topic)).get(move.partition)
            if (stored.next_offset if stored else None) != move.expected:
                raise Retry("moved", f"{move.topic}/{move.partition} is stored further already")

    async def _ask(self, topic: str) -> dict[int, sink.Offset]:
        with asked(self._health):
            async with transaction(self._pool) as conn:
                return await sink.read_offsets(conn, topic)

    def _worked(self) -> None:
        self._health.answered("postgres")
        self._metrics.selfcheck.labels("stored").set_to_current_time()

    async def _without_poison(self, batch: Batch, complaint: str) -> Batch:
        """The batch without the records that Postgres refuses, which go to the dead letters."""
        bad = await find_poison(batch.records, self._refused)
        if not bad:
            raise Retry("refused", f"Postgres refuses a batch but no record of it: {complaint}")
        for stored in bad:
            topic = self._topics[stored.fetched.topic]
            await self._dead_letters.put(stored.fetched, topic, "refused_by_postgres")
        places = {id(stored) for stored in bad}
        return Batch(tuple(r for r in batch.records if id(r) not in places), batch.moves)

    async def _refused(self, records: Sequence[Stored]) -> bool:
        """Would Postgres refuse a batch of these? Tried, and rolled back."""
        try:
            with asked(self._health):
                async with transaction(self._pool) as conn:
                    await apply_batch(conn, Batch(tuple(records), ()))
                    raise _OnlyTried
        except _OnlyTried:
            return False
        except Exception as error:
            if errors.names_a_row(error):
                return True
            raise

    def _count_gap(self, move: Move, first: int) -> None:
        lost = first - (move.expected or 0)
        if lost > 0:
            self._metrics.gaps.labels(self._topics[move.topic].name).inc(lost)
            _log.error(
                "records are gone before they were stored",
                topic=move.topic, partition=move.partition, first=move.expected or 0, count=lost,
            )  # fmt: skip


def _move(partition: Partition, place: Place, records: Sequence[Fetched]) -> Move:
    first, last = records[0].offset, records[-1]
    if first < (place.next_offset or 0):
        raise Stop(
            "log_shorter",
            f"{partition[0]}/{partition[1]} was stored up to offset {place.next_offset}, but Kafka"
            f" goes on at {first}: was the topic made anew? Reset its offset in consumer_offset",
        )
    return Move(*partition, place.next_offset, last.offset + 1, last.known_at)


async def _mark(conn: Connection, partition: Partition, place: Place, until: datetime) -> None:
    if place.next_offset is None:  # an empty partition has a place from now on
        ours = await sink.move_offset(conn, *partition, None, 0, until)
    else:
        ours = await sink.mark_stored_until(conn, *partition, place.next_offset, until)
    if not ours:
        raise Retry("fenced", f"{partition[0]}/{partition[1]} is stored by another instance")


def _belonging(record: object, topic: Topic) -> Event | Heartbeat:
    kind = Event if topic is topics.EVIDENCE else Heartbeat
    if not isinstance(record, kind):
        raise codec.InvalidEvent(
            "wrong_topic", f"{type(record).__name__} is not for topic {topic.name}"
        )
    return record


async def find_poison(
    records: Sequence[Stored], refused: Callable[[Sequence[Stored]], Awaitable[bool]]
) -> list[Stored]:
    """The single records that make Postgres refuse a batch, by halving: few tries for few bad."""
    if not records or not await refused(records):
        return []
    if len(records) == 1:
        return list(records)
    middle = len(records) // 2
    first = await find_poison(records[:middle], refused)
    return first + await find_poison(records[middle:], refused)


class _OnlyTried(Exception):
    """Rolls a trial back."""
