"""The process says that it is ready, what is due and that it stops; what fails is told apart."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from services.reporting.metrics import Metrics
from services.reporting.upkeep import Chores
from services.runtime.kafka import Address
from services.storage.pool import Connection
from tests.support import reporting
from tests.support.sealed_months import CLOSED, END, World
from tests.support.waiting import eventually

DUE = 'bongsu_report_due_timestamp_seconds{report="closed"} '


async def _asked(port: int, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text()


@pytest.fixture
async def ops(
    world: World, address: Address
) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A process that finds a month to close and its evidence not stored."""
    await world.begin("geoje")
    await world.at(CLOSED, stored=END + timedelta(hours=7))
    process, port = await reporting.start(world.login, address)
    yield process, port
    if process.returncode is None:
        process.kill()
        await process.wait()


async def test_it_is_ready_tells_what_is_due_and_stops_in_order(
    ops: tuple[asyncio.subprocess.Process, int],
) -> None:
    process, port = ops

    async def ready() -> bool:
        return (await _asked(port, "/readyz"))[0] == 200

    async def due() -> float:
        lines = (await _asked(port, "/metrics"))[1].splitlines()
        return next(float(line.removeprefix(DUE)) for line in lines if line.startswith(DUE))

    await eventually(ready, within=20)
    assert await eventually(due, within=20) == CLOSED.timestamp()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_chore_that_fails_keeps_no_other_from_being_done(world: World) -> None:
    """Each once an hour, or a night, whatever became of it."""
    done: list[str] = []

    async def fails(_: Connection, at: datetime) -> None:
        done.append(f"{at:%H} fails")
        raise ValueError("on purpose")

    async def works(_: Connection, at: datetime) -> None:
        done.append(f"{at:%H} works")

    chores = Chores("test", Metrics(CollectorRegistry()), hourly=(fails, works), nightly=())
    for minutes in (0, 1, 60):
        await world.at(CLOSED + timedelta(minutes=minutes))
        async with world.report.acquire() as conn:
            await chores.go(conn, asyncio.Event())
    assert done == ["15 fails", "15 works", "16 fails", "16 works"]
