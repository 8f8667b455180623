"""The consumer between Kafka's records and Postgres: fences, poison, dead letters, outages."""

import asyncio
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from services.alerting.storing.pipeline import Batch, Stored, apply_batch
from services.contracts import codec, topics
from services.contracts.evidence import DeadLetter, Heartbeat
from services.contracts.vocabulary import Outcome
from services.runtime.errors import Retry, Stop
from services.storage.pool import Pool, open_pool, transaction
from tests.integration.alerting.proxy import CuttingProxy
from tests.integration.alerting.scene import (
    EVIDENCE,
    HEARTBEATS,
    Scene,
    a_scene,
    fetched,
    partitions,
    rubbish,
)  # fmt: skip
from tests.support import builders
from tests.support.builders import MINUTE, SECOND, SLOT

FIRST = (EVIDENCE, 0)


def _sent(number: int, **over: Any) -> Any:
    """A probe whose key lies on partition 0, as the offset's owner expects it."""
    return builders.a_probe_sent(slot=SLOT + number * MINUTE, **over)


def _on_first(record: Any, offset: int) -> Any:
    found = fetched(record, offset)
    return type(found)(found.topic, 0, offset, *(getattr(found, n) for n in found.__slots__[3:]))


async def test_a_partition_starts_at_the_offset_in_postgres_or_at_its_beginning(
    scene: Scene,
) -> None:
    assert await scene.consumer.assigned([FIRST]) == {FIRST: 0}
    await scene.give(_on_first(_sent(0), 0), _on_first(_sent(1), 1))
    assert await a_scene(scene.pool).consumer.assigned([FIRST]) == {FIRST: 2}


async def test_a_zombie_rolls_back_whole_and_is_told_to_start_over(scene: Scene) -> None:
    zombie = a_scene(scene.pool)
    for member in (zombie, scene):
        await member.consumer.assigned([FIRST])
    await scene.give(_on_first(_sent(0), 0))
    with pytest.raises(Retry, match="another instance"):
        await zombie.give(_on_first(_sent(1), 0))
    assert await scene.count("evidence") == 1
    assert await scene.count("attempts") == 1
    assert await scene.offsets() == {FIRST: 1}
    await scene.give(_on_first(_sent(2), 1))
    with pytest.raises(Retry, match="another instance"):
        await zombie.consumer.idle({FIRST: SLOT})


async def test_records_of_a_partition_that_went_are_left_to_its_next_owner(scene: Scene) -> None:
    await scene.consumer.assigned([FIRST])
    await scene.consumer.revoked([FIRST])
    await scene.give(_on_first(_sent(0), 0))
    assert await scene.count("evidence") == 0
    assert await scene.offsets() == {}


async def test_what_cannot_be_decoded_is_set_aside_and_the_rest_is_stored(scene: Scene) -> None:
    await scene.consumer.assigned([FIRST])
    nul = rubbish(3, b"{}", headers=(("a\0b", b"\0\xff"), ("ce_type", None)))
    wrong = fetched(Heartbeat(source="worker/w1", at=SLOT), 4, topic=EVIDENCE)
    huge = rubbish(5, b"[" * 900_000)
    await scene.give(_on_first(_sent(0), 0), rubbish(1), rubbish(2, None), nul, wrong, huge)
    letters = [letter for letter in scene.letters.records if isinstance(letter, DeadLetter)]
    assert [letter.reason.split(":")[0] for letter in letters] == [
        "invalid", "empty", "unknown_type", "wrong_topic", "invalid",
    ]  # fmt: skip
    assert letters[0].origin == f"{EVIDENCE}/0/1"
    assert letters[0].raw == "ew=="
    assert (letters[4].raw, letters[4].size) == (None, 900_000)
    assert await scene.count("evidence") == 1
    assert await scene.offsets() == {FIRST: 6}
    assert scene.value("bongsu_dead_letters_total", topic="evidence", reason="invalid") == 2


async def test_a_poison_row_among_many_is_found_set_aside_and_the_others_stored(
    scene: Scene,
) -> None:
    await scene.consumer.assigned([FIRST])
    records = [_on_first(_sent(number), number) for number in range(300)]
    records[123] = _on_first(_sent(123, interval_s=10**30), 123)
    records[200] = _on_first(_sent(200, text_chars=2**63), 200)
    await scene.give(*records)
    assert await scene.count("evidence") == 298
    assert await scene.count("attempts") == 298
    assert await scene.offsets() == {FIRST: 300}
    letters = [letter for letter in scene.letters.records if isinstance(letter, DeadLetter)]
    assert [letter.origin for letter in letters] == [f"{EVIDENCE}/0/123", f"{EVIDENCE}/0/200"]
    assert {letter.reason for letter in letters} == {"refused_by_postgres"}
    assert letters[0].size == len(records[123].value)


