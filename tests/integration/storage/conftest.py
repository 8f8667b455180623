"""A migrated database of its own for each test, and two connections as two sinks have them."""

from collections.abc import AsyncIterator

import pytest

from services.storage.pool import Connection, Pool


@pytest.fixture
async def conn(pool: Pool) -> AsyncIterator[Connection]:
    """One connection outside any transaction."""
    async with pool.acquire() as conn:
        yield conn
