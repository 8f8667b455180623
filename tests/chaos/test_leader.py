"""The leader dies, stops or loses Postgres at the worst moments of opening an incident.

Invariant: one outage of the whole platform is one open incident in Postgres with one line `opened`,
whoever wrote it; none is lost and none is there twice. Two real processes; Postgres is held at a
table by a lock of the test, so that the leader stands exactly there when it is hit.
"""

import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from services.runtime.kafka import Address, Producer
from services.storage import incidents
from services.storage.pool import Pool, transaction
from tests.integration.alerting.proxy import CuttingProxy
from tests.integration.alerting.running import Process, process, send
from tests.support.outage import DEAD, kakaotalk_is_dead
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(240)
AFTER_KILL_S, AFTER_STOP_S = 10, 30
Both = dict[str, Process]


@pytest.fixture
async def both(address: Address, applied: Producer, database: str) -> AsyncIterator[Both]:
    """Two instances, ready."""
    kafka, prefix = address.options["bootstrap_servers"], address.prefix
    async with (
        process(kafka, prefix, database, "one") as one,
        process(kafka, prefix, database, "two") as two,
    ):
        await eventually(one.ready, within=90)
        await eventually(two.ready, within=90)
        yield {"one": one, "two": two}


async def _holder(pool: Pool) -> tuple[str, int]:
    async with transaction(pool) as conn:
        row = await conn.fetchrow("SELECT holder, epoch FROM leader_epoch")
        assert row is not None
        return row["holder"].partition("/")[0], row["epoch"]


async def _another_leads(pool: Pool, before: int) -> bool:
    return (await _holder(pool))[1] > before


async def _openings(pool: Pool) -> list[tuple[str, str]]:
    """(component, id) of every line `opened` there is."""
    async with transaction(pool) as conn:
        found = await conn.fetch(
            "SELECT component, id FROM incident_event JOIN incident ON id = incident_id"
            " WHERE incident_event.kind = 'opened'"
        )
        return [(row["component"], row["id"]) for row in found]


async def _one_incident(pool: Pool) -> None:
    opened = await eventually(lambda: _openings(pool), within=AFTER_STOP_S)
    assert [component for component, _ in opened] == [DEAD]
    async with transaction(pool) as conn:
        assert [one.component for one in (await incidents.standing(conn)).open] == [DEAD]


@contextlib.asynccontextmanager
async def _held_at(pool: Pool, table: str) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Whoever writes to the table waits until the block ends; is somebody waiting?"""
    async with transaction(pool) as conn:
        await conn.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")

        async def waited_for() -> bool:
            waiting = "SELECT true FROM pg_locks WHERE NOT granted AND relation = $1::regclass"
            return await conn.fetchval(waiting, table) is not None

        yield waited_for


@pytest.mark.parametrize("table", ["incident", "incident_event"])
async def test_a_leader_killed_while_it_opens_an_incident_leaves_one(
    both: Both, applied: Producer, pool: Pool, table: str
) -> None:
    """Held at `incident` nothing is inserted yet; at its timeline, the row is not yet committed."""
    leader, epoch = await eventually(lambda: _holder(pool), within=20)
    async with _held_at(pool, table) as waited_for:
        await send(applied, kakaotalk_is_dead(datetime.now(UTC)))
        await eventually(waited_for, within=20)
        await both[leader].kill()
    await eventually(lambda: _another_leads(pool, epoch), within=AFTER_KILL_S)
    await _one_incident(pool)


async def test_a_leader_killed_after_it_opened_an_incident_leaves_one(
    both: Both, applied: Producer, pool: Pool
) -> None:
    leader, epoch = await eventually(lambda: _holder(pool), within=20)
    await send(applied, kakaotalk_is_dead(datetime.now(UTC)))
    await eventually(lambda: _openings(pool), within=20)
    await both[leader].kill()
    await eventually(lambda: _another_leads(pool, epoch), within=AFTER_KILL_S)
    await both[leader].start()
    await eventually(both[leader].ready, within=90)
    await _one_incident(pool)


async def test_a_leader_that_was_stopped_writes_nothing_when_it_goes_on(
    both: Both, applied: Producer, pool: Pool
) -> None:
    leader, epoch = await eventually(lambda: _holder(pool), within=20)
    both[leader].child.send_signal(signal.SIGSTOP)
    await send(applied, kakaotalk_is_dead(datetime.now(UTC)))
    await eventually(lambda: _another_leads(pool, epoch), within=AFTER_STOP_S)
    await eventually(lambda: _openings(pool), within=20)
    both[leader].child.send_signal(signal.SIGCONT)
    await eventually(both[leader].ready, within=90)
    assert (await _holder(pool))[0] != leader
    await _one_incident(pool)


async def test_a_leader_cut_from_postgres_is_followed_and_nothing_is_lost(
    address: Address, applied: Producer, pool: Pool, database: str
) -> None:
    """The commit of the opening reaches Postgres, and its answer nobody."""
    kafka, prefix = address.options["bootstrap_servers"], address.prefix
    server = database.rpartition("@")[2].partition("/")[0]
    async with CuttingProxy(database) as proxy:
        through = database.replace(server, f"127.0.0.1:{proxy.port}")
        async with process(kafka, prefix, through, "one") as one:
            await eventually(one.ready, within=90)
            async with process(kafka, prefix, database, "two") as two:
                await eventually(two.ready, within=90)
                _, epoch = await eventually(lambda: _holder(pool), within=20)
                async with _held_at(pool, "incident") as waited_for:
                    await send(applied, kakaotalk_is_dead(datetime.now(UTC)))
                    await eventually(waited_for, within=20)
                    proxy.cut_at_commit(reaches_server=True)
                await eventually(lambda: proxy.cuts == 1, within=10)
                proxy.away = True
                proxy.cut_all()
                await eventually(lambda: _another_leads(pool, epoch), within=AFTER_KILL_S)
                proxy.away = False
                await eventually(one.ready, within=90)
                await _one_incident(pool)
