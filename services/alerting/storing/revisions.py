"""Keep every catalogue revision that came into force: status, boards and months read them."""

import asyncio

import structlog

from services.catalogue.publish import Follower
from services.contracts.catalogue import Catalogue
from services.runtime.clock import SystemClock
from services.runtime.retry import Backoff, pause
from services.storage import errors, sink
from services.storage.pool import Pool, transaction

_log = structlog.get_logger()


async def keep_revisions(follower: Follower, pool: Pool, stopping: asyncio.Event) -> None:
    """Store each revision once, whichever instance sees it first; retried until it is stored."""
    arrived: asyncio.Queue[Catalogue] = asyncio.Queue(maxsize=16)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_store_each(arrived, pool, stopping), name="revisions")
        await follower.follow(stopping, lambda catalogue: _offer(arrived, catalogue))


def _offer(arrived: asyncio.Queue[Catalogue], catalogue: Catalogue) -> None:
    if arrived.full():  # sixteen applies while Postgres is away: the newest matter
        arrived.get_nowait()
    arrived.put_nowait(catalogue)


async def _store_each(
    arrived: asyncio.Queue[Catalogue], pool: Pool, stopping: asyncio.Event
) -> None:
    while not stopping.is_set():
        try:
            async with asyncio.timeout(0.5):
                catalogue = await arrived.get()
        except TimeoutError:
            continue
        await _store(catalogue, pool, stopping)


async def _store(catalogue: Catalogue, pool: Pool, stopping: asyncio.Event) -> None:
    backoff = Backoff()
    while not stopping.is_set():
        try:
            async with transaction(pool) as conn:
                await sink.store_catalogue(conn, catalogue, "apply", SystemClock().now())
            return
        except Exception as error:
            if not errors.curable(error):
                raise
            _log.warning("a catalogue revision waits for postgres", reason=str(error))
            await pause(stopping, backoff.next_s())
