"""Readers on a real broker: who reads what from where, through faults of peers and broker."""

import asyncio
import contextlib
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError

from services.contracts.codec import Encoded
from services.runtime.errors import Retry, Stop
from services.runtime.kafka import Address, Producer, partition_count
from services.runtime.kafka_readers import (
    Fetched,
    GroupReader,
    Partition,
    follow,
    log_bounds,
    offsets_since,
)
from services.runtime.ops import Health
from tests.integration.runtime.conftest import SMALL, TABLE, Broker, address_at, producing
from tests.support.waiting import eventually

HANDED_OVER_WITHIN_S = 15


@dataclass
class Sink:
    """A handler that keeps records and, as Postgres would, the offset after the last one."""

    offsets: dict[Partition, int] = field(default_factory=dict)
    owned: set[Partition] = field(default_factory=set)
    handled: list[Fetched] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    idle_since: dict[Partition, datetime] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    unassignable: list[Exception] = field(default_factory=list)
    takes_s: float = 0.0
    starts: int | None = 0
    assignments: int = 0

    async def assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int | None]:
        self.assignments += 1
        if self.unassignable:
            raise self.unassignable.pop()
        self.owned |= set(partitions)
        return {name: self.offsets.get(name, self.starts) for name in partitions}

    async def revoked(self, partitions: Collection[Partition]) -> None:
        self.owned -= set(partitions)

    async def handle(self, records: Mapping[Partition, list[Fetched]]) -> None:
        fetched = [record for some in records.values() for record in some]
        self.seen += [record.value or b"" for record in fetched]
        await asyncio.sleep(self.takes_s)
        if self.errors:
            raise self.errors.pop()
        assert set(records) <= self.owned
        self.handled += fetched
        self.offsets |= {name: some[-1].offset + 1 for name, some in records.items()}

    async def idle(self, stored: Mapping[Partition, datetime]) -> None:
        assert set(stored) <= self.owned
        self.idle_since |= stored

    @property
    def values(self) -> list[bytes | None]:
        return [record.value for record in self.handled]


@contextlib.asynccontextmanager
async def reading(
    address: Address, sink: Sink, health: Health | None = None
) -> AsyncIterator[Health]:
    """A member of the group `sink`, stopped afterwards within 4 s."""
    health, stopping = health or Health(), asyncio.Event()
    reader = GroupReader(address, "sink", (SMALL,), sink, health)
    running = asyncio.create_task(reader.run(stopping))
    try:
        yield health
    finally:
        stopping.set()
        async with asyncio.timeout(4.5):
            await running


def both(address: Address) -> set[Partition]:
    return {(address.topic(SMALL), number) for number in range(SMALL.partitions)}


async def send(producer: Producer, *values: str) -> None:
    """One record a value; keys spread over both partitions."""
    for value in values:
        await producer.send(SMALL, Encoded(value.encode(), value.encode()))


def numbers(start: int, stop: int) -> list[str]:
    return [str(number) for number in range(start, stop)]


def encoded(values: list[str]) -> list[bytes]:
    return [value.encode() for value in values]


async def test_records_come_in_order_and_quiet_partitions_are_called_idle(
    address: Address, health: Health
) -> None:
    sink, began = Sink(), datetime.now(UTC)
    async with producing(address, health) as producer:
        await send(producer, *numbers(0, 100))
    async with reading(address, sink, health):
        await eventually(lambda: set(sink.idle_since) == both(address), within=15)
        assert health.not_ready() == {}
    assert sorted(sink.values) == sorted(encoded(numbers(0, 100)))
    for name in both(address):
        offsets = [r.offset for r in sink.handled if (r.topic, r.partition) == name]
        assert offsets == list(range(len(offsets)))
    assert all(since > began for since in sink.idle_since.values())
    assert sink.owned == set()


async def test_reading_starts_at_the_handlers_offset_not_at_kafkas(
    address: Address, health: Health
) -> None:
    first = Sink()
    async with producing(address, health) as producer:
        await send(producer, *numbers(0, 20))
    async with reading(address, first):
        await eventually(lambda: len(first.handled) == 20, within=15)
    last = {name: end - 1 for name, end in first.offsets.items()}
    second = Sink(offsets=dict(last))
    async with reading(address, second):
        await eventually(lambda: len(second.handled) == len(last), within=15)
        await eventually(lambda: set(second.idle_since) == both(address), within=15)
    assert {(r.topic, r.partition): r.offset for r in second.handled} == last


async def test_without_an_offset_of_the_handler_kafkas_own_commit_counts(
    address: Address, health: Health
) -> None:
    async with producing(address, health) as producer:
        await send(producer, *numbers(0, 20))
        first = Sink(starts=None)
        async with reading(address, first):
            await eventually(lambda: len(first.handled) == 20, within=15)
        await send(producer, *numbers(20, 25))
    second = Sink(starts=None)
    async with reading(address, second):
        await eventually(lambda: len(second.handled) == 5, within=15)
    assert sorted(second.values) == sorted(encoded(numbers(20, 25)))


