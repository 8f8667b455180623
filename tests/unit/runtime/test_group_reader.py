"""A partition starts where its handler says, or not at all."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import pytest
from aiokafka import TopicPartition

from services.contracts import topics
from services.runtime.errors import Retry
from services.runtime.kafka import Address
from services.runtime.kafka_readers import Fetched, GroupReader, Partition
from services.runtime.ops import Health
from services.runtime.retry import Backoff
from tests.support.waiting import eventually

PARTITION = TopicPartition("t.evidence", 3)


class ScriptedConsumer:
    """Says what was asked of it, in order; its listener is called by the first poll."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self._listener: Any = None

    async def start(self) -> None:
        self.calls.append(("start", None))

    def subscribe(self, _: Collection[str], listener: Any) -> None:
        self._listener = listener

    async def getmany(self, **_: Any) -> dict[TopicPartition, list[Any]]:
        await self._listener.on_partitions_assigned({PARTITION})
        return {}

    def pause(self, *partitions: TopicPartition) -> None:
        self.calls.append(("pause", partitions))

    def resume(self, *partitions: TopicPartition) -> None:
        self.calls.append(("resume", partitions))

    def assignment(self) -> set[TopicPartition]:
        return {PARTITION}

    async def stop(self) -> None:
        self.calls.append(("stop", None))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.calls.append(("seek", (partition, offset)))


class StartsAt:
    """A handler whose partitions start at 7, or that cannot say where."""

    def __init__(self, consumer: ScriptedConsumer, error: Exception | None = None) -> None:
        self._consumer, self._error = consumer, error

    async def assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int | None]:
        self._consumer.calls.append(("assigned", tuple(partitions)))
        if self._error:
            raise self._error
        return dict.fromkeys(partitions, 7)

    async def revoked(self, partitions: Collection[Partition]) -> None:
        self._consumer.calls.append(("revoked", tuple(partitions)))

    async def handle(self, records: Mapping[Partition, list[Fetched]]) -> None: ...

    async def idle(self, stored: Mapping[Partition, datetime]) -> None: ...


def _reader(handler: StartsAt) -> GroupReader:
    return GroupReader(Address({}, "t", True), "poll", [topics.EVIDENCE], handler, Health())


async def test_nothing_is_read_from_a_partition_before_its_start_is_known() -> None:
    consumer = ScriptedConsumer()
    await _reader(StartsAt(consumer)).on_assigned(consumer, {PARTITION})
    assert consumer.calls == [
        ("pause", (PARTITION,)),
        ("assigned", (("t.evidence", 3),)),
        ("seek", (PARTITION, 7)),
        ("resume", (PARTITION,)),
    ]


async def test_a_handler_that_cannot_say_where_to_start_makes_the_reader_start_over() -> None:
    consumer = ScriptedConsumer()
    reader = _reader(StartsAt(consumer, Retry("postgres_away")))
    with pytest.raises(Retry, match="postgres_away"):
        await reader._life(consumer, asyncio.Event(), Backoff())
    assert ("resume", (PARTITION,)) not in consumer.calls


async def test_a_reader_that_starts_over_first_tells_that_its_partitions_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer, stopping = ScriptedConsumer(), asyncio.Event()
    reader = _reader(StartsAt(consumer, Retry("postgres_away")))
    monkeypatch.setattr(reader, "_build", lambda: consumer)
    running = asyncio.create_task(reader.run(stopping))
    await eventually(lambda: ("stop", None) in consumer.calls, within=5)
    stopping.set()
    await running
    names = [name for name, _ in consumer.calls]
    assert names.index("revoked") < names.index("stop")
