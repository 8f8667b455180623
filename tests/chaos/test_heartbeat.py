"""The dead man's switch: each part is stopped in turn, and nothing is heard until it is back.

Real Kafka, Postgres and process of alerting; the test announces canaries as a worker does. Only who
waits outside is a simple receiver. Invariant: a heartbeat comes while the whole way is open, and at
no other time. Budget and interval are made short by their settings.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from services.contracts import topics
from services.contracts.codec import encode
from services.local.kafka import EmbeddedKafka, free_ports
from services.local.postgres import EmbeddedPostgres
from services.runtime.errors import Retry
from services.runtime.kafka import Address, Producer, create_topics
from services.storage import migrate
from tests.integration.alerting.running import Process, apply_shipped, process, producing
from tests.support.builders import a_canary
from tests.support.chain import let_through
from tests.support.outside import Outside
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(240)
SETTINGS = {"HEARTBEAT_EVERY_S": "1", "HEARTBEAT_BUDGET_S": "5"}
# Budget, a look every 3 s, and a little; then nothing for as long as three heartbeats take.
QUIET_S, SILENT_WITHIN_S, BACK_WITHIN_S = 10, 35, 60
NOBODY_STORES = "LOCK TABLE consumer_offset IN EXCLUSIVE MODE"
NOBODY_LEADS = """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid();
    SELECT pg_advisory_lock(hashtext('bongsu leader'))
"""


class Announcer:
    """Announces canaries as a worker does, only more often, while it is not `silent`."""

    def __init__(self, producer: Producer) -> None:
        self._producer, self.silent = producer, False

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            if not self.silent:
                with contextlib.suppress(Retry):
                    canary = encode(a_canary(at=datetime.now(UTC)))
                    await self._producer.send(topics.EVIDENCE, canary)
            await asyncio.sleep(0.5)


@contextlib.asynccontextmanager
async def _announcing(producer: Producer) -> AsyncIterator[Announcer]:
    made = Announcer(producer)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()


@contextlib.asynccontextmanager
async def _held(dsn: str, statement: str) -> AsyncIterator[None]:
    """A session that has run this, in a transaction that stays open until the block ends."""
    session = await asyncpg.connect(dsn, timeout=5, command_timeout=10)
    try:
        async with session.transaction():
            await session.execute(statement)
            yield
    finally:
        await session.close(timeout=2)  # frees its locks


async def _falls_silent(outside: Outside) -> None:
    await eventually(lambda: outside.silent_for(QUIET_S), within=SILENT_WITHIN_S)


async def _is_heard(outside: Outside) -> None:
    before = len(outside.taken)
    await eventually(lambda: len(outside.taken) > before, within=BACK_WITHIN_S)


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with Outside() as made:
        yield made


@contextlib.asynccontextmanager
async def _heard(address: Address, dsn: str, outside: Outside) -> AsyncIterator[Process]:
    """A process of alerting whose heartbeat has come."""
    kafka = address.options["bootstrap_servers"]
    told = SETTINGS | {"HEARTBEAT_URL": outside.url}
    async with process(kafka, address.prefix, dsn, **told) as alerting:
        await eventually(lambda: outside.taken, within=BACK_WITHIN_S)
        yield alerting


async def test_without_canaries_storing_or_a_leader_nothing_is_heard(
    address: Address, applied: Producer, database: str, outside: Outside
) -> None:
    async with _announcing(applied) as announcer, _heard(address, database, outside) as alerting:
        announcer.silent = True
        await _falls_silent(outside)
        assert await alerting.ready(), "only the announcing has stopped"
        announcer.silent = False
        await _is_heard(outside)
        for statement in (NOBODY_STORES, NOBODY_LEADS):
            async with _held(database, statement):
                await _falls_silent(outside)
            await _is_heard(outside)


async def test_without_kafka_postgres_or_alerting_nothing_is_heard(
    tmp_path: Path, outside: Outside
) -> None:
    let_through(tmp_path)
    port, controller, postgres_port = free_ports(3)
    kafka = EmbeddedKafka(tmp_path / "kafka", port, controller)
    postgres = EmbeddedPostgres(tmp_path / "postgres", postgres_port, "p" * 16)
    address = Address({"bootstrap_servers": kafka.bootstrap}, "t", True)
    async with kafka, postgres, contextlib.AsyncExitStack() as stack:
        await create_topics(address, topics.ALL)
        await migrate.migrate(postgres.dsn)
        producer = await stack.enter_async_context(producing(address))
        await apply_shipped(address, producer)
        await stack.enter_async_context(_announcing(producer))
        alerting = await stack.enter_async_context(_heard(address, postgres.dsn, outside))
        for server in (kafka, postgres):
            server.kill()
            await _falls_silent(outside)
            await server.start()
            await server.ready()
            await _is_heard(outside)
        alerting.child.send_signal(signal.SIGSTOP)
        await _falls_silent(outside)
        alerting.child.send_signal(signal.SIGCONT)
        await _is_heard(outside)


async def test_an_outside_that_refuses_is_asked_again_and_its_address_is_told_to_nobody(
    address: Address, applied: Producer, database: str, outside: Outside,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    async with _announcing(applied), _heard(address, database, outside) as alerting:
        outside.status = 500
        await eventually(lambda: outside.refused >= 2, within=30)
        outside.status = 200
        await _is_heard(outside)
        said = (await alerting.ask("/metrics"))[1] + capfd.readouterr().err
    assert "the heartbeat is not taken" in said
    assert "status 500" in said
    assert "not-for-everyone" not in said
