"""The fence, liveness, the catalogue, and rows that cannot be stored."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.contracts import catalogue
from services.contracts.vocabulary import Carrier
from services.storage import errors, rows, sink, status
from services.storage.pool import Connection, Pool, open_pool, transaction
from tests.integration.storage.storing import store
from tests.support import builders
from tests.support.builders import MINUTE, SECOND, SLOT


async def test_a_stale_expectation_moves_no_offset(conn: Connection) -> None:
    assert await sink.move_offset(conn, "evidence", 0, None, 10, SLOT)
    assert not await sink.move_offset(conn, "evidence", 0, None, 20, SLOT)
    assert not await sink.move_offset(conn, "evidence", 0, 9, 20, SLOT)
    assert await sink.read_offsets(conn, "evidence") == {0: sink.Offset(10, SLOT)}
    assert await sink.move_offset(conn, "evidence", 0, 10, 20, SLOT + SECOND)
    assert await sink.read_offsets(conn, "evidence") == {0: sink.Offset(20, SLOT + SECOND)}


async def test_of_two_sinks_that_move_one_offset_one_is_fenced(pool: Pool) -> None:
    async def move(next_offset: int) -> bool:
        async with transaction(pool) as conn:
            return await sink.move_offset(conn, "evidence", 0, None, next_offset, SLOT)

    assert sorted(await asyncio.gather(move(7), move(8))) == [False, True]


async def test_stored_until_never_goes_back(conn: Connection) -> None:
    assert await sink.mark_stored_until(conn, "evidence", 1, 0, SLOT + SECOND)
    assert await sink.move_offset(conn, "evidence", 1, 0, 5, SLOT)
    assert not await sink.mark_stored_until(conn, "evidence", 1, 0, SLOT + MINUTE)
    assert await sink.read_offsets(conn, "evidence") == {1: sink.Offset(5, SLOT + SECOND)}


async def test_signs_of_a_minute_keep_the_first_and_the_last(conn: Connection) -> None:
    signs = [sink.Sign("worker/a", SLOT + n * SECOND, SLOT + n * SECOND) for n in (20, 5, 40, 61)]
    for part in (signs[1:3], signs[:2], signs):
        await sink.touch_liveness(conn, part)
    found = await conn.fetch("SELECT * FROM liveness ORDER BY minute")
    assert [(r["minute"], r["first_at"], r["last_at"]) for r in found] == [
        (SLOT, SLOT + 5 * SECOND, SLOT + 40 * SECOND),
        (SLOT + MINUTE, SLOT + 61 * SECOND, SLOT + 61 * SECOND),
    ]


async def test_a_race_for_one_event_is_curable(conn: Connection) -> None:
    row = rows.evidence_row(builders.a_probe_sent(), 0, 0, SLOT)
    await sink.copy_evidence(conn, [row])
    with pytest.raises(Exception, match="duplicate key") as caught:
        await sink.copy_evidence(conn, [row])
    assert errors.curable(caught.value)


@pytest.mark.parametrize("poison", ["nul \0", "half a pair \ud83d"])
async def test_a_row_that_cannot_be_stored_is_told_from_a_sick_server(
    pool: Pool, poison: str
) -> None:
    row = rows.evidence_row(builders.a_report(), 0, 0, SLOT)._replace(provider_message_id=poison)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which class is what is tested below
        async with transaction(pool) as conn:
            await sink.copy_evidence(conn, [row])
    assert errors.names_a_row(caught.value)
    assert not errors.curable(caught.value)


async def test_a_frozen_statement_ends_and_its_connection_is_not_used_again(
    database: str,
) -> None:
    async with open_pool(
        database, role_label="test", min_size=1, max_size=1, command_timeout_s=0.2
    ) as pool:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - timed out here or at the server
            async with transaction(pool) as conn:
                await conn.execute("SELECT pg_sleep(30)")
        assert errors.curable(caught.value)
        async with transaction(pool) as conn:
            assert await conn.fetchval("SELECT 1") == 1


async def test_a_connection_cut_in_a_transaction_is_curable_and_the_pool_heals(
    database: str, conn: Connection
) -> None:
    async with open_pool(database, role_label="test", min_size=1, max_size=1) as pool:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which class is tested below
            async with transaction(pool) as victim:
                await _store_while_cut_by(conn, victim)
        assert errors.curable(caught.value)
        async with transaction(pool) as healed:
            assert await store(healed, [builders.a_probe_sent()])


async def _store_while_cut_by(other: Connection, victim: Connection) -> None:
    pid = await victim.fetchval("SELECT pg_backend_pid()")
    await other.execute("SELECT pg_terminate_backend($1)", pid)
    await store(victim, [builders.a_probe_sent()])


async def test_a_changed_table_under_a_cached_statement_is_curable(pool: Pool) -> None:
    query = "SELECT * FROM provider_code"
    async with pool.acquire() as conn:
        await conn.fetch(query)
        async with pool.acquire() as other:
            await other.execute("ALTER TABLE provider_code ADD note text")
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which class is tested below
            async with conn.transaction():
                await conn.fetch(query)
        assert errors.curable(caught.value)
        async with conn.transaction():
            assert await conn.fetch(query) == []


async def test_sessions_are_in_utc_and_bounded(database: str) -> None:
    async with (
        open_pool(database, role_label="test", command_timeout_s=7) as pool,
        pool.acquire() as conn,
    ):
        shown = {
            name: await conn.fetchval("SELECT current_setting($1)", name)
            for name in ("timezone", "statement_timeout", "idle_in_transaction_session_timeout")
        }
    assert shown == {
        "timezone": "UTC",
        "statement_timeout": "7s",
        "idle_in_transaction_session_timeout": "7s",
    }


async def test_the_catalogue_that_was_applied_last_is_read_back_whole(conn: Connection) -> None:
    assert await status.latest_catalogue(conn) is None
    old, new = _catalogue(1, "skt-1"), _catalogue(2, "skt-2")
    assert await sink.store_catalogue(conn, new, "kim", SLOT + MINUTE)
    assert await sink.store_catalogue(conn, old, "lee", SLOT)
    assert not await sink.store_catalogue(conn, new, "kim", SLOT + timedelta(days=1))
    assert await status.latest_catalogue(conn) == new


def _catalogue(number: int, receiver: str) -> catalogue.Catalogue:
    observer = catalogue.Observer(kind="smsforwarder", secret="observer-key")
    handset = catalogue.Receiver(
        id=receiver, carrier=Carrier.SKT, os="Android 14", site="seoul", secret="number",
        observers=(observer,),
    )  # fmt: skip
    platform = catalogue.Platform(
        id="kakaotalk", name=catalogue.Name(ko="카카오톡", en="KakaoTalk")
    )
    objects: list[tuple[str, catalogue.Model]] = [("receiver", handset), ("platform", platform)]
    return catalogue.build(UUID(int=number), objects)
