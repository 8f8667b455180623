"""Storing from a real Kafka into a real Postgres: groups, idle partitions, revisions, lag."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.alerting.storing.consumer import TOPICS
from services.alerting.storing.lag import watch_lag
from services.alerting.storing.revisions import keep_revisions
from services.catalogue import publish
from services.catalogue.load import load
from services.contracts import topics
from services.contracts.evidence import Heartbeat
from services.runtime.errors import Stop
from services.runtime.kafka import Address, Producer
from services.runtime.ops import Health
from services.storage.pool import Pool, transaction
from tests.integration.alerting.running import Member, send
from tests.integration.alerting.scene import story
from tests.support.builders import SLOT
from tests.support.waiting import eventually

SHIPPED = Path(__file__).parents[3] / "catalogue"


async def _count(pool: Pool, what: str) -> int:
    async with transaction(pool) as conn:
        return int(await conn.fetchval(f"SELECT count(*) FROM {what}"))


async def test_a_member_that_goes_leaves_everything_to_the_survivor(
    address: Address, producer: Producer, pool: Pool
) -> None:
    one, other = Member(address, pool), Member(address, pool)
    events = [event for number in range(300) for event in story(number)]
    async with one.running(), other.running() as leaving:
        await eventually(lambda: one.owned.evidence() and other.owned.evidence(), within=20)
        await send(producer, events[:400])
        leaving.cancel()
        await send(producer, [*events[400:], *events[::50]])
        await eventually(lambda: len(one.owned.evidence()) == 12, within=15)

        async def all_stored() -> bool:
            return await _count(pool, "evidence") == len(events)

        await eventually(all_stored, within=15)
    linked = "attempts WHERE sends = 1 AND report_event IS NOT NULL AND seen_at IS NOT NULL"
    assert await _count(pool, linked) == 300


async def test_an_empty_topic_is_stored_up_to_now_and_nothing_lags(
    address: Address, producer: Producer, pool: Pool
) -> None:
    member, started = Member(address, pool), datetime.now(UTC)
    async with member.running():

        async def marked() -> bool:
            fresh = f"consumer_offset WHERE stored_until > '{started.isoformat()}'"
            return await _count(pool, fresh) == 13

        await eventually(marked, within=15)
        assert member.owned.seconds_behind(topics.EVIDENCE, datetime.now(UTC)) < 5
        assert member.health.not_ready() == {}


async def test_lag_is_what_kafka_holds_and_postgres_does_not(
    address: Address, producer: Producer, pool: Pool
) -> None:
    member, stopping = Member(address, pool), asyncio.Event()
    beat = Heartbeat(source="worker/w1", at=SLOT)
    async with member.running():
        await send(producer, [beat] * 3)

        async def stored() -> bool:
            return await _count(pool, "consumer_offset WHERE next_offset = 3") == 1

        await eventually(stored, within=15)
    member.stands_at(3)
    await send(producer, [beat] * 4)
    watching = asyncio.create_task(
        watch_lag(member.owned, TOPICS, "store", member.metrics, stopping)
    )

    def lag() -> float | None:
        labels = {"topic": "heartbeats", "group": "store"}
        return member.registry.get_sample_value("bongsu_consumer_lag_records", labels)

    await eventually(lambda: lag() == 4, within=10)
    stopping.set()
    await watching


async def test_a_log_that_ends_before_what_is_stored_stops_the_process(
    address: Address, pool: Pool
) -> None:
    member = Member(address, pool)
    member.stands_at(9)
    with pytest.raises(Stop, match="made anew"):
        await watch_lag(member.owned, TOPICS, "store", member.metrics, asyncio.Event())


async def test_every_applied_revision_is_kept_once_with_who_applied_it(
    address: Address, producer: Producer, pool: Pool
) -> None:
    stopping = asyncio.Event()
    first = await _apply(address, producer, "kim")
    keepers = [
        asyncio.create_task(keep_revisions(address, pool, Health(), stopping)) for _ in range(2)
    ]
    second, third = [await _apply(address, producer, who) for who in ("lee", "park")]

    async def kept() -> bool:
        return await _count(pool, "catalogue_revision") == 3

    await eventually(kept, within=20)
    async with transaction(pool) as conn:
        rows = await conn.fetch("SELECT revision, applied_by FROM catalogue_revision")
        objects = await conn.fetch(
            "SELECT revision, count(*) FROM catalogue_object GROUP BY revision"
        )
    applied = {first[0]: "kim", second[0]: "lee", third[0]: "park"}
    assert {row[0]: row[1] for row in rows} == applied
    assert {row[0]: row[1] for row in objects} == dict([first, second, third])
    stopping.set()
    await asyncio.gather(*keepers)


async def _apply(address: Address, producer: Producer, who: str) -> tuple[object, int]:
    """Revision and number of objects."""
    now = datetime.now(UTC)
    whole = load(SHIPPED).catalogue(publish.new_revision(now))
    done = await publish.apply(whole, producer, lambda: publish.read_held(address), now, who)
    return done.revision, done.objects
