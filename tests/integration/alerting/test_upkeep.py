"""The hourly upkeep: what is past its retention goes in parts, and none is left over."""

import asyncio

from prometheus_client import CollectorRegistry

from services.alerting.metrics import Metrics
from services.alerting.storing.upkeep import PAGES_AT_ONCE, keep_partitions
from services.runtime.ops import Health
from services.storage import incidents
from services.storage.pool import Pool
from tests.support.incidents import NOW, an_incident
from tests.support.waiting import eventually


async def test_partitions_are_kept_where_old_pages_cannot_go(pool: Pool) -> None:
    await pool.execute("ALTER TABLE page_incident RENAME TO away")
    stopping, registry = asyncio.Event(), CollectorRegistry()
    metrics = Metrics(registry)
    running = asyncio.create_task(keep_partitions(pool, 40, metrics, Health(), stopping))
    name, labels = "bongsu_selfcheck_timestamp_seconds", {"check": "upkeep"}
    await eventually(lambda: registry.get_sample_value(name, labels), within=10)
    stopping.set()
    await running


async def test_more_old_pages_than_go_at_once_are_all_gone_after_one_round(pool: Pool) -> None:
    async with pool.acquire() as conn:
        await incidents.put(conn, an_incident(status="closed", closed_at=NOW))
        await conn.execute("UPDATE incident SET closed_at = now() - interval '41 days'")
    await pool.execute(
        "WITH old AS (INSERT INTO page (id, kind, recipient, due_at, accepted_at)"
        " SELECT 'page-' || n, 'opened', 'person:kim', now(), now() - interval '41 days'"
        " FROM generate_series(0, $1) AS n RETURNING id)"
        " INSERT INTO page_incident SELECT old.id, incident.id FROM old, incident",
        PAGES_AT_ONCE,
    )
    stopping, metrics, health = asyncio.Event(), Metrics(CollectorRegistry()), Health()
    running = asyncio.create_task(keep_partitions(pool, 40, metrics, health, stopping))

    async def none_left() -> bool:
        return await pool.fetchval("SELECT count(*) FROM page") == 0

    await eventually(none_left, within=10)
    stopping.set()
    await running
