"""A day is a partition: found by the id alone, made ahead, dropped when old."""

from datetime import UTC, datetime, timedelta

import pytest

from services.contracts import ids
from services.storage import sink
from services.storage.pool import Connection
from tests.integration.storage.storing import store
from tests.support import builders

DAY = timedelta(days=1)


async def test_ids_find_their_day_and_no_other_is_opened(conn: Connection) -> None:
    await sink.maintain(conn, 14, 400)
    for table, key in (("evidence", "event_id"), ("attempts", "probe_id")):
        probe = ids.first_id_at(datetime.now(UTC))
        plan = await conn.fetch(f"EXPLAIN SELECT * FROM {table} WHERE {key} = ANY($1)", [probe])
        text = "\n".join(row[0] for row in plan)
        assert f"{table}_{datetime.now(UTC):%Y%m%d}" in text
        assert text.count(f" on {table}_") == 1


async def test_sql_and_python_agree_on_the_first_id_of_a_moment(conn: Connection) -> None:
    for at in (builders.SLOT, datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)):
        assert await conn.fetchval("SELECT dash.id_floor($1)", at) == ids.first_id_at(at)


async def test_maintain_makes_days_ahead_and_repeats_without_effect(conn: Connection) -> None:
    assert await sink.maintain(conn, 14, 400) == 0
    before = await _partitions(conn)
    today = datetime.now(UTC)
    assert {f"evidence_{today + n * DAY:%Y%m%d}" for n in range(-1, 15)} <= before
    assert await sink.maintain(conn, 14, 400) == 0
    assert await _partitions(conn) == before


async def test_rows_of_a_day_without_a_partition_are_caught_and_move_into_it(
    conn: Connection,
) -> None:
    sent = builders.a_probe_sent(slot=datetime.now(UTC))
    async with conn.transaction():
        await store(conn, [sent, builders.a_sighting(sent)])
    assert await conn.fetchval("SELECT count(*) FROM evidence_default") == 2
    seen_at = await conn.fetchval("SELECT seen_at FROM attempts_default")
    assert await sink.maintain(conn, 14, 400) == 0
    moved = await conn.fetchrow("SELECT seen_at, tableoid::regclass::text AS part FROM attempts")
    assert moved is not None
    assert tuple(moved) == (seen_at, f"attempts_{sent.slot:%Y%m%d}")


async def test_rows_of_an_unexpected_day_are_reported(conn: Connection) -> None:
    sent = builders.a_probe_sent(slot=datetime.now(UTC) + 30 * DAY)
    async with conn.transaction():
        await store(conn, [sent])
    assert await sink.maintain(conn, 14, 400) == 2


async def test_what_is_past_retention_goes(conn: Connection) -> None:
    old = datetime.now(UTC) - 50 * DAY
    await conn.execute("SELECT make_day('evidence', $1::date)", old.date())
    sent = builders.a_probe_sent(slot=old)
    async with conn.transaction():
        await store(conn, [sent, builders.an_answer(sent)], known_at=old)
        await sink.touch_liveness(conn, [sink.Sign("worker/a", old, old)])
    assert await sink.maintain(conn, 14, 60) == 1
    assert await sink.maintain(conn, 14, 40) == 0
    assert f"evidence_{old:%Y%m%d}" not in await _partitions(conn)
    for table in ("evidence", "attempts", "message_ref", "liveness"):
        assert await conn.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_short_retention_is_refused(conn: Connection) -> None:
    with pytest.raises(Exception, match="retention below 32 days"):
        await sink.maintain(conn, 14, 31)


async def _partitions(conn: Connection) -> set[str]:
    found = await conn.fetch("SELECT inhrelid::regclass::text AS name FROM pg_inherits")
    return {row["name"] for row in found}