async def test_nothing_moves_when_a_dead_letter_cannot_be_stored(scene: Scene) -> None:
    await scene.consumer.assigned([FIRST])
    scene.letters.away = True
    with pytest.raises(Retry):
        await scene.give(_on_first(_sent(0), 0), rubbish(1))
    assert await scene.count("evidence") == 0
    assert await scene.offsets() == {}
    scene.letters.away = False
    await scene.give(_on_first(_sent(0), 0), rubbish(1))
    assert await scene.offsets() == {FIRST: 2}


async def test_beyond_the_limit_storing_stops_and_drops_nothing(pool: Pool) -> None:
    scene = a_scene(pool, most_dead_letters=3)
    await scene.consumer.assigned([FIRST])
    with pytest.raises(Stop, match="systematic"):
        await scene.give(_on_first(_sent(0), 0), *(rubbish(n) for n in range(1, 6)))
    assert len(scene.letters.records) == 3
    assert await scene.offsets() == {}


async def test_a_log_that_goes_on_before_what_is_stored_stops_storing(scene: Scene) -> None:
    await scene.consumer.assigned([FIRST])
    await scene.give(_on_first(_sent(0), 7))
    with pytest.raises(Stop, match="made anew"):
        await scene.give(_on_first(_sent(1), 3))
    assert await scene.offsets() == {FIRST: 8}


async def test_records_that_retention_took_are_counted_and_storing_goes_on(scene: Scene) -> None:
    await scene.consumer.assigned([FIRST])
    await scene.give(_on_first(_sent(0), 0))
    await scene.give(_on_first(_sent(1), 41))
    assert scene.value("bongsu_store_gap_records_total", topic="evidence") == 40
    assert await scene.offsets() == {FIRST: 42}


async def test_heartbeats_and_sightings_become_signs_of_life(scene: Scene) -> None:
    await scene.consumer.assigned(partitions())
    beat = Heartbeat(source="worker/w1", at=SLOT, reached=("sens", "control"))
    await scene.give(fetched(beat, 0, SLOT), fetched(beat, 1, SLOT + 20 * SECOND))
    await scene.give(fetched(builders.a_sighting(), 0, SLOT + MINUTE))
    async with transaction(scene.pool) as conn:
        rows = await conn.fetch("SELECT source, first_at, last_at FROM liveness ORDER BY source")
    assert {row[0]: (row[1], row[2]) for row in rows} == {
        "worker/w1": (SLOT, SLOT + 20 * SECOND),
        "reach/w1/sens": (SLOT, SLOT + 20 * SECOND),
        "reach/w1/control": (SLOT, SLOT + 20 * SECOND),
        "observer/skt-1/smsforwarder": (SLOT + MINUTE, SLOT + MINUTE),
        "reached/skt-1/kakaotalk": (SLOT + MINUTE, SLOT + MINUTE),
    }


async def test_an_idle_partition_gets_its_row_and_a_mark_at_most_once_a_second(
    scene: Scene,
) -> None:
    await scene.consumer.assigned([FIRST, (HEARTBEATS, 0)])
    await scene.consumer.idle({FIRST: SLOT, (HEARTBEATS, 0): SLOT})
    assert await scene.offsets() == {FIRST: 0, (HEARTBEATS, 0): 0}
    await scene.consumer.idle({FIRST: SLOT + MINUTE})  # within the same second
    async with transaction(scene.pool) as conn:
        assert await conn.fetchval("SELECT max(stored_until) FROM consumer_offset") == SLOT
    scene.consumer._marked_at = 0.0
    await scene.consumer.idle({FIRST: SLOT + MINUTE})
    async with transaction(scene.pool) as conn:
        assert await conn.fetchval("SELECT max(stored_until) FROM consumer_offset") == SLOT + MINUTE
    assert scene.owned.seconds_behind(topics.EVIDENCE, SLOT + 2 * MINUTE) == 60.0
    assert scene.owned.seconds_behind(topics.HEARTBEATS, SLOT + 2 * MINUTE) == 120.0


