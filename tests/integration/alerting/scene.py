"""Records as Kafka would hand them over, and one storing instance on a real database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from prometheus_client import CollectorRegistry

from services.alerting.metrics import Metrics
from services.alerting.storing.consumer import Consumer
from services.alerting.storing.deadletters import DeadLetters
from services.alerting.storing.owned import Owned
from services.alerting.storing.pipeline import Stored
from services.alerting.storing.sweep import Sweep
from services.contracts import attempt, codec, topics
from services.contracts.attempt import Attempt
from services.contracts.evidence import Evidence, Heartbeat, ProbeSent, Record
from services.runtime.kafka import Address, partition_of
from services.runtime.kafka_readers import Fetched, Partition
from services.runtime.ops import Health
from services.storage import rows, sweep
from services.storage.pool import Pool, transaction
from tests.support import builders
from tests.support.builders import MINUTE, SLOT
from tests.support.memory import MemoryPublisher

ADDRESS = Address({}, "t", True)
EVIDENCE, HEARTBEATS = ADDRESS.topic(topics.EVIDENCE), ADDRESS.topic(topics.HEARTBEATS)
CONTENT_KEY = b"k" * 32
PARTITIONS = 2


def fetched(
    record: Record, offset: int = 0, known_at: datetime = SLOT, topic: str | None = None
) -> Fetched:
    """A record as it stood in Kafka, on the partition its key gives it."""
    encoded = codec.encode(record)
    beats = isinstance(record, Heartbeat)
    return Fetched(
        topic or (HEARTBEATS if beats else EVIDENCE),
        0 if beats else partition_of(encoded.key.decode(), PARTITIONS),
        offset, encoded.key, encoded.value, tuple(encoded.headers), known_at,
    )  # fmt: skip


def story(number: int) -> list[Evidence]:
    """All that happened to one probe; its report names only the message."""
    sent = builders.a_probe_sent(slot=SLOT + number * MINUTE)
    message = f"message-{number}"
    return [
        sent,
        builders.an_answer(sent, provider_message_id=message),
        builders.a_report(sent, probe_id=None, provider_message_id=message),
        builders.a_sighting(sent),
    ]


def folded(events: Sequence[Evidence]) -> Attempt:
    """The attempt these events of one story make, once its report has found its probe."""
    probe_id = next(e.probe_id for e in events if isinstance(e, ProbeSent))
    return attempt.fold(e.model_copy(update={"probe_id": probe_id}) for e in events)


def stored(record: Any, known_at: datetime = SLOT) -> Stored:
    """A record as the pipeline takes it."""
    return Stored(record, fetched(record, 0, known_at))


def rubbish(offset: int = 0, value: bytes | None = b"{", **over: Any) -> Fetched:
    """A record nobody can read."""
    fields = {
        "topic": EVIDENCE, "partition": 0, "offset": offset, "key": b"k", "value": value,
        "headers": (("ce_type", b"bongsu.probe.sent.v1"),), "known_at": SLOT,
    }  # fmt: skip
    return Fetched(**fields | over)


@dataclass
class Scene:
    """One storing instance and what it tells."""

    pool: Pool
    owned: Owned
    consumer: Consumer
    sweep: Sweep
    letters: MemoryPublisher
    registry: CollectorRegistry
    health: Health

    async def give(self, *records: Fetched) -> None:
        """Hand records over as the reader does, by partition; offsets as they stand in them."""
        by_partition: dict[Partition, list[Fetched]] = {}
        for record in records:
            by_partition.setdefault((record.topic, record.partition), []).append(record)
        await self.consumer.handle(by_partition)

    def value(self, metric: str, **labels: str) -> float:
        """One sample; 0 when there is none."""
        return self.registry.get_sample_value(metric, labels) or 0.0

    def total(self, metric: str) -> float:
        """The sum over every series of one sample name."""
        return sum(
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == metric
        )

    async def outcome(self, probe_id: UUID) -> str | None:
        """What the row says."""
        async with transaction(self.pool) as conn:
            return await conn.fetchval("SELECT outcome FROM attempts WHERE probe_id = $1", probe_id)

    async def count(self, table: str) -> int:
        """Rows of a table."""
        async with transaction(self.pool) as conn:
            return int(await conn.fetchval(f"SELECT count(*) FROM {table}"))

    async def offsets(self) -> dict[tuple[str, int], int]:
        """Every stored offset."""
        async with transaction(self.pool) as conn:
            found = await conn.fetch("SELECT topic, partition, next_offset FROM consumer_offset")
        return {(row[0], row[1]): row[2] for row in found}

    async def attempt(self, probe_id: UUID) -> Attempt | None:
        """The attempt as its row tells it."""
        return await attempt_in(self.pool, probe_id)


def a_scene(pool: Pool, most_dead_letters: int = 5) -> Scene:
    """An instance that owns nothing yet."""
    registry, health, letters = CollectorRegistry(), Health(), MemoryPublisher()
    metrics, owned = Metrics(registry), Owned(ADDRESS)
    aside = DeadLetters(letters, metrics, CONTENT_KEY, most_dead_letters)
    consumer = Consumer(owned, pool, aside, metrics, health)
    sweeper = Sweep(owned, pool, metrics, health)
    return Scene(pool, owned, consumer, sweeper, letters, registry, health)


async def attempt_in(pool: Pool, probe_id: UUID) -> Attempt | None:
    """The attempt as its row tells it."""
    query = f"SELECT {sweep.ATTEMPT_COLUMNS} FROM attempts AS a WHERE probe_id = $1"
    async with transaction(pool) as conn:
        row = await conn.fetchrow(query, probe_id)
    return rows.attempt_of(row) if row else None


def partitions() -> Sequence[Partition]:
    """All partitions of a small set-up."""
    return [*((EVIDENCE, number) for number in range(PARTITIONS)), (HEARTBEATS, 0)]
