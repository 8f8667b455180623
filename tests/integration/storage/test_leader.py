"""The fence: an epoch that is over writes nothing, and a new one waits for what the old writes."""

import asyncio

import pytest

from services.storage import leader
from services.storage.leader import Deposed
from services.storage.pool import Pool, transaction
from tests.support.incidents import NOW
from tests.support.waiting import eventually


async def _begun(pool: Pool) -> int:
    async with transaction(pool) as conn:
        return await leader.begin_epoch(conn, "one")


async def test_under_an_epoch_that_is_over_nothing_is_written_nor_taken_over(pool: Pool) -> None:
    over, ours = await _begun(pool), await _begun(pool)
    with pytest.raises(Deposed):
        async with transaction(pool) as conn:
            await leader.hold(conn, over, NOW)
    with pytest.raises(Deposed):
        async with transaction(pool) as conn:
            await leader.await_writes(conn, over)
    async with transaction(pool) as conn:
        await leader.hold(conn, ours, NOW)
        assert await leader.ticked_at(conn) == NOW


async def test_a_new_epoch_begins_after_what_the_old_one_still_writes(pool: Pool) -> None:
    old = await _begun(pool)

    async def waits() -> bool:
        async with transaction(pool) as conn:
            return bool(await conn.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    async with transaction(pool) as conn:
        await leader.hold(conn, old, NOW)
        new = asyncio.create_task(_begun(pool))
        await eventually(waits, within=5)
        assert not new.done()
    assert await new == old + 1
