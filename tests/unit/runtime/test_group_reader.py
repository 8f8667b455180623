"""What a group's member asks of its handler, and in which order; the client is scripted."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError

from services.contracts import topics
from services.runtime.errors import Retry, Stop
from services.runtime.kafka import Address
from services.runtime.kafka_readers import Fetched, GroupReader, Partition
from services.runtime.ops import Health
from tests.support.waiting import eventually

PARTITION = TopicPartition("t.evidence", 3)
NAME = ("t.evidence", 3)


@dataclass
class Record:
    """A record as aiokafka gives it."""

    offset: int
    topic: str = "t.evidence"
    partition: int = 3
    key: bytes = b"k"
    value: bytes = b"v"
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 0


class ScriptedConsumer:
    """One partition of ten records; the listener is called by the first poll."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.listener: Any = None
        self._assigned, self._paused, self._at = False, False, 0
        self.lost = False  # whether it cannot tell where it is
        self.blind = False  # whether it cannot tell where partitions end
        self.endless = False  # whether there is always one more record
        self.looks = 0

    async def start(self) -> None: ...

    def subscribe(self, _: Collection[str], listener: Any) -> None:
        self.listener = listener

    async def getmany(self, **_: Any) -> dict[TopicPartition, list[Record]]:
        await asyncio.sleep(0)
        if not self._assigned:
            self._assigned = True
            await self.listener.on_partitions_assigned({PARTITION})
        if self._paused or (self._at >= 10 and not self.endless):
            return {}
        if self._at >= 10:
            self._at += 1
            return {PARTITION: [Record(self._at - 1)]}
        records = [Record(offset) for offset in range(self._at, 10)]
        self._at = 10
        return {PARTITION: records}

    def pause(self, *_: TopicPartition) -> None:
        self._paused = True
        self.calls.append(("pause", None))

    def resume(self, *_: TopicPartition) -> None:
        self._paused = False
        self.calls.append(("resume", None))

    def seek(self, _: TopicPartition, offset: int) -> None:
        self._at = offset
        self.calls.append(("seek", offset))

    def assignment(self) -> set[TopicPartition]:
        return {PARTITION} if self._assigned else set()

    async def position(self, _: TopicPartition) -> int:
        if self.lost:
            raise KafkaTimeoutError("no position")
        return self._at

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        self.looks += 1
        if self.blind:
            raise KafkaTimeoutError("no end")
        return dict.fromkeys(partitions, 10)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.calls.append(("commit", offsets[PARTITION]))

    async def stop(self) -> None:
        self._assigned = False
        self.calls.append(("stop", None))


class Handler:
    """Raises the errors it was given, one a call, first in `assigned`, then in `handle`."""

    def __init__(self, consumer: ScriptedConsumer, start: int | None = 7) -> None:
        self.calls, self._start = consumer.calls, start
        self.unassignable: list[Exception] = []
        self.unhandleable: list[Exception] = []
        self.handling = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int | None]:
        self.calls.append(("assigned", None))
        if self.unassignable:
            raise self.unassignable.pop()
        return dict.fromkeys(partitions, self._start)

    async def revoked(self, partitions: Collection[Partition]) -> None:
        self.calls.append(("revoked", len(partitions)))

    async def handle(self, records: Mapping[Partition, list[Fetched]]) -> None:
        offsets = [record.offset for record in records[NAME]]
        self.calls.append(("handle", offsets[0]))
        self.handling.set()
        await self.go_on.wait()
        if self.unhandleable:
            raise self.unhandleable.pop()
        self.calls.append(("handled", offsets[0]))

    async def idle(self, stored: Mapping[Partition, datetime]) -> None:
        self.calls.append(("idle", list(stored)))


