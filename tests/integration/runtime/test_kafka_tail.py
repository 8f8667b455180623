"""A tail on a real broker: nothing that was appended before its moment is missing."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.codec import Encoded
from services.runtime.errors import Retry
from services.runtime.kafka import Address, Producer
from services.runtime.kafka_tail import Read, tail
from services.runtime.ops import Health
from tests.integration.runtime.conftest import SMALL, TABLE, Broker, producing
from tests.support.waiting import eventually

LONG_AGO = timedelta(hours=1)


async def _put(producer: Producer, start: int, stop: int) -> None:
    await asyncio.gather(
        *(producer.send(SMALL, Encoded(b"%d" % n, b"%d" % n)) for n in range(start, stop))
    )


async def _read(address: Address, enough: int, since: datetime) -> list[Read]:
    """Until so many records were read and the tail says that it is live."""
    found: list[Read] = []
    async with contextlib.aclosing(tail(address, (SMALL, TABLE), since, asyncio.Event())) as reads:
        async for read in reads:
            found.append(read)
            if read.live and sum(len(each.records) for each in found) >= enough:
                break
    return found


async def test_all_topics_are_read_and_no_record_comes_after_its_moment(address: Address) -> None:
    until = since = datetime.now(UTC) - LONG_AGO
    async with producing(address, Health()) as producer:
        await _put(producer, 0, 900)
        going_on = asyncio.create_task(_put(producer, 900, 1_800))
        async with asyncio.timeout(30):
            found = await _read(address, 1_800, since)
        await going_on
    for read in found:
        assert all(record.known_at >= until - timedelta(milliseconds=1) for record in read.records)
        assert until <= read.until
        until = read.until
    values = [record.value for read in found for record in read.records]
    assert sorted(values) == sorted(b"%d" % n for n in range(1_800))
    assert datetime.now(UTC) - until < timedelta(seconds=5)


async def test_what_was_before_its_beginning_is_left_out(address: Address) -> None:
    async with producing(address, Health()) as producer:
        await _put(producer, 0, 10)
        since = datetime.now(UTC) + timedelta(milliseconds=20)
        await eventually(lambda: datetime.now(UTC) > since, within=5)
        await _put(producer, 10, 13)
        async with asyncio.timeout(30):
            found = await _read(address, 3, since)
    values = [record.value for read in found for record in read.records]
    assert sorted(values) == [b"10", b"11", b"12"]


async def test_an_empty_topic_is_live_at_once(address: Address) -> None:
    async with asyncio.timeout(20):
        (read,) = await _read(address, 0, datetime.now(UTC))
    assert read.records == []


async def test_a_dead_broker_is_told(running_broker: Broker) -> None:
    async def until_it_raises() -> None:
        async for _ in tail(running_broker.address, (SMALL,), datetime.now(UTC), asyncio.Event()):
            if running_broker.kafka.pid is not None:
                running_broker.kill()

    async with asyncio.timeout(40):
        with pytest.raises(Retry, match="Kafka does not answer"):
            await until_it_raises()
