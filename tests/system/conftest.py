"""Kafka and Postgres as most tests here want them."""

from tests.support.fixtures import address, applied, database, pool, producer

__all__ = ["address", "applied", "database", "pool", "producer"]
