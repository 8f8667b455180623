"""Keep every catalogue revision that came into force: status, boards and months read them.

In: the catalogue's topic from its beginning. Out: rows of each revision that ever was whole and
named by `current`, also of those that a later one replaced before this process looked.
"""

import asyncio
from datetime import datetime

import structlog

from services.alerting.database import asked
from services.catalogue.publish import Assembler
from services.contracts.catalogue import Catalogue
from services.contracts.topics import CATALOGUE
from services.runtime.errors import Retry
from services.runtime.kafka import Address
from services.runtime.kafka_readers import Fetched, follow
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause
from services.storage import sink
from services.storage.pool import Pool, transaction

LOOP = "revisions"
_log = structlog.get_logger()


async def keep_revisions(
    address: Address, pool: Pool, health: Health, stopping: asyncio.Event
) -> None:
    """Store each revision once, whichever instance sees it first; reads no further until then."""
    backoff = Backoff(cap_s=2.0)
    while not stopping.is_set():
        assembler = Assembler()
        try:
            async for records, _ in follow(address, CATALOGUE, stopping):
                for record in records:
                    await _take(assembler, record, pool, health, stopping)
                backoff.reset()
                health.turn(LOOP)
        except Retry as error:
            _log.warning("catalogue cannot be read", reason=str(error))
            health.turn(LOOP)
            await pause(stopping, backoff.next_s())


async def _take(
    assembler: Assembler, record: Fetched, pool: Pool, health: Health, stopping: asyncio.Event
) -> None:
    whole = assembler.feed(record.key, record.value)
    if whole is None or assembler.current is None:
        return
    applied_by, backoff = assembler.current.applied_by, Backoff()
    while not stopping.is_set():
        health.turn(LOOP)
        try:
            with asked(health):
                return await _store(whole, applied_by, record.known_at, pool)
        except Retry:
            await pause(stopping, backoff.next_s())


async def _store(whole: Catalogue, applied_by: str, known_at: datetime, pool: Pool) -> None:
    async with transaction(pool) as conn:
        if await sink.store_catalogue(conn, whole, applied_by, known_at):
            _log.info("catalogue revision kept", revision=str(whole.revision))
