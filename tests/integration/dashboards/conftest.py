"""A database with a day of probes, and the login that Grafana has there."""

from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import pytest

from services.adapters import known_codes
from services.storage import migrate
from services.storage.pool import open_pool
from tests.support import boards

# Roles belong to the server, which other tests share: everywhere these passwords.
PASSWORDS = {
    "bongsu_sink": "sink-pw",
    "bongsu_report": "report-pw",
    "bongsu_grafana": "grafana-pw",
}
READER = "bongsu_grafana"


@pytest.fixture
def now() -> datetime:
    """When somebody looks at the boards."""
    return datetime.now(UTC)


@pytest.fixture
async def filled(empty_database: str, now: datetime) -> str:
    """DSN of the administrator of a database with the sample."""
    name = urlsplit(empty_database).path.removeprefix("/")
    await migrate.init_database(empty_database, name, PASSWORDS, known_codes())
    async with open_pool(empty_database, role_label="test") as pool, pool.acquire() as conn:
        await boards.store_sample(conn, now)
    return empty_database


@pytest.fixture
def reader(filled: str) -> str:
    """DSN of the role that reads for boards."""
    parts = urlsplit(filled)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{READER}:{PASSWORDS[READER]}@{place}"))
