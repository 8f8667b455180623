"""Two sinks are killed again and again while Postgres crashes: every event is stored exactly once,
and every attempt is the fold of its evidence."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from services.contracts import topics
from services.contracts.evidence import Evidence
from services.local.kafka import free_ports
from services.local.postgres import EmbeddedPostgres
from services.runtime.kafka import Address, Producer, create_topics
from services.storage import migrate, rows, sweep
from tests.integration.alerting.running import Process, process, producing, send
from tests.integration.alerting.scene import folded, story
from tests.support.waiting import eventually

PROBES = 1_300  # of four events each
ROUNDS = 3  # in each both sinks are killed
POSTGRES_STOPS = 2
REPEATED = 0.02
AHEAD = 150


@pytest.fixture
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPostgres]:
    """A server of this test's own, for it is crashed."""
    folder = tmp_path_factory.mktemp("crashed")
    _let_through(folder)
    server = EmbeddedPostgres(folder, free_ports(1)[0], "p" * 16)
    async with server:
        await migrate.migrate(server.dsn)
        yield server


def _let_through(folder: Path) -> None:
    """PostgreSQL may have to run as nobody."""
    folder.chmod(0o711)


async def test_six_kills_and_two_crashes_lose_nothing_and_double_nothing(
    kafka_address: str, topic_prefix: str, postgres: EmbeddedPostgres
) -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")  # noqa: T201 shown when the test fails
    dice = random.Random(seed)
    stories = [story(number) for number in range(PROBES)]
    events = [event for events in stories for event in events]
    records = [*events, *dice.sample(events, int(len(events) * REPEATED))]
    dice.shuffle(records)
    address = Address({"bootstrap_servers": kafka_address}, topic_prefix.rstrip("."), True)
    await create_topics(address, topics.ALL)
    async with AsyncExitStack() as stack:
        producer = await stack.enter_async_context(producing(address))
        sinks = [
            await stack.enter_async_context(
                process(kafka_address, address.prefix, postgres.dsn, instance)
            )
            for instance in ("one", "two")
        ]
        for number in range(ROUNDS):
            share = records[number::ROUNDS]
            feeding = asyncio.create_task(_feed(producer, share, postgres))
            if number < POSTGRES_STOPS:
                await _stored_more(postgres, dice.randrange(1, 200), feeding)
                await _crash(postgres)
            for sink in dice.sample(sinks, 2):
                await _stored_more(postgres, dice.randrange(1, 100), feeding)
                await sink.kill()
            for sink in sinks:
                await sink.start()
            await feeding
        await eventually(lambda: _all_stored(postgres, len(events)), within=40)
        await _every_attempt_is_its_fold(postgres, stories)
        await _nothing_is_left_in_kafka(sinks, postgres, len(records))


async def _feed(
    producer: Producer, records: Sequence[Evidence], postgres: EmbeddedPostgres
) -> None:
    """A few ahead of what is stored, so that the sinks are always in the middle of something."""
    sent = await eventually(lambda: _taken(postgres), within=20)

    async def wanted() -> bool:
        return sent - await _taken(postgres) < AHEAD

    for start in range(0, len(records), 50):
        await eventually(wanted, within=40, every=0.01)
        await send(producer, records[start : start + 50])
        sent += len(records[start : start + 50])


async def _crash(postgres: EmbeddedPostgres) -> None:
    """An immediate stop, and a start that recovers."""
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGQUIT)
    await postgres.stop()
    await postgres.start()
    await postgres.ready()


async def _stored_more(
    postgres: EmbeddedPostgres, count: int, feeding: "asyncio.Task[None]"
) -> None:
    """Until so many more records are dealt with, or there are no more."""
    before = await eventually(lambda: _taken(postgres), within=20)

    async def enough() -> bool:
        return feeding.done() or await _taken(postgres) >= before + count

    await eventually(enough, within=25, every=0.005)


async def _taken(postgres: EmbeddedPostgres) -> int:
    """Records that were dealt with, and one, so that none is true as well."""
    query = "SELECT sum(next_offset) FROM consumer_offset WHERE topic LIKE '%.evidence'"
    return 1 + await _ask(postgres, query)


async def _ask(postgres: EmbeddedPostgres, query: str) -> int:
    conn = await asyncpg.connect(postgres.dsn, timeout=2, command_timeout=5)
    try:
        return int(await conn.fetchval(query) or 0)
    finally:
        await conn.close(timeout=2)


async def _all_stored(postgres: EmbeddedPostgres, expected: int) -> bool:
    return await _ask(postgres, "SELECT count(*) FROM evidence") == expected


async def _every_attempt_is_its_fold(
    postgres: EmbeddedPostgres, stories: Sequence[Sequence[Evidence]]
) -> None:
    conn = await asyncpg.connect(postgres.dsn)
    try:
        await conn.execute("SET timezone = 'UTC'")
        found = await conn.fetch(f"SELECT {sweep.ATTEMPT_COLUMNS} FROM attempts AS a")
    finally:
        await conn.close()
    attempts = {row["probe_id"]: rows.attempt_of(row) for row in found}
    expected = [folded(events) for events in stories]
    assert attempts == {attempt.probe_id: attempt for attempt in expected}


async def _nothing_is_left_in_kafka(
    sinks: Sequence[Process], postgres: EmbeddedPostgres, records: int
) -> None:
    """Every record was taken past, repeats too; both sinks are well."""

    async def passed() -> bool:
        return await _taken(postgres) - 1 == records

    await eventually(passed, within=20)
    for sink in sinks:
        assert await sink.alive()
