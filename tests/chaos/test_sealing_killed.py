"""Reporting processes are killed in the midst of sealing, two at a time: each month of each body is
sealed once, in order, and every chain is whole."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.contracts import topics
from services.reporting.verify_stored import verify
from services.runtime.kafka import Address
from services.storage import months
from services.storage.pool import open_pool
from tests.integration.storage.logins import initialised, logged_in
from tests.support import reporting
from tests.support.sealed_months import CLOSED, World
from tests.support.waiting import eventually

__all__ = ["initialised"]
BODIES = ("eumseong", "gangnam", "geoje", "gyeonggi", "lh", "miryang", "moel", "suyeong")
KILLS = 4

pytestmark = pytest.mark.timeout(240)


@asynccontextmanager
async def _reporting(world: World, address: Address) -> AsyncIterator[None]:
    """A process that is killed at the end of the block."""
    process, _ = await reporting.start(world.login, address)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def test_each_month_is_sealed_once_however_often_the_processes_die(
    initialised: str, address: Address
) -> None:
    login = logged_in(initialised, "bongsu_report")
    counts = {address.topic(one): one.partitions for one in (topics.EVIDENCE, topics.HEARTBEATS)}
    async with (
        open_pool(initialised, role_label="test") as owner,
        open_pool(login, role_label="reading") as report,
    ):
        world = World(owner, report, login, counts)
        await world.begin(*BODIES)
        await world.at(CLOSED)
        wanted = 2 * len(BODIES)
        for number in range(1, KILLS + 2):
            enough = wanted if number > KILLS else len(await world.rows()) + 2

            async def sealed(enough: int = enough) -> bool:
                return len(await world.rows()) >= enough

            async with _reporting(world, address), _reporting(world, address):
                await eventually(sealed, within=60)
        rows = await world.rows()
        assert sorted(rows) == [(body, "2026-10", n) for body in BODIES for n in (0, 1)]
        async with report.acquire() as conn:
            for body in BODIES:
                own = await months.revisions(conn, body)
                assert [one.revision for one in own] == [0, 1]
                found = [each async for each in verify(conn, own, own, raw=False)]
                assert all(each.equal for each in found)