async def test_a_lost_race_for_the_same_event_repeats_the_whole_batch(scene: Scene) -> None:
    """Another sink stores the event between our question and our COPY."""
    await scene.consumer.assigned([FIRST])
    record = _on_first(_sent(0), 0)
    async with scene.pool.acquire() as other:
        change = other.transaction()
        await change.start()
        await _another_sink_stores(other, record)
        storing = asyncio.create_task(scene.give(record))
        done, _ = await asyncio.wait({storing}, timeout=0.3)
        assert not done
        await change.commit()
    await storing
    assert await scene.count("evidence") == 1
    found = await scene.attempt(_sent(0).probe_id)
    assert found is not None
    assert found.sends == 1
    assert scene.value("bongsu_store_duplicates_total", kind="probe.sent") == 1


async def _another_sink_stores(conn: Any, record: Any) -> None:
    """What a second sink does in its own transaction, without an offset."""
    decoded = codec.decode(record.value, record.headers)
    await apply_batch(conn, Batch((Stored(decoded, record),), ()))  # type: ignore[arg-type]


async def test_a_connection_cut_at_commit_loses_and_doubles_nothing(database: str) -> None:
    """The commit reaches the server, its answer does not reach us; and the reverse."""
    async with (
        CuttingProxy(database) as proxy,
        open_pool(_through(database, proxy.port), role_label="test", command_timeout_s=2) as pool,
    ):
        scene = a_scene(pool)
        await scene.consumer.assigned([FIRST])
        for number, reaches in enumerate((True, False)):
            proxy.cut_at_commit(reaches_server=reaches)
            batch = [_on_first(_sent(number), number)]
            if reaches:
                with pytest.raises(Retry, match="stored further"):
                    await scene.give(*batch)
                assert await scene.consumer.assigned([FIRST]) == {FIRST: 1}
            else:
                await scene.give(*batch)
            assert proxy.cuts == number + 1
        assert await scene.count("evidence") == 2
        assert await scene.count("attempts") == 2
        assert await scene.offsets() == {FIRST: 2}
        assert (await scene.attempt(_sent(0).probe_id)).sends == 1  # type: ignore[union-attr]


async def test_without_postgres_a_batch_waits_and_the_process_says_so(database: str) -> None:
    async with (
        CuttingProxy(database) as proxy,
        open_pool(_through(database, proxy.port), role_label="test", command_timeout_s=2) as pool,
    ):
        scene = a_scene(pool)
        await scene.consumer.assigned([FIRST])
        await scene.give(_on_first(_sent(0), 0))
        proxy.away = True
        proxy.cut_all()
        with pytest.raises(Retry):
            await scene.give(_on_first(_sent(1), 1))
        with pytest.raises(Retry):
            await scene.consumer.assigned([FIRST])
        assert scene.health.not_ready() == {"postgres": "no answer"}
        proxy.away = False
        assert await scene.consumer.assigned([FIRST]) == {FIRST: 1}
        await scene.give(_on_first(_sent(1), 1))
        assert scene.health.not_ready() == {}
        assert await scene.count("evidence") == 2


async def test_an_error_that_names_no_row_and_no_cure_ends_the_process(scene: Scene) -> None:
    await scene.consumer.assigned([FIRST])
    async with transaction(scene.pool) as conn:
        await conn.execute("DROP TABLE liveness CASCADE")
    with pytest.raises(Exception, match="liveness"):
        await scene.give(
            _on_first(builders.a_sighting(), 0), fetched(Heartbeat(source="worker/w", at=SLOT), 0)
        )
    assert await scene.offsets() == {}


def _through(dsn: str, port: int) -> str:
    parts = urlsplit(dsn)
    login = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{port}"))


async def test_outcomes_of_a_stored_probe_begin_at_zero_so_that_the_first_is_an_increase(
    scene: Scene,
) -> None:
    await scene.consumer.assigned([FIRST])
    await scene.give(_on_first(_sent(0), 0), _on_first(_sent(1, purpose="manual", body="lh"), 1))
    (family,) = [f for f in scene.registry.collect() if f.name == "bongsu_probe_outcome"]
    shown = {
        (s.labels["body"], s.labels["outcome"]): s.value
        for s in family.samples
        if s.name.endswith("_total")
    }
    assert shown == {("geoje", str(outcome)): 0.0 for outcome in Outcome}
