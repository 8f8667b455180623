"""Step 5: records of our partitions, decoded and stored in batches (step 6), then the next.

In: what Kafka holds from the offset in Postgres on. Out: committed transactions. Before: probe and
ingest publish. After: `pipeline.apply_batch`.

What cannot be decoded, and what Postgres refuses to hold, goes to the dead letters with a reason.
Beyond a limit, or when a dead letter cannot be stored, storing stops: nothing is dropped.
"""

import base64
import hashlib
import hmac
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from services.alerting.metrics import Metrics
from services.alerting.settings import AlertingSettings
from services.alerting.storing.pipeline import Batch, Move, Stored, apply_batch
from services.contracts import codec, topics
from services.contracts.evidence import DeadLetter, Event, Heartbeat
from services.runtime.errors import Retry, Stop
from services.runtime.kafka import Address, Producer
from services.runtime.kafka_readers import Fetched, Partition
from services.runtime.ops import Health
from services.storage import errors, sink
from services.storage.pool import Connection, Pool, transaction

TRIES = 5
MARK_EVERY_S = 1.0
_log = structlog.get_logger()


@dataclass
class Owned:
    """The partitions this instance stores, with the offset each is stored up to."""

    next_offsets: dict[Partition, int | None] = field(default_factory=dict)

    def evidence(self, address: Address) -> list[int]:
        """Numbers of our partitions of evidence."""
        name = address.topic(topics.EVIDENCE)
        return sorted(number for topic, number in self.next_offsets if topic == name)


