"""Partitions ahead of time, old days and old pages dropped: once at the start, then every hour."""

import asyncio

import structlog

from services.alerting.database import asked
from services.alerting.metrics import Metrics
from services.runtime.errors import Retry
from services.runtime.ops import Health
from services.runtime.retry import pause
from services.storage import errors, pages, sink
from services.storage.pool import Pool, transaction

EVERY_S = 3600.0
AGAIN_S = 30.0
DAYS_AHEAD = 14
PAGES_AT_ONCE = 500
_log = structlog.get_logger()


async def keep_partitions(
    pool: Pool, retention_days: int, metrics: Metrics, health: Health, stopping: asyncio.Event
) -> None:
    """Run until `stopping`. Rows outside every day's partition are an error in the log."""
    while not stopping.is_set():
        try:
            with asked(health):
                async with transaction(pool) as conn:
                    stray = await sink.maintain(conn, DAYS_AHEAD, retention_days)
                await _forget_pages(pool, retention_days)
        except Retry:
            await pause(stopping, AGAIN_S)
            continue
        if stray:
            _log.error("rows lie outside every day's partition", count=stray)
        metrics.selfcheck.labels("upkeep").set_to_current_time()
        await pause(stopping, EVERY_S)


async def _forget_pages(pool: Pool, retention_days: int) -> None:
    """Pages that stay hurt nobody: storing goes on without this."""
    gone = PAGES_AT_ONCE
    try:
        while gone == PAGES_AT_ONCE:
            async with transaction(pool) as conn:
                gone = await pages.forget(conn, retention_days, PAGES_AT_ONCE)
    except Exception as error:
        if errors.curable(error) or not errors.refused(error):
            raise
        _log.exception("old pages stay")
