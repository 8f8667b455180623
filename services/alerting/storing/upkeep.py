"""Partitions ahead of time, old days dropped: once at the start, then every hour."""

import asyncio

import structlog

from services.alerting.metrics import Metrics
from services.runtime.ops import Health
from services.runtime.retry import pause
from services.storage import errors, sink
from services.storage.pool import Pool, transaction

EVERY_S = 3600.0
AGAIN_S = 30.0
DAYS_AHEAD = 14
_log = structlog.get_logger()


async def keep_partitions(
    pool: Pool, retention_days: int, metrics: Metrics, health: Health, stopping: asyncio.Event
) -> None:
    """Run until `stopping`. Rows outside every day's partition are an error in the log."""
    while not stopping.is_set():
        try:
            async with transaction(pool) as conn:
                stray = await sink.maintain(conn, DAYS_AHEAD, retention_days)
        except Exception as error:
            if not errors.curable(error):
                raise
            health.silent("postgres", str(error))
            await pause(stopping, AGAIN_S)
            continue
        if stray:
            _log.error("rows lie outside every day's partition", count=stray)
        metrics.selfcheck.labels("upkeep").set_to_current_time()
        await pause(stopping, EVERY_S)
