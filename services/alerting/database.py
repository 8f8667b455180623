"""The pool of this process, opened as soon as Postgres is there; what its errors mean here; and the
catalogue that is stored, for who cannot ask Kafka."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import structlog
from pydantic import ValidationError

from services.contracts.catalogue import Catalogue
from services.runtime.errors import Retry, Stop
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause
from services.storage import errors, migrate
from services.storage.pool import Connection, Pool, open_pool, transaction
from services.storage.status import latest_catalogue

_log = structlog.get_logger()


@contextlib.contextmanager
def asked(health: Health) -> Iterator[None]:
    """Around what asks Postgres: health hears whether it answered. Raises Retry for an error that
    a repeat can cure; others are left as they are."""
    try:
        yield
    except Exception as error:
        if not errors.curable(error):
            raise
        why = str(error) or type(error).__name__
        health.silent("postgres", why)
        raise Retry("postgres_away", f"Postgres does not answer: {why}") from error
    health.answered("postgres")


@contextlib.asynccontextmanager
async def asking(pool: Pool, health: Health) -> AsyncIterator[Connection]:
    """A transaction of a loop that does not ask at each of its turns, or health would hear of
    answers that nobody gave. Raises Retry as `asked`."""
    with asked(health):
        async with transaction(pool) as conn:
            yield conn


@contextlib.asynccontextmanager
async def session(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction for somebody who waits. Raises Retry for an error that a repeat can cure."""
    try:
        async with transaction(pool) as conn:
            yield conn
    except Exception as error:
        if not errors.curable(error):
            raise
        raise Retry("postgres_away", "Postgres does not answer") from error


async def stored_catalogue(conn: Connection) -> Catalogue | None:
    """The one that was stored last; None before the first, and for one of a newer release."""
    try:
        return await latest_catalogue(conn)
    except (KeyError, ValidationError):
        _log.error("the stored catalogue holds an object that this release cannot read")
        return None


@contextlib.asynccontextmanager
async def database(
    dsn: str, health: Health, stopping: asyncio.Event, role_label: str = "alerting",
    max_size: int = 4, command_timeout_s: float = 10.0,
) -> AsyncIterator[Pool | None]:  # fmt: skip
    """The pool; None when the process is stopped before Postgres answers. Raises Stop when the
    schema of this version is not there."""
    health.needs("postgres")
    backoff = Backoff(cap_s=2.0)
    async with contextlib.AsyncExitStack() as stack:
        pool: Pool | None = None
        while pool is None and not stopping.is_set():
            try:
                with asked(health):
                    opened = await stack.enter_async_context(
                        open_pool(
                            dsn,
                            role_label=role_label,
                            max_size=max_size,
                            command_timeout_s=command_timeout_s,
                        )
                    )
                    async with transaction(opened) as conn:
                        await migrate.check(conn)
                    pool = opened
            except errors.StorageRefused as error:
                raise Stop("schema", str(error)) from None
            except Retry:
                await stack.aclose()  # what this try opened
                await pause(stopping, backoff.next_s())
        yield pool