@pytest.mark.parametrize("starts", [0, None], ids=["own offsets", "offsets of Kafka"])
async def test_records_that_could_not_be_handled_are_repeated_and_none_is_left_out(
    address: Address, health: Health, starts: int | None
) -> None:
    sink = Sink(starts=starts, errors=[Retry("postgres_away"), Retry("postgres_away")])
    async with producing(address, health) as producer:
        await send(producer, *numbers(0, 50))
        async with reading(address, sink):
            await eventually(lambda: len(sink.handled) >= 50, within=20)
            await send(producer, *numbers(50, 60))
            await eventually(lambda: len(sink.handled) >= 60, within=20)
    assert sorted(sink.values) == sorted(encoded(numbers(0, 60)))
    assert len(sink.seen) > 60


async def test_while_the_start_of_a_partition_is_unknown_nothing_of_it_is_read(
    address: Address, health: Health
) -> None:
    sink = Sink(unassignable=[Retry("postgres_away")] * 3)
    async with producing(address, health) as producer:
        await send(producer, *numbers(0, 10))
    async with reading(address, sink):
        await eventually(lambda: len(sink.handled) == 10, within=20)
    assert sink.assignments == 4
    assert sorted(sink.seen) == sorted(encoded(numbers(0, 10)))


async def test_an_error_that_no_repeat_cures_ends_the_reader(
    address: Address, health: Health
) -> None:
    sink = Sink(unassignable=[Stop("fence", "another one writes")])
    reader = GroupReader(address, "sink", (SMALL,), sink, health)
    async with asyncio.timeout(20):
        with pytest.raises(Stop, match="another one writes"):
            await reader.run(asyncio.Event())


async def test_two_members_share_the_partitions_and_hand_them_over_at_a_stop(
    address: Address, health: Health
) -> None:
    one, two = Sink(), Sink()
    async with reading(address, one, health):
        await eventually(lambda: one.owned == both(address), within=15)
        async with reading(address, two):
            await eventually(lambda: len(one.owned) == len(two.owned) == 1, within=15)
            assert one.owned | two.owned == both(address)
        assert two.owned == set()
        left_at = time.monotonic()
        await eventually(lambda: one.owned == both(address), within=15)
        assert time.monotonic() - left_at < 5


PEER = """
import asyncio, sys
from services.runtime import process
from services.runtime.kafka_readers import GroupReader
from services.runtime.ops import Health
from tests.integration.runtime.conftest import SMALL, address_at
from tests.integration.runtime.test_kafka_readers import Sink

class Telling(Sink):
    async def assigned(self, partitions):
        if len(partitions) == 1:
            print("sharing", flush=True)
        return await super().assigned(partitions)

async def main(stopping):
    address = address_at(sys.argv[1], sys.argv[2])
    await GroupReader(address, "sink", (SMALL,), Telling(), Health()).run(stopping)

process.run(main)
"""


async def test_the_partitions_of_a_killed_member_are_read_by_the_other(
    address: Address, kafka_address: str, health: Health
) -> None:
    sink = Sink()
    async with producing(address, health) as producer, reading(address, sink):
        await eventually(lambda: sink.owned == both(address), within=15)
        peer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PEER, kafka_address, address.prefix, stdout=PIPE
        )
        try:
            await eventually(lambda: len(sink.owned) == 1, within=20)
            assert peer.stdout is not None
            assert await asyncio.wait_for(peer.stdout.readline(), 10) == b"sharing\n"
        finally:
            peer.kill()
            await peer.communicate()
        killed_at = time.monotonic()
        await send(producer, *numbers(0, 20))
        await eventually(lambda: len(sink.values) >= 20, within=HANDED_OVER_WITHIN_S + 5)
        assert time.monotonic() - killed_at < HANDED_OVER_WITHIN_S


async def test_a_batch_that_takes_longer_than_a_session_does_not_cost_the_membership(
    address: Address, health: Health
) -> None:
    sink = Sink(takes_s=8.0)
    async with producing(address, health) as producer:
        await send(producer, "1")
    async with reading(address, sink):
        await eventually(lambda: sink.handled, within=25)
        sink.takes_s = 0.0
        await eventually(lambda: set(sink.idle_since) == both(address), within=10)
    assert sink.assignments == 1
    assert sink.seen == [b"1"]


async def test_a_broker_killed_and_back_is_read_on_by_itself(
    running_broker: Broker, health: Health
) -> None:
    address, sink = running_broker.address, Sink()
    async with producing(address, health) as producer, reading(address, sink) as reader_health:
        await send(producer, *numbers(0, 10))
        await eventually(lambda: len(sink.handled) == 10, within=15)
        running_broker.kill()
        await eventually(lambda: "read:sink" in reader_health.not_ready(), within=15)
        assert reader_health.dead() == {}
        await running_broker.start()
        back_at = time.monotonic()
        await eventually(lambda: producer.connected and not health.not_ready(), within=10)
        await send(producer, *numbers(10, 20))
        await eventually(lambda: len(set(sink.values)) == 20, within=20)
        assert time.monotonic() - back_at < 10
        await eventually(lambda: not reader_health.not_ready(), within=10)
    assert sorted(sink.values) == sorted(encoded(numbers(0, 20)))


