"""Two sinks, two partitions, any order, repetition and grouping: the rows are what `fold` says."""

import asyncio
import random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.alerting.storing.pipeline import Batch, Move, Stored, apply_batch
from services.contracts.evidence import Evidence, ProbeSent
from services.storage import errors
from services.storage.pool import Connection, Pool, transaction
from tests.integration.alerting.scene import EVIDENCE, attempt_in, folded, stored, story
from tests.support import builders
from tests.support.builders import MINUTE, SLOT
from tests.support.strategies import any_order

TRIES = 50


def _evidence(number: int) -> list[Evidence]:
    """One probe's whole story, seen twice and opened."""
    sent, *rest = story(number)
    assert isinstance(sent, ProbeSent)
    again = builders.a_sighting(sent, source_event_id="seen-2", placement="inbox")
    return [sent, *rest, again, builders.an_opening(sent)]


@st.composite
def two_sinks(draw: st.DrawFn) -> tuple[list[list[Stored]], list[list[Stored]]]:
    """Each record on its key's partition, each partition cut into batches, any order, some twice.

    The sink of partition 0 stores with the first connection, that of partition 1 with the second.
    """
    events = [event for number in range(3) for event in _evidence(number)]
    sinks: tuple[list[list[Stored]], list[list[Stored]]] = ([[]], [[]])
    for event in draw(any_order(events, most_repeated=8)):
        record = stored(event)
        batches = sinks[record.fetched.partition]
        if draw(st.booleans()):
            batches.append([])
        batches[-1].append(record)
    return sinks


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(two_sinks())
async def test_two_sinks_in_any_order_store_what_the_fold_says(
    pool: Pool, sinks: tuple[list[list[Stored]], list[list[Stored]]]
) -> None:
    async with pool.acquire() as conn:
        await conn.execute("TRUNCATE evidence, attempts, message_ref, liveness")
    repeats = sum(await asyncio.gather(*(_store_all(pool, batches) for batches in sinks)))
    given_records = sum(len(batch) for batches in sinks for batch in batches)
    for number in range(3):
        expected = folded(_evidence(number))
        assert await attempt_in(pool, expected.probe_id) == expected
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM evidence") == given_records - repeats


async def _store_all(pool: Pool, batches: list[list[Stored]]) -> int:
    return sum([await _store(pool, batch) for batch in batches if batch])


async def _store(pool: Pool, batch: list[Stored]) -> int:
    """As the consumer does: what a repeat can cure is repeated whole; how many were repeats."""
    for _ in range(TRIES):
        try:
            async with transaction(pool) as conn:
                return len(await apply_batch(conn, Batch(tuple(batch), ())))
        except Exception as error:
            if not errors.curable(error):
                raise
    raise AssertionError(f"no success in {TRIES} tries")


def test_the_story_really_spreads_over_both_partitions() -> None:
    spread = {
        (type(event).__name__, stored(event).fetched.partition)
        for number in range(3)
        for event in _evidence(number)
    }
    assert {partition for _, partition in spread} == {0, 1}


async def test_two_open_transactions_link_a_report_and_its_answer_whoever_commits_first(
    pool: Pool,
) -> None:
    sent, answer, report, *_ = _evidence(0)
    async with pool.acquire() as first, pool.acquire() as second:
        change = first.transaction()
        await change.start()
        await _apply(first, report)

        async def other() -> None:
            async with second.transaction():
                await _apply(second, sent, answer)

        waiting = asyncio.create_task(other())
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done, "the second sink waits for the first one's message"
        await change.commit()
        await waiting
    found = await attempt_in(pool, sent.probe_id or UUID(int=0))
    assert found is not None
    assert found.report is not None


async def test_repeats_are_told_by_kind_also_within_a_batch(pool: Pool) -> None:
    events = _evidence(0)
    random.Random(1).shuffle(events)
    async with transaction(pool) as conn:
        assert await _apply(conn, *events, events[0]) == [events[0].kind]
    async with transaction(pool) as conn:
        assert await _apply(conn, *events) == [event.kind for event in events]


async def test_a_repeated_sighting_is_no_new_sign_of_life(pool: Pool) -> None:
    seen = builders.a_sighting()
    for known_at in (SLOT, SLOT + 30 * MINUTE):
        async with transaction(pool) as conn:
            await apply_batch(conn, Batch((stored(seen, known_at),), ()))
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT max(last_at) FROM liveness") == SLOT


async def test_a_canary_is_a_sign_of_life_and_nothing_else(pool: Pool) -> None:
    async with transaction(pool) as conn:
        batch = Batch((stored(builders.a_canary(at=SLOT - MINUTE), SLOT),), ())
        assert await apply_batch(conn, batch) == []
        found = await conn.fetch("SELECT source, known_at FROM liveness")
        assert [tuple(row) for row in found] == [("canary", SLOT)]
        kept = "SELECT (SELECT count(*) FROM evidence) + (SELECT count(*) FROM attempts)"
        assert await conn.fetchval(kept) == 0


async def test_a_batch_moves_its_offset_or_leaves_nothing(pool: Pool) -> None:
    move = Move(EVIDENCE, 0, None, 1, SLOT)
    async with transaction(pool) as conn:
        await apply_batch(conn, Batch((stored(builders.a_probe_sent()),), (move,)))
    async with pool.acquire() as conn:
        row = await conn.fetchrow("SELECT next_offset, stored_until FROM consumer_offset")
        assert row is not None
        assert tuple(row) == (1, SLOT)


async def _apply(conn: Connection, *events: Evidence) -> list[str]:
    return await apply_batch(conn, Batch(tuple(map(stored, events)), ()))