class Scene:
    """A reader over a scripted consumer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, start: int | None = 7) -> None:
        self.consumer, self.stopping, self.health = ScriptedConsumer(), asyncio.Event(), Health()
        self.handler = Handler(self.consumer, start)
        address = Address({}, "t", True)
        self.reader = GroupReader(address, "poll", [topics.EVIDENCE], self.handler, self.health)
        monkeypatch.setattr(self.reader, "_build", lambda: self.consumer)

    @property
    def calls(self) -> list[tuple[str, Any]]:
        return self.consumer.calls

    async def until_called(self, *call: Any) -> None:
        """Run the reader until this was called, then stop it."""
        running = asyncio.create_task(self.reader.run(self.stopping))
        await eventually(lambda: tuple(call) in self.calls or running.done(), within=5)
        self.stopping.set()
        await running


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


async def test_nothing_is_read_from_a_partition_before_its_start_is_known(scene: Scene) -> None:
    await scene.until_called("commit", 10)
    names = [call for call in scene.calls if call[0] != "idle"]
    assert names[:7] == [
        ("pause", None), ("assigned", None), ("seek", 7), ("resume", None),
        ("handle", 7), ("handled", 7), ("commit", 10),
    ]  # fmt: skip


async def test_a_handler_that_cannot_say_where_to_start_is_asked_again(scene: Scene) -> None:
    scene.handler.unassignable = [Retry("postgres_away")]
    await scene.until_called("handled", 7)
    assert scene.calls.count(("assigned", None)) == 2
    assert scene.calls.index(("resume", None)) > scene.calls.index(("revoked", 1))
    assert ("handle", 0) not in scene.calls


async def test_records_that_could_not_be_handled_come_again_without_leaving_the_group(
    scene: Scene,
) -> None:
    scene.handler.unhandleable = [Retry("postgres_away")]
    await scene.until_called("handled", 7)
    assert scene.calls.count(("handle", 7)) == 2
    between = scene.calls[: scene.calls.index(("handled", 7))]
    assert ("revoked", 1) in between
    assert ("stop", None) not in between
    assert ("commit", 10) not in between


async def test_they_come_again_too_where_only_kafka_knows_the_offset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(monkeypatch, start=None)
    scene.handler.unhandleable = [Retry("kafka_away")]
    await scene.until_called("handled", 0)
    assert scene.calls.count(("handle", 0)) == 2


async def test_a_handler_that_retries_for_ever_makes_the_process_unready_but_not_dead(
    scene: Scene,
) -> None:
    scene.handler.unassignable = [Retry("postgres_away")] * 100
    running = asyncio.create_task(scene.reader.run(scene.stopping))
    await eventually(lambda: scene.calls.count(("assigned", None)) >= 2, within=5)
    assert "read:poll" in scene.health.not_ready()
    assert scene.health.dead() == {}
    scene.stopping.set()
    await running


async def test_a_consumer_that_lost_its_place_is_made_anew_though_it_reads_on(
    scene: Scene,
) -> None:
    scene.consumer.lost = True
    await scene.until_called("stop", None)
    assert scene.calls.index(("handled", 7)) < scene.calls.index(("stop", None))
    assert ("idle", [NAME]) not in scene.calls


async def test_one_that_cannot_tell_the_ends_is_made_anew_though_it_reads_on(scene: Scene) -> None:
    scene.consumer.blind = scene.consumer.endless = True
    await scene.until_called("stop", None)
    assert ("handled", 7) in scene.calls


async def test_one_that_can_tell_and_read_nothing_waits_for_the_broker(scene: Scene) -> None:
    scene.consumer.blind = True
    running = asyncio.create_task(scene.reader.run(scene.stopping))
    await eventually(lambda: scene.consumer.looks >= 10, within=5)
    assert ("stop", None) not in scene.calls
    scene.stopping.set()
    await running


@pytest.mark.parametrize("where", ["unassignable", "unhandleable"])
async def test_what_no_repeat_can_cure_ends_the_reader(scene: Scene, where: str) -> None:
    setattr(scene.handler, where, [Stop("dead_letters", "too many")])
    with pytest.raises(Stop, match="too many"):
        await scene.reader.run(scene.stopping)
    assert scene.calls.index(("revoked", 1)) < scene.calls.index(("stop", None))


async def test_partitions_are_taken_only_between_two_calls_of_the_handler(scene: Scene) -> None:
    scene.handler.go_on.clear()
    running = asyncio.create_task(scene.reader.run(scene.stopping))
    await scene.handler.handling.wait()
    taking = asyncio.create_task(scene.consumer.listener.on_partitions_revoked({PARTITION}))
    for _ in range(5):
        await asyncio.sleep(0)
    assert ("revoked", 1) not in scene.calls
    scene.handler.go_on.set()
    await taking
    assert scene.calls.index(("handled", 7)) < scene.calls.index(("revoked", 1))
    scene.stopping.set()
    await running


async def test_records_fetched_before_partitions_were_taken_are_not_handled_after(
    scene: Scene,
) -> None:
    scene.handler.go_on.clear()
    running = asyncio.create_task(scene.reader.run(scene.stopping))
    await scene.handler.handling.wait()
    taking = asyncio.create_task(scene.consumer.listener.on_partitions_revoked({PARTITION}))
    await asyncio.sleep(0)
    scene.consumer.seek(PARTITION, 8)  # the next poll returns records of the old assignment
    scene.handler.go_on.set()
    await taking
    await eventually(lambda: scene.consumer._at == 10, within=5)
    scene.stopping.set()
    await running
    assert ("handle", 8) not in scene.calls


async def test_idle_is_said_of_a_partition_read_to_its_end(scene: Scene) -> None:
    await scene.until_called("idle", [NAME])
    assert scene.calls.index(("idle", [NAME])) > scene.calls.index(("handled", 7))


async def test_a_position_beyond_the_end_is_not_called_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(monkeypatch, start=1000)  # the topic was made anew
    await scene.until_called("seek", 1000)
    assert "idle" not in {name for name, _ in scene.calls}


async def test_a_stop_gives_the_partitions_back_before_the_client_closes(scene: Scene) -> None:
    await scene.until_called("handled", 7)
    assert scene.calls.index(("revoked", 1)) < scene.calls.index(("stop", None))