async def test_a_reader_waits_for_a_broker_that_starts_later(broker: Broker) -> None:
    sink = Sink()
    async with reading(broker.address, sink) as health:
        await eventually(lambda: health._away == {"read:sink"}, within=10)
        assert health.dead() == {}


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_a_reader_stops_in_time_without_its_broker(running_broker: Broker, how: str) -> None:
    sink, stopping = Sink(), asyncio.Event()
    reader = GroupReader(running_broker.address, "sink", (SMALL,), sink, Health())
    running = asyncio.create_task(reader.run(stopping))
    await eventually(lambda: len(sink.owned) == 2, within=15)
    with running_broker.frozen() if how == "frozen" else contextlib.nullcontext():
        if how == "killed":
            running_broker.kill()
        await asyncio.wait({running}, timeout=1.0)
        started = time.monotonic()
        stopping.set()
        await running
        assert time.monotonic() - started < 4.5
    assert sink.owned == set()


async def caught_up_with(address: Address, topic: object = SMALL) -> list[Fetched]:
    """What stands in a topic, read by `follow`; then it ends."""
    found, enough = [], asyncio.Event()
    async for records, caught_up in follow(address, topic, enough):  # type: ignore[arg-type]
        found += records
        if caught_up:
            enough.set()
    return found


async def test_following_an_empty_topic_is_caught_up_at_once(address: Address) -> None:
    async with asyncio.timeout(10):
        assert await caught_up_with(address) == []


async def test_following_reads_all_then_says_so_then_goes_on(
    address: Address, health: Health
) -> None:
    stopping, found, caught_up_at = asyncio.Event(), [], -1
    async with producing(address, health) as producer:
        await send(producer, *numbers(0, 6000))
        async for records, caught_up in follow(address, SMALL, stopping):
            found += [record.value for record in records]
            if caught_up and caught_up_at < 0:
                caught_up_at = len(found)
                await send(producer, "new")
            if b"new" in found:
                stopping.set()
    assert caught_up_at == 6000
    assert sorted(found[:6000]) == sorted(encoded(numbers(0, 6000)))
    assert len(found) == 6001


async def test_following_since_a_moment_leaves_out_what_was_before(
    address: Address, health: Health
) -> None:
    stopping, found = asyncio.Event(), []
    async with producing(address, health) as producer:
        await send(producer, *numbers(0, 10))
        old = await caught_up_with(address)
        moment = max(record.known_at for record in old) + timedelta(milliseconds=1)
        await eventually(lambda: datetime.now(UTC) > moment, within=5)
        await send(producer, *numbers(10, 15))
        starts = await offsets_since(address, both(address), moment)
        ends = await offsets_since(address, both(address), moment + timedelta(hours=1))
        async for records, caught_up in follow(address, SMALL, stopping, since=moment):
            found += records
            if caught_up:
                stopping.set()
    assert sorted(r.value or b"" for r in found) == sorted(encoded(numbers(10, 15)))
    before = {name: sum((r.topic, r.partition) == name for r in old) for name in both(address)}
    assert starts == before
    assert sum(ends.values()) == 15
    assert await log_bounds(address, both(address)) == {n: (0, ends[n]) for n in both(address)}


async def test_following_a_table_gives_the_newest_values_and_the_tombstones(
    address: Address, health: Health
) -> None:
    async with producing(address, health) as producer:
        for value in (b"1", b"2", b"3"):
            await producer.send(TABLE, Encoded(b"kept", value))
            await producer.send(TABLE, Encoded(b"gone", value))
        await producer.send(TABLE, Encoded(b"gone", None))
    newest = {record.key: record.value for record in await caught_up_with(address, TABLE)}
    assert newest == {b"kept": b"3", b"gone": None}


async def test_following_tells_when_the_broker_dies_though_nothing_comes(
    running_broker: Broker,
) -> None:
    async def until_it_raises() -> None:
        async for _, caught_up in follow(running_broker.address, SMALL, asyncio.Event()):
            if caught_up and running_broker.kafka.pid is not None:
                running_broker.kill()

    async with asyncio.timeout(20):
        with pytest.raises(Retry, match="Kafka does not answer"):
            await until_it_raises()


async def test_without_a_broker_nothing_can_be_followed_or_asked() -> None:
    nobody = address_at("127.0.0.1:9")
    with pytest.raises(Retry, match="Kafka does not answer"):
        await caught_up_with(nobody)
    with pytest.raises(Retry):
        await offsets_since(nobody, both(nobody), datetime.now(UTC))
    with pytest.raises(Retry):
        await partition_count(nobody, SMALL)


async def test_a_commit_that_the_group_refuses_is_of_no_consequence(
    address: Address, health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(_: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> None:
        raise CommitFailedError

    monkeypatch.setattr(AIOKafkaConsumer, "commit", refuses)
    sink = Sink()
    async with producing(address, health) as producer, reading(address, sink):
        await send(producer, *numbers(0, 10))
        await eventually(lambda: len(sink.handled) == 10, within=15)
    assert sink.assignments == 1