class Consumer:
    """A group's member that stores; see `kafka_readers.Handler`."""

    def __init__(
        self,
        address: Address,
        pool: Pool,
        producer: Producer,
        metrics: Metrics,
        health: Health,
        settings: AlertingSettings,
    ) -> None:
        self._address, self._pool, self._producer = address, pool, producer
        self._metrics, self._health = metrics, health
        self._content_key = settings.content_key.get_secret_value().encode()
        self._limit = settings.dead_letters_per_minute
        self._set_aside: deque[float] = deque(maxlen=self._limit)
        self._marked_at = 0.0
        self.owned = Owned()
        health.needs("postgres")

    async def assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int | None]:
        """Start each partition at the offset that Postgres holds, else at its beginning."""
        starts: dict[Partition, int | None] = {}
        for topic in {topic for topic, _ in partitions}:
            stored = await self._ask(topic)
            for partition in (p for p in partitions if p[0] == topic):
                offset = stored.get(partition[1])
                self.owned.next_offsets[partition] = offset.next_offset if offset else None
                starts[partition] = offset.next_offset if offset else 0
        return starts

    async def revoked(self, partitions: Collection[Partition]) -> None:
        """Nothing is in flight here: a batch ends before the next poll."""
        for partition in partitions:
            self.owned.next_offsets.pop(partition, None)

    async def handle(self, records: Mapping[Partition, list[Fetched]]) -> None:
        """Store one batch. Raises Retry: the reader starts over from Postgres' offsets."""
        stored: list[Stored] = []
        for record in (record for partition in records.values() for record in partition):
            decoded = await self._decode(record)
            if decoded is not None:
                stored.append(decoded)
        batch = Batch(tuple(stored), tuple(self._move(p, rs) for p, rs in records.items()))
        await self._store(batch)
        for move in batch.moves:
            self.owned.next_offsets[move.topic, move.partition] = move.next_offset
            self._tell_lag(move.topic, move.stored_until)

    async def idle(self, stored: Mapping[Partition, datetime]) -> None:
        """Partitions with nothing left to read are stored up to the moment they were looked at."""
        if time.monotonic() - self._marked_at < MARK_EVERY_S:
            return
        self._marked_at = time.monotonic()
        try:
            async with transaction(self._pool) as conn:
                for partition, until in stored.items():
                    await self._mark_idle(conn, partition, until)
        except Exception as error:
            raise self._away(error) from error
        self._health.answered("postgres")
        self._metrics.selfcheck.labels("stored").set_to_current_time()

    async def _mark_idle(self, conn: Connection, partition: Partition, until: datetime) -> None:
        if partition not in self.owned.next_offsets:
            return
        offset = self.owned.next_offsets[partition]
        if offset is None:  # an empty partition has a place from now on
            await sink.move_offset(conn, *partition, None, 0, until)
            self.owned.next_offsets[partition] = 0
        else:
            await sink.mark_stored_until(conn, *partition, offset, until)
        self._tell_lag(partition[0], until)

    def _move(self, partition: Partition, records: Sequence[Fetched]) -> Move:
        expected = self.owned.next_offsets.get(partition)
        if partition not in self.owned.next_offsets:
            raise Retry("not_owned", f"{partition} has no start")
        lost = records[0].offset - (expected or 0)
        if lost > 0:
            self._metrics.gaps.labels(_short(self._address, partition[0])).inc(lost)
            _log.error("records are gone", topic=partition[0], partition=partition[1], count=lost)
        last = records[-1]
        return Move(*partition, expected, last.offset + 1, last.known_at)

    async def _decode(self, record: Fetched) -> Stored | None:
        try:
            decoded = codec.decode(record.value, record.headers)
            if not isinstance(decoded, Event | Heartbeat):
                raise codec.InvalidEvent("wrong_topic", f"{type(decoded).__name__} does not belong")
        except codec.InvalidEvent as error:
            await self._to_dead_letters(record, error.reason)
            return None
        return Stored(decoded, record.partition, record.offset, record.known_at)  # type: ignore[arg-type]

    async def _store(self, batch: Batch) -> None:
        for _ in range(TRIES):
            try:
                await self._one_transaction(batch)
            except Retry:
                raise
            except Exception as error:
                if errors.names_a_row(error):
                    batch = await self._without_poison(batch)
                elif not errors.curable(error):
                    raise
                else:
                    await self._check_still_ours(batch)
            else:
                return
        raise Retry("postgres", f"a batch could not be stored in {TRIES} tries")

    async def _one_transaction(self, batch: Batch) -> None:
        started = time.monotonic()
        async with transaction(self._pool) as conn:
            repeated = await apply_batch(conn, batch)
        self._metrics.store_seconds.labels("batch").observe(time.monotonic() - started)
        for kind in repeated:
            self._metrics.duplicates.labels(kind).inc()
        self._health.answered("postgres")

    async def _check_still_ours(self, batch: Batch) -> None:
        """After an error nobody knows whether the commit went through: the offsets tell. Raises
        Retry when they moved, by us or by another; the reader then goes on from where they are."""
        for move in batch.moves:
            stored = (await self._ask(move.topic)).get(move.partition)
            if (stored.next_offset if stored else None) != move.expected:
                raise Retry("moved", f"{move.topic}/{move.partition} is stored further already")

    async def _ask(self, topic: str) -> dict[int, sink.Offset]:
        try:
            async with transaction(self._pool) as conn:
                return await sink.read_offsets(conn, topic)
        except Exception as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> Exception:
        """What a database error means here: Retry when a repeat can cure it."""
        if not errors.curable(error):
            return error
        self._health.silent("postgres")
        return Retry("postgres_away", f"Postgres does not answer: {error or type(error).__name__}")

    async def _without_poison(self, batch: Batch) -> Batch:
        """The batch without the records that Postgres refuses, which go to the dead letters."""
        bad = await find_poison(batch.records, self._refused)
        for stored in bad:
            await self._record_to_dead_letters(stored)
        return Batch(tuple(r for r in batch.records if r not in bad), batch.moves)

    async def _refused(self, records: Sequence[Stored]) -> bool:
        """Would Postgres refuse a batch of these? Tried, and rolled back."""
        try:
            async with transaction(self._pool) as conn:
                await apply_batch(conn, Batch(tuple(records), ()))
                raise _OnlyTried
        except _OnlyTried:
            return False
        except Exception as error:
            if errors.names_a_row(error):
                return True
            raise self._away(error) from error

    async def _record_to_dead_letters(self, stored: Stored) -> None:
        encoded = codec.encode(stored.record)
        topic = topics.HEARTBEATS if isinstance(stored.record, Heartbeat) else topics.EVIDENCE
        name = self._address.topic(topic)
        fetched = Fetched(
            name, stored.partition, stored.offset, encoded.key, encoded.value,
            tuple(encoded.headers), stored.known_at,
        )  # fmt: skip
        await self._to_dead_letters(fetched, "refused_by_postgres")

    async def _to_dead_letters(self, record: Fetched, reason: str) -> None:
        """Set one record aside. Raises Retry when Kafka does not take it, Stop beyond the limit."""
        self._count_dead_letter()
        value = record.value or b""
        letter = DeadLetter(
            source="alerting/storing",
            at=datetime.now(UTC),
            origin=f"{record.topic}/{record.partition}/{record.offset}",
            reason=reason,
            size=len(value),
            digest=hmac.new(self._content_key, value, hashlib.sha256).hexdigest(),
            fields={name: raw.decode("utf-8", "replace")[:80] for name, raw in record.headers},
            raw=base64.b64encode(value).decode(),
        )
        await self._producer.send(topics.DEADLETTERS, codec.encode(letter))
        self._metrics.dead_letters.labels(_short(self._address, record.topic), reason).inc()

    def _count_dead_letter(self) -> None:
        now = time.monotonic()
        if len(self._set_aside) == self._limit and now - self._set_aside[0] < 60:
            raise Stop(
                "dead_letters",
                f"more than {self._limit} records a minute cannot be understood: something"
                " systematic is wrong, and storing stops rather than set all aside",
            )
        self._set_aside.append(now)

    def _tell_lag(self, topic: str, stored_until: datetime) -> None:
        age = (datetime.now(UTC) - stored_until).total_seconds()
        self._metrics.lag_seconds.labels(_short(self._address, topic), "store").set(max(0.0, age))


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


def _short(address: Address, topic: str) -> str:
    """A topic's name without the prefix, for labels."""
    return topic.removeprefix(f"{address.prefix}.")
