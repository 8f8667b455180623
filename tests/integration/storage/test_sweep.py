"""What is due is found, settled once, and not by who read it too early."""

from datetime import timedelta

from services.contracts import attempt
from services.contracts.outcome import MonitorFault, Verdict, Wait
from services.contracts.vocabulary import Outcome, Purpose, Stage
from services.storage import sink, sweep
from services.storage.pool import Connection
from services.storage.sweep import Settling
from tests.integration.storage.storing import PARTITION, store
from tests.support import builders
from tests.support.builders import MINUTE, SECOND, SLOT

LATER = SLOT + timedelta(hours=1)
DELIVERED = Verdict(Outcome.DELIVERED, "in_time")
UNDELIVERED = Verdict(Outcome.UNDELIVERED, "not_seen")


async def _due(conn: Connection) -> list[sweep.Due]:
    return await sweep.due(conn, {PARTITION: LATER, 7: LATER}, 100)


async def test_an_attempt_is_due_once_its_partition_is_stored_so_far(conn: Connection) -> None:
    sent = builders.a_probe_sent()
    async with conn.transaction():
        await store(conn, [builders.an_answer(sent)])
    assert await _due(conn) == []
    async with conn.transaction():
        await store(conn, [sent])
    assert await sweep.due(conn, {7: LATER}, 10) == []
    assert await sweep.due(conn, {PARTITION: sent.seen_due - SECOND}, 10) == []
    [found] = await sweep.due(conn, {PARTITION: sent.seen_due}, 10)
    assert found.attempt == attempt.fold([sent, builders.an_answer(sent)])
    assert (found.partition, found.counted) == (PARTITION, False)
    assert found.stored_until == sent.seen_due


async def test_only_the_days_that_are_asked_for_are_opened(conn: Connection) -> None:
    sent = builders.a_probe_sent()
    async with conn.transaction():
        await store(conn, [sent])
    assert len(await sweep.due(conn, {PARTITION: LATER}, 10, SLOT)) == 1
    assert await sweep.due(conn, {PARTITION: LATER}, 10, SLOT + SECOND) == []
    await conn.execute(
        "SELECT make_day('attempts', day::date) FROM generate_series("
        "$1::timestamptz, $1::timestamptz + interval '9 days', '1 day') AS day",
        SLOT,
    )
    await conn.execute("SET plan_cache_mode = force_custom_plan")
    query = "EXPLAIN " + sweep.DUE
    opened = await conn.fetch(query, [PARTITION], [LATER], 10, SLOT + timedelta(days=7))
    days = {row[0].split(" on ")[1].split()[0] for row in opened if "attempts_2" in row[0]}
    assert 1 <= len(days) <= 3


async def test_an_attempt_is_counted_when_it_settles_first_and_never_again(
    conn: Connection,
) -> None:
    sent = builders.a_probe_sent(purpose=Purpose.SCHEDULED)
    answer, sighting = builders.an_answer(sent), builders.a_sighting(sent)
    async with conn.transaction():
        await store(conn, [sent, answer])
    [first] = await sweep.settle(conn, [Settling(d, UNDELIVERED, LATER) for d in await _due(conn)])
    assert (first.outcome, first.sent) == ("undelivered", sent)
    assert first.stage_seconds == {Stage.ACCEPTED: 0.08}
    assert await _due(conn) == []
    async with conn.transaction():
        await store(conn, [sighting])
    [again] = await _due(conn)
    assert await sweep.settle(conn, [Settling(again, DELIVERED, LATER)]) == []
    row = await conn.fetchrow("SELECT outcome, reason, settled_at, settle_at FROM attempts")
    assert row is not None
    assert tuple(row) == ("delivered", "in_time", LATER, None)


async def test_evidence_that_came_meanwhile_keeps_an_attempt_due(conn: Connection) -> None:
    sent = builders.a_probe_sent()
    async with conn.transaction():
        await store(conn, [sent])
    read_early = await _due(conn)
    async with conn.transaction():
        await store(conn, [builders.a_sighting(sent)])
    assert await sweep.settle(conn, [Settling(d, UNDELIVERED, LATER) for d in read_early]) == []
    assert await conn.fetchval("SELECT outcome FROM attempts") is None
    assert len(await _due(conn)) == 1


async def test_of_two_sweeps_of_one_row_one_counts(conn: Connection) -> None:
    async with conn.transaction():
        await store(conn, [builders.a_probe_sent()])
    both = [await _due(conn), await _due(conn)]
    counted = [
        len(await sweep.settle(conn, [Settling(d, DELIVERED, LATER) for d in read]))
        for read in both
    ]
    assert counted == [1, 0]


async def test_an_attempt_that_waits_is_due_again_later_and_not_counted(conn: Connection) -> None:
    sent = builders.a_probe_sent()
    async with conn.transaction():
        await store(conn, [sent])
    until = sent.seen_due + MINUTE
    waiting = [Settling(d, Wait(until), LATER) for d in await _due(conn)]
    assert await sweep.settle(conn, waiting) == []
    assert await sweep.due(conn, {PARTITION: until - SECOND}, 10) == []
    [due] = await sweep.due(conn, {PARTITION: until}, 10)
    assert due.counted is False
    assert await sweep.pending(conn, [PARTITION]) == {("alimtalk", "sens"): 1}
    assert len(await sweep.settle(conn, [Settling(due, DELIVERED, LATER)])) == 1
    assert await sweep.pending(conn, [PARTITION]) == {}


async def test_liveness_holds_the_sources_asked_for_and_all_a_worker_reached(
    conn: Connection,
) -> None:
    signs = [
        sink.Sign(source, SLOT + n * SECOND, SLOT + n * SECOND)
        for source, n in (
            ("observer/skt-1/smsforwarder", 1), ("observer/skt-1/smsforwarder", 130),
            ("observer/skt-10/smsforwarder", 2), ("reach/worker-a/sens", 3),
            ("reach/worker-a/control", 4), ("reach/worker-ab/nhn", 5),
            ("observer/skt-1/smsforwarder", 4000),
        )
    ]  # fmt: skip
    await sink.touch_liveness(conn, signs)
    found = await sweep.liveness_for(
        conn, ["observer/skt-1/smsforwarder"], ["worker-a"], SLOT, SLOT + 5 * MINUTE
    )
    assert found.signs == {
        "observer/skt-1/smsforwarder": [(SLOT + n * SECOND,) * 2 for n in (1, 130)],
        "reach/worker-a/control": [(SLOT + 4 * SECOND,) * 2],
        "reach/worker-a/sens": [(SLOT + 3 * SECOND,) * 2],
    }


async def test_faults_that_touch_the_span_are_found(conn: Connection) -> None:
    for component, start, end in (("worker:a", 0, 5), ("worker:b", 6, 7), ("site:c", 3, 20)):
        await conn.execute(
            "INSERT INTO monitor_fault VALUES ($1, $2, $3, 'network', 'kim', $2)",
            component, SLOT + start * MINUTE, SLOT + end * MINUTE,
        )  # fmt: skip
    assert await sweep.monitor_faults(conn, SLOT + 4 * MINUTE, SLOT + 5 * MINUTE) == [
        MonitorFault("site:c", SLOT + 3 * MINUTE, SLOT + 20 * MINUTE),
        MonitorFault("worker:a", SLOT, SLOT + 5 * MINUTE),
    ]
