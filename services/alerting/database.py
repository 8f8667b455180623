"""The pool of this process, opened as soon as Postgres is there; being first is no error."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from services.runtime.errors import Stop
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause
from services.storage import errors, migrate
from services.storage.pool import Pool, open_pool, transaction


@contextlib.asynccontextmanager
async def database(dsn: str, health: Health, stopping: asyncio.Event) -> AsyncIterator[Pool | None]:
    """The pool; None when the process is stopped before Postgres answers. Raises Stop when the
    schema of this version is not there."""
    health.needs("postgres")
    backoff = Backoff(cap_s=2.0)
    async with contextlib.AsyncExitStack() as stack:
        pool: Pool | None = None
        while pool is None and not stopping.is_set():
            try:
                pool = await stack.enter_async_context(open_pool(dsn, role_label="alerting"))
                async with transaction(pool) as conn:
                    await migrate.check(conn)
            except errors.StorageRefused as error:
                raise Stop("schema", str(error)) from None
            except Exception as error:
                if not errors.curable(error):
                    raise
                health.silent("postgres", str(error) or type(error).__name__)
                await pause(stopping, backoff.next_s())
        yield pool
