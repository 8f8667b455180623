"""Kafka and Postgres as most tests here want them."""

from tests.support.fixtures import address, applied, conn, database, pool, producer

__all__ = ["address", "applied", "conn", "database", "pool", "producer"]
