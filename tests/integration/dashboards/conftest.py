"""A database with a day of probes, and the login that Grafana has there."""

from collections.abc import Callable
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
async def initialised(empty_database: str) -> str:
    """DSN of the administrator of a database without a row."""
    name = urlsplit(empty_database).path.removeprefix("/")
    await migrate.init_database(empty_database, name, PASSWORDS, known_codes())
    return empty_database


@pytest.fixture
async def filled(initialised: str, now: datetime) -> str:
    """DSN of the administrator of a database with the sample."""
    async with open_pool(initialised, role_label="test") as pool, pool.acquire() as conn:
        await boards.store_sample(conn, now)
    return initialised


@pytest.fixture
def reader_of() -> Callable[[str], str]:
    """From an administrator's DSN that of the role that reads for boards."""

    def login(dsn: str) -> str:
        parts = urlsplit(dsn)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{READER}:{PASSWORDS[READER]}@{place}"))

    return login


@pytest.fixture
def reader(filled: str, reader_of: Callable[[str], str]) -> str:
    """DSN of the role that reads for boards."""
    return reader_of(filled)
