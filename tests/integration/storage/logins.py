"""A database with bongsu's roles, and who logs in as which."""

from urllib.parse import urlsplit, urlunsplit

import pytest

from services.storage import migrate, roles

PASSWORDS = {
    "bongsu_sink": "sink-pw",
    "bongsu_report": "report-pw",
    "bongsu_grafana": "grafana-pw",
}
CODES = [("sens_sms", "3018", "failed", "handset", None)]
LOGINS = {**PASSWORDS, roles.OWNER: "owner-pw"}


@pytest.fixture
async def initialised(empty_database: str) -> str:
    """DSN of the administrator in a database that `init_database` has set up, twice."""
    name = urlsplit(empty_database).path.removeprefix("/")
    for _ in range(2):
        await migrate.init_database(empty_database, name, PASSWORDS, CODES)
    return empty_database


def logged_in(dsn: str, role: str) -> str:
    """The same database for that role."""
    parts = urlsplit(dsn)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{LOGINS[role]}@{place}"))
