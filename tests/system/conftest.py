"""Kafka, Postgres and a browser as most tests here want them."""

from tests.support.browser import browser
from tests.support.fixtures import address, applied, database, pool, producer

__all__ = ["address", "applied", "browser", "database", "pool", "producer"]
