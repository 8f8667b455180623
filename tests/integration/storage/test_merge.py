"""Two sinks, any order, any grouping, any repetition: the rows are what `fold` says."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contracts import attempt
from services.contracts.evidence import Evidence, ProbeAnswered, ReportReceived
from services.contracts.vocabulary import AnswerResult, ReportState
from services.storage.pool import Connection, Pool, transaction
from tests.integration.storage.storing import store, store_repeating, stored
from tests.support import builders
from tests.support.strategies import any_order, evidence_of_one_probe

Batches = list[list[Evidence]]
PROBES = [
    builders.a_probe_id(),
    builders.a_probe_id(builders.SLOT + builders.MINUTE),
    builders.a_probe_id(builders.SLOT + 24 * 60 * builders.MINUTE),
]


def _of_probe(number: int, event: Evidence, orphaned: bool) -> Evidence:
    """The event for another probe; a report may have lost its probe on the way."""
    changed: dict[str, object] = {
        "probe_id": PROBES[number],
        "event_id": UUID(int=event.event_id.int ^ (number + 1)),
    }
    if isinstance(event, ProbeAnswered | ReportReceived):
        changed["provider_message_id"] = f"message-{number}"
    if isinstance(event, ReportReceived) and orphaned:
        changed["probe_id"] = None
    return event.model_copy(update=changed)


@st.composite
def batches_of_two_sinks(draw: st.DrawFn) -> tuple[Batches, Batches]:
    """The events of a few probes, some of them twice, cut into batches of two sinks."""
    events = [
        _of_probe(number, event, draw(st.booleans()))
        for number in range(draw(st.integers(1, len(PROBES))))
        for event in draw(evidence_of_one_probe(most=8))
    ]
    sinks: tuple[Batches, Batches] = ([[]], [[]])
    for event in draw(any_order(events, most_repeated=5)):
        batches = sinks[draw(st.integers(0, 1))]
        if draw(st.booleans()):
            batches.append([])
        batches[-1].append(event)
    return sinks


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches_of_two_sinks())
async def test_any_order_grouping_and_repetition_gives_the_row_that_fold_says(
    pool: Pool, sinks: tuple[Batches, Batches]
) -> None:
    async with pool.acquire() as conn:
        await conn.execute("TRUNCATE evidence, attempts, message_ref")
    await asyncio.gather(*(_store_all(pool, batches) for batches in sinks))
    events = [event for batches in sinks for batch in batches for event in batch]
    async with pool.acquire() as conn:
        for number, probe_id in enumerate(PROBES):
            expected = _attributed(events, number)
            assert await stored(conn, probe_id) == (attempt.fold(expected) if expected else None)


async def _store_all(pool: Pool, batches: Batches) -> None:
    for batch in batches:
        await store_repeating(pool, batch)


def _attributed(events: Sequence[Evidence], number: int) -> list[Evidence]:
    """What is known of a probe, with reports that name its message once an answer tells it."""
    own = [event for event in events if event.probe_id == PROBES[number]]
    if any(isinstance(event, ProbeAnswered) for event in own):
        own += [
            event.model_copy(update={"probe_id": PROBES[number]})
            for event in events
            if isinstance(event, ReportReceived)
            and event.probe_id is None
            and event.provider_message_id == f"message-{number}"
        ]
    return own


async def test_a_report_of_an_unknown_probe_waits_for_the_answer(conn: Connection) -> None:
    sent = builders.a_probe_sent()
    report = builders.a_report(sent, probe_id=None)
    async with conn.transaction():
        await store(conn, [sent, report])
    assert (await _attempt(conn, sent.probe_id)).report is None
    async with conn.transaction():
        await store(conn, [builders.an_answer(sent)])
    found = (await _attempt(conn, sent.probe_id)).report
    assert found == report.model_copy(update={"probe_id": sent.probe_id})


async def test_a_report_of_an_unknown_probe_finds_an_answer_that_came_first(
    conn: Connection,
) -> None:
    sent = builders.a_probe_sent()
    async with conn.transaction():
        await store(conn, [sent, builders.an_answer(sent)])
    async with conn.transaction():
        await store(conn, [builders.a_report(sent, probe_id=None)])
    assert (await _attempt(conn, sent.probe_id)).report is not None
    assert await conn.fetchval("SELECT waiting FROM message_ref") == []


async def test_two_merges_in_one_transaction_count_each_event_once(conn: Connection) -> None:
    first = builders.a_probe_sent()
    second = builders.a_probe_sent(worker="worker-b")
    async with conn.transaction():
        await store(conn, [first])
        await store(conn, [second])
    assert (await _attempt(conn, first.probe_id)).sends == 2


async def test_stage_columns_say_what_the_attempt_says(conn: Connection) -> None:
    sent = builders.a_probe_sent()
    spam = builders.a_sighting(sent, placement="spam", observed_max=sent.sent_at)
    substitute = builders.a_sighting(
        sent, leg=1, source_event_id="2", observed_max=sent.sent_at + builders.SECOND
    )
    own = builders.a_sighting(sent, source_event_id="3")
    pending = builders.a_report(sent, state=ReportState.PENDING)
    async with conn.transaction():
        await store(conn, [spam, substitute, own, pending, sent])
        await store(conn, [builders.an_answer(sent, result=AnswerResult.UNCLEAR)])
    row = await conn.fetchrow("SELECT * FROM attempts")
    assert row is not None
    assert (row["seen_at"], row["substitute_seen_at"]) == (
        own.observed_max,
        substitute.observed_max,
    )
    assert (row["accepted_at"], row["reported_at"]) == (None, None)
    assert (row["settle_at"], row["partition"], row["touched"]) == (sent.seen_due, 3, 2)


async def _attempt(conn: Connection, probe_id: UUID) -> attempt.Attempt:
    found = await stored(conn, probe_id)
    assert found is not None
    return found


async def test_a_rolled_back_batch_leaves_nothing(pool: Pool) -> None:
    sent = builders.a_probe_sent()
    try:
        async with transaction(pool) as conn:
            await store(conn, [sent, builders.an_answer(sent)])
            raise KeyError("the pipeline found itself fenced")
    except KeyError:
        pass
    async with transaction(pool) as conn:
        assert await store(conn, [sent]) == [sent]
