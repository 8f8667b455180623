"""A migrated database of its own for each test, and two connections as two sinks have them."""

from collections.abc import AsyncIterator

import pytest

from services.storage import migrate
from services.storage.pool import Connection, Pool, open_pool


@pytest.fixture
async def database(empty_database: str) -> str:
    """DSN of a database with the shipped schema."""
    await migrate.migrate(empty_database)
    return empty_database


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Two connections at least."""
    async with open_pool(database, role_label="test", min_size=2) as pool:
        yield pool


@pytest.fixture
async def conn(pool: Pool) -> AsyncIterator[Connection]:
    """One connection outside any transaction."""
    async with pool.acquire() as conn:
        yield conn
