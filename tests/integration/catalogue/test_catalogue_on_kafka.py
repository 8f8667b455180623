"""A catalogue through a real Kafka: applied by one, in force for all, kept while Kafka is away."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.catalogue.load import load
from services.catalogue.publish import Applied, Follower, apply, new_revision, read_held
from services.contracts.catalogue import Catalogue
from services.contracts.codec import Encoded
from services.contracts.topics import CATALOGUE
from services.runtime.kafka import Address, Producer
from services.runtime.ops import Health
from tests.support.waiting import eventually

SHIPPED = Path(__file__).parents[3] / "catalogue"


@contextlib.asynccontextmanager
async def following(follower: Follower, seen: list[Catalogue]) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    running = asyncio.create_task(follower.follow(stopping, seen.append))
    yield
    stopping.set()
    async with asyncio.timeout(10):
        await running


def shipped() -> Catalogue:
    return load(SHIPPED).catalogue(new_revision(datetime.now(UTC)))


async def put(catalogue: Catalogue, producer: Producer, address: Address) -> Applied:
    read = functools.partial(read_held, address)
    return await apply(catalogue, producer, read, datetime.now(UTC), "tester")


async def test_followers_switch_to_each_catalogue_that_is_applied(
    address: Address, producer: Producer
) -> None:
    health, seen = Health(), list[Catalogue]()
    follower = Follower(address, health, CollectorRegistry())
    async with following(follower, seen):
        await eventually(lambda: "turn" not in str(health.not_ready()), within=10)
        assert "no catalogue has been applied" in str(health.not_ready())
        first, second = shipped(), shipped()

        done = await put(first, producer, address)
        await eventually(lambda: follower.catalogue == first, within=10)
        again = await put(second, producer, address)
        await eventually(lambda: follower.catalogue == second, within=10)

        assert (done.replaced, done.overtaken_by) == (None, None)
        assert (again.replaced, again.overtaken_by) == (first.revision, None)
        assert [c.revision for c in seen] == [first.revision, second.revision]
        assert health.not_ready() == {}


async def test_who_starts_later_sees_only_the_newest_catalogue(
    address: Address, producer: Producer
) -> None:
    for catalogue in (shipped(), newest := shipped()):
        await put(catalogue, producer, address)
    seen = list[Catalogue]()
    follower = Follower(address, Health(), CollectorRegistry())

    async with following(follower, seen):
        await eventually(lambda: follower.catalogue, within=15)

    assert seen == [newest]
    # What was replaced is deleted: the topic holds one revision and the record that names it.
    assert len(await read_held(address)) == len(newest.objects()) + 1


async def test_a_bad_catalogue_is_counted_and_the_good_one_stays(
    address: Address, producer: Producer
) -> None:
    registry, seen = CollectorRegistry(), list[Catalogue]()
    follower = Follower(address, Health(), registry)
    async with following(follower, seen):
        good = shipped()
        await put(good, producer, address)
        await eventually(lambda: follower.catalogue, within=10)

        await producer.send(CATALOGUE, Encoded(b"current", b'{"revision": "?"}'))

        rejected = functools.partial(registry.get_sample_value, "bongsu_catalogue_rejected_total")
        await eventually(lambda: rejected() == 1, within=10)
        assert follower.catalogue == good
        assert len(seen) == 1
