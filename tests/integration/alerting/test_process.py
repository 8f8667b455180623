"""`python -m services.alerting` from start to stop: first or last to come, it lives, and it ends
in time, whatever state it is in."""

from pathlib import Path

import asyncpg
import pytest

from services.contracts import topics
from services.contracts.codec import Encoded
from services.local.kafka import EmbeddedKafka, free_ports
from services.local.postgres import EmbeddedPostgres
from services.runtime.kafka import Address, create_topics
from services.storage import migrate
from tests.integration.alerting.running import apply_shipped, process, producing
from tests.support.waiting import eventually


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """PostgreSQL may have to run as nobody, who must get through to its data."""
    tmp_path.chmod(0o711)
    return tmp_path


async def test_started_before_kafka_and_postgres_it_lives_and_becomes_ready(
    folder: Path,
) -> None:
    port, controller = free_ports(2)
    kafka = EmbeddedKafka(folder / "kafka", port, controller)
    postgres = EmbeddedPostgres(folder / "postgres", free_ports(1)[0], "p" * 16)
    async with kafka, postgres:
        address = Address({"bootstrap_servers": kafka.bootstrap}, "t", True)
        await create_topics(address, topics.ALL)
        await migrate.migrate(postgres.dsn)
        async with producing(address) as producer:
            await apply_shipped(address, producer)
    async with process(kafka.bootstrap, "t", postgres.dsn) as alerting:
        await eventually(alerting.alive, within=15)
        status, reasons = await alerting.ask("/readyz")
        assert status == 503
        assert "postgres" in reasons
        async with postgres:
            async with kafka:
                await eventually(alerting.ready, within=30)
            await eventually(lambda: _not(alerting.ready), within=20)
            async with kafka:
                await eventually(alerting.ready, within=30)
        await eventually(lambda: _not(alerting.ready), within=20)
        assert await alerting.alive()
        assert await alerting.stop() == 0


async def _not(asked: object) -> bool:
    return not await asked()  # type: ignore[operator]


async def test_with_nothing_to_talk_to_it_stops_in_time() -> None:
    nobody = free_ports(2)
    dsn = f"postgresql://bongsu:x@127.0.0.1:{nobody[1]}/bongsu"
    async with process(f"127.0.0.1:{nobody[0]}", "t", dsn) as alerting:
        await eventually(alerting.alive, within=15)
        assert await alerting.stop() == 0


async def test_more_dead_letters_than_the_limit_end_it_with_an_error_and_move_nothing(
    kafka_address: str, topic_prefix: str, database: str
) -> None:
    address = Address({"bootstrap_servers": kafka_address}, topic_prefix.rstrip("."), True)
    await create_topics(address, topics.ALL)
    async with producing(address) as producer:
        for _ in range(4):
            await producer.send(topics.EVIDENCE, Encoded(b"one key", b"{"))
    limit = {"DEAD_LETTERS_PER_MINUTE": "3"}
    async with process(kafka_address, address.prefix, database, **limit) as alerting:
        assert await alerting.ended(30) == 1
    conn = await asyncpg.connect(database)
    try:
        assert (
            await conn.fetchval("SELECT count(*) FROM consumer_offset WHERE next_offset > 0") == 0
        )
    finally:
        await conn.close()


async def test_metrics_of_both_halves_are_there(
    kafka_address: str, topic_prefix: str, database: str
) -> None:
    address = Address({"bootstrap_servers": kafka_address}, topic_prefix.rstrip("."), True)
    await create_topics(address, topics.ALL)
    async with producing(address) as producer:
        await apply_shipped(address, producer)
    async with process(kafka_address, address.prefix, database) as alerting:
        await eventually(alerting.ready, within=30)

        async def told() -> bool:
            text = (await alerting.ask("/metrics"))[1]
            wanted = [
                f'bongsu_consumer_lag_{unit}{{group="store",topic="{topic}"}}'
                for unit in ("records", "seconds")
                for topic in ("evidence", "heartbeats")
            ]
            checks = [
                f'bongsu_selfcheck_timestamp_seconds{{check="{check}"}}'
                for check in ("stored", "swept", "upkeep", "detected")
            ]
            return all(name in text for name in wanted + checks)

        await eventually(told, within=15)
        assert (await alerting.ask("/api/v1/incidents"))[0] == 401
        assert (await alerting.ask("/api/v1/openapi.json"))[0] == 200
        assert (await alerting.ask("/a/nobody-was-sent-it", alerting.answers_port))[0] == 404
        assert await alerting.ask("/metrics", alerting.answers_port) == (404, "")
        assert await alerting.stop() == 0
