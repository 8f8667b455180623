"""Who leads when detectors stand still, on a real Postgres."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from services.alerting.leader import Leader
from services.runtime.ops import Health
from services.storage import leader as leadership
from services.storage.pool import Connection, open_pool
from tests.support.waiting import eventually


@contextlib.asynccontextmanager
async def _leading(dsn: str) -> AsyncIterator[tuple[Leader, Leader]]:
    """The one that leads, the one that stands by."""
    one, two = (Leader(dsn, name, Health()) for name in ("one", "two"))
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one.run(stopping))
        await eventually(lambda: one.epoch is not None, within=20)
        tasks.create_task(two.run(stopping))
        try:
            yield one, two
        finally:
            stopping.set()


async def test_a_leader_whose_detector_stands_still_gives_way_to_one_that_ticks(
    database: str,
) -> None:
    async with _leading(database) as (one, two):
        one.ticks = False
        await eventually(lambda: two.epoch is not None, within=20)
        assert one.epoch is None


async def test_while_every_detector_stands_still_the_leader_stays(database: str) -> None:
    """People are still to be called; who ticks again is waited for."""
    async with _session(database) as led, _session(database) as other:
        assert await leadership.try_lock(led, ticks=False)
        assert not await leadership.try_lock(other, ticks=False)
        assert not await leadership.others_tick(led)
        assert not await leadership.try_lock(other, ticks=True)
        assert await leadership.others_tick(led)


async def test_who_stands_still_does_not_take_the_lock_before_one_that_ticks(database: str) -> None:
    async with _session(database) as still:
        async with _session(database) as ticks:
            assert await leadership.try_lock(ticks, ticks=True)
        async with _session(database) as other:
            assert await leadership.try_lock(other, ticks=True)
            assert not await leadership.try_lock(still, ticks=False)
        assert await leadership.try_lock(still, ticks=False)


@contextlib.asynccontextmanager
async def _session(dsn: str) -> AsyncIterator[Connection]:
    async with open_pool(dsn, role_label="test", max_size=1) as pool, pool.acquire() as conn:
        yield conn
