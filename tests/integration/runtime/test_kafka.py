"""The producer and the topics, on a real broker that is away, freezes, dies and comes back."""

import asyncio
import contextlib
import dataclasses
import struct
import time
from collections.abc import AsyncIterator

import pytest
from aiokafka.protocol.admin import ApiVersionResponse_v0
from aiokafka.protocol.metadata import MetadataResponse_v1
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from services.contracts import topics
from services.contracts.codec import Encoded
from services.runtime.errors import Retry, SetAside, Stop
from services.runtime.kafka import (
    MOST_WAITING,
    SEND_WITHIN_S,
    Address,
    Producer,
    check_topics,
    create_topics,
    partition_count,
    partition_of,
)
from services.runtime.kafka_readers import Fetched, follow
from services.runtime.ops import Health
from tests.integration.runtime.conftest import SMALL, TABLE, Broker, address_at, producing
from tests.support.waiting import eventually

NOBODY = MetadataResponse_v1(brokers=[], controller_id=-1, topics=[])


async def read_all(address: Address) -> list[Fetched]:
    """Everything that stands in the small topic."""
    enough, found = asyncio.Event(), []
    async for records, caught_up in follow(address, SMALL, enough):
        found += records
        if caught_up:
            enough.set()
    return found


async def test_a_record_is_acknowledged_and_read_back_whole(
    address: Address, health: Health
) -> None:
    headers = [("ce_id", b"1"), ("ce_type", b"x")]
    async with producing(address, health) as producer:
        await producer.send(SMALL, Encoded(b"key", b"value", headers))
        await producer.send(SMALL, Encoded(b"key", None))
    first, second = await read_all(address)
    assert (first.key, first.value, list(first.headers)) == (b"key", b"value", headers)
    assert second.value is None
    assert first.partition == second.partition == partition_of("key", SMALL.partitions)
    assert abs(first.known_at.timestamp() - time.time()) < 60


async def test_a_record_too_large_is_set_aside_and_the_next_one_passes(
    address: Address, health: Health
) -> None:
    async with producing(address, health) as producer:
        with pytest.raises(SetAside) as error:
            await producer.send(SMALL, Encoded(b"key", b"x" * 1_100_000))
        assert error.value.reason == "too_large"
        await producer.send(SMALL, Encoded(b"key", b"small"))


async def test_a_producer_waits_for_a_broker_that_starts_later(
    broker: Broker, health: Health
) -> None:
    stopping, registry = asyncio.Event(), CollectorRegistry()
    producer = Producer(broker.address, health, registry)
    with capture_logs() as lines:
        running = asyncio.create_task(producer.run(stopping))
        await eventually(lambda: health._away == {"kafka"}, within=5)
        with pytest.raises(Retry, match="away"):
            await producer.send(SMALL, Encoded(b"key", b"value"))
        assert health.not_ready() == {"kafka": "no answer"}
        assert health.dead() == {}
        await broker.start()
        await create_topics(broker.address, (SMALL,))
        await eventually(lambda: not health.not_ready(), within=5)
        await producer.send(SMALL, Encoded(b"key", b"value"))
        stopping.set()
        await running
    events = [line["event"] for line in lines]
    assert events == ["dependency is away", "dependency is back"]
    labels = {"topic": "small", "result": "away"}
    assert registry.get_sample_value("bongsu_kafka_produce_total", labels) == 1


async def test_a_frozen_broker_costs_a_send_its_deadline_and_no_more(
    running_broker: Broker, health: Health
) -> None:
    async with producing(running_broker.address, health) as producer:
        await producer.send(SMALL, Encoded(b"key", b"before"))
        with running_broker.frozen():
            started = time.monotonic()
            with pytest.raises(Retry, match="did not acknowledge"):
                await producer.send(SMALL, Encoded(b"key", b"during"))
            assert SEND_WITHIN_S <= time.monotonic() - started < SEND_WITHIN_S + 1
            assert health.not_ready() == {"kafka": "no answer"}
        await _sent(producer, b"after")
        await eventually(lambda: not health.not_ready(), within=10)


async def _sent(producer: Producer, value: bytes) -> None:
    async def once() -> bool:
        await producer.send(SMALL, Encoded(b"key", value))
        return True

    await eventually(once, within=30)


async def test_a_broker_killed_in_the_middle_loses_nothing_that_was_acknowledged(
    running_broker: Broker, health: Health
) -> None:
    acknowledged: list[bytes] = []
    enough = asyncio.Event()

    async def send(producer: Producer) -> None:
        number = 0
        while not enough.is_set():
            value = str(number).encode()
            try:
                await producer.send(SMALL, Encoded(b"key", value))
                acknowledged.append(value)
            except Retry:
                await asyncio.sleep(0.05)
            number += 1

    async with producing(running_broker.address, health) as producer:
        sending = asyncio.create_task(send(producer))
        await eventually(lambda: len(acknowledged) > 20, within=10)
        running_broker.kill()
        before = len(acknowledged)
        await running_broker.start()
        await eventually(lambda: len(acknowledged) > before + 20, within=10)
        enough.set()
        await sending
    written = [record.value for record in await read_all(running_broker.address)]
    assert set(acknowledged) <= set(written)
    order = [value for value in dict.fromkeys(written) if value in set(acknowledged)]
    assert order == acknowledged


