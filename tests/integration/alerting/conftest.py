"""A migrated database of its own for each test."""

from collections.abc import AsyncIterator

import pytest

from services.storage import migrate
from services.storage.pool import Pool, open_pool
from tests.integration.alerting.scene import Scene, a_scene


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
def scene(pool: Pool) -> Scene:
    """A consumer and a sweep without Kafka, on a real database."""
    return a_scene(pool)
