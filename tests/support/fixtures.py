"""Fixtures of several folders: a Kafka of a test's own topics, a database with the schema."""

from collections.abc import AsyncIterator

import pytest

from services.contracts import topics
from services.runtime.kafka import Address, Producer, create_topics
from services.storage import migrate
from services.storage.pool import Connection, Pool, open_pool
from tests.integration.alerting.running import apply_shipped, producing


@pytest.fixture
async def address(kafka_address: str, topic_prefix: str) -> Address:
    """All topics, empty, under a prefix of their own."""
    found = Address({"bootstrap_servers": kafka_address}, topic_prefix.rstrip("."), True)
    await create_topics(found, topics.ALL)
    return found


@pytest.fixture
async def producer(address: Address) -> AsyncIterator[Producer]:
    """A connected one."""
    async with producing(address) as made:
        yield made


@pytest.fixture
async def applied(address: Address, producer: Producer) -> Producer:
    """The producer, in a world in which the shipped catalogue is in force."""
    await apply_shipped(address, producer)
    return producer


@pytest.fixture
async def database(empty_database: str) -> str:
    """DSN of a database with the shipped schema."""
    await migrate.migrate(empty_database)
    return empty_database


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Two connections at least, as two sinks have them."""
    async with open_pool(database, role_label="test", min_size=2, command_timeout_s=5) as pool:
        yield pool


@pytest.fixture
async def conn(pool: Pool) -> AsyncIterator[Connection]:
    """One connection outside any transaction."""
    async with pool.acquire() as conn:
        yield conn