async def test_a_stop_without_a_broker_takes_four_seconds_at_most(
    running_broker: Broker, health: Health
) -> None:
    stopping = asyncio.Event()
    producer = Producer(running_broker.address, health, CollectorRegistry())
    running = asyncio.create_task(producer.run(stopping))
    await eventually(lambda: producer.connected, within=20)
    await producer.send(SMALL, Encoded(b"key", b"value"))
    running_broker.kill()
    sends = [asyncio.create_task(producer.send(SMALL, Encoded(b"key", b"lost"))) for _ in range(10)]
    await asyncio.wait(sends, timeout=0.5)
    started = time.monotonic()
    stopping.set()
    await running
    assert time.monotonic() - started < 4.5
    results = await asyncio.gather(*sends, return_exceptions=True)
    assert {type(result) for result in results} == {Retry}


async def test_no_more_than_a_bounded_number_of_records_wait(
    running_broker: Broker, health: Health
) -> None:
    async with producing(running_broker.address, health) as producer:
        await producer.send(SMALL, Encoded(b"key", b"value"))
        with running_broker.frozen():
            waiting = [
                asyncio.create_task(producer.send(SMALL, Encoded(b"key", b"x")))
                for _ in range(MOST_WAITING)
            ]
            await asyncio.wait(waiting, timeout=0.5)
            with pytest.raises(Retry) as error:
                await producer.send(SMALL, Encoded(b"key", b"one too many"))
            assert error.value.reason == "busy"
            results = await asyncio.gather(*waiting, return_exceptions=True)
        assert {getattr(result, "reason", None) for result in results} == {"silent"}


async def test_topics_are_made_once(address: Address) -> None:
    again = dataclasses.replace(address, prefix=f"{address.prefix}-2")
    assert await create_topics(again, topics.ALL) == [again.topic(topic) for topic in topics.ALL]
    assert await create_topics(again, topics.ALL) == []
    await check_topics(again, topics.ALL)
    assert await partition_count(again, topics.COMMANDS) == topics.COMMANDS.partitions


async def test_a_missing_topic_is_named(address: Address) -> None:
    missing = dataclasses.replace(SMALL, name="missing")
    name = address.topic(missing)
    with pytest.raises(Stop, match=f"topics {name} do not exist: run `bongsu init`"):
        await check_topics(address, (SMALL, missing))
    with pytest.raises(Retry, match="bongsu init"):
        await partition_count(address, missing)


async def test_one_copy_is_refused_unless_it_is_a_development_set_up(address: Address) -> None:
    await check_topics(address, (SMALL, TABLE))
    strict = dataclasses.replace(address, development=False)
    said = r"has 1 copies and min\.insync\.replicas=1; .*BONGSU_DEVELOPMENT"
    with pytest.raises(Stop, match=said):
        await check_topics(strict, (SMALL,))
    with pytest.raises(Stop, match="cannot be made"):
        await create_topics(dataclasses.replace(strict, prefix="three"), (SMALL,))


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        (
            dataclasses.replace(TABLE, config={"message.timestamp.type": "LogAppendTime"}),
            "has message.timestamp.type=CreateTime; it needs LogAppendTime",
        ),
        (
            dataclasses.replace(SMALL, config={"cleanup.policy": "compact"}),
            "has cleanup.policy=delete; it needs compact",
        ),
    ],
)
async def test_a_topic_kept_in_another_way_than_declared_is_refused(
    address: Address, topic: topics.Topic, said: str
) -> None:
    with pytest.raises(Stop, match=said):
        await check_topics(address, (topic,))


async def test_without_a_broker_the_topics_cannot_be_checked_yet() -> None:
    nobody = address_at("127.0.0.1:9")
    for asking in (check_topics(nobody, (SMALL,)), create_topics(nobody, (SMALL,))):
        with pytest.raises(Retry, match="Kafka does not answer"):
            await asking
    with pytest.raises(Retry):
        await partition_count(nobody, SMALL)


async def test_a_broker_that_knows_no_controller_yet_makes_no_topic_and_is_asked_again() -> None:
    async with starting_up() as bootstrap:
        for asking in (create_topics, check_topics):
            with pytest.raises(Retry, match="Kafka"):
                await asking(address_at(bootstrap), (SMALL,))


@contextlib.asynccontextmanager
async def starting_up() -> AsyncIterator[str]:
    """The address of a broker as it is for a moment after it listens: it answers, and knows neither
    brokers nor a controller."""
    said = {18: ApiVersionResponse_v0(0, [(3, 1, 1), (18, 0, 0), (19, 0, 1)]), 3: NOBODY}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                size = int.from_bytes(await reader.readexactly(4), "big")
                key, _, number = struct.unpack_from(">hhi", await reader.readexactly(size))
                body = struct.pack(">i", number) + said[key].encode()
                writer.write(len(body).to_bytes(4, "big") + body)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        yield "{}:{}".format(*server.sockets[0].getsockname())
