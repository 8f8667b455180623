"""The database of a command that is not asynchronous, because other processes do its work."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from services.cli.context import context
from services.cli.report_sentences import sentence
from services.runtime.errors import Retry
from services.storage import errors, months, people
from services.storage.months import Revision
from services.storage.pool import ACQUIRE_S, Connection, Pool, open_pool, transaction

T = TypeVar("T")
Place = tuple[str, str, int]  # a body, its month, its revision
STATEMENT_S = 55.0  # a month of a body is read; below the server's bound of the role


class Database:
    """Open within a `with`. Raises Retry (`database`) when it cannot be reached."""

    def __init__(self, data: Path) -> None:
        self._dsn = context(data).postgres
        self._runner = asyncio.Runner()
        self._held = AsyncExitStack()
        self._pool: Pool | None = None

    def __enter__(self) -> Self:
        pool = open_pool(self._dsn, role_label="cli", max_size=1, command_timeout_s=STATEMENT_S)
        try:
            self._pool = self._run(self._held.enter_async_context(pool))
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._runner.run(self._held.aclose())
        self._runner.close()

    def ask(self, do: Callable[[Connection], Awaitable[T]]) -> T:
        """In a transaction of its own."""
        assert self._pool is not None
        return self._run(_within(self._pool, do))

    def alone(self, do: Callable[[Connection], Awaitable[T]]) -> T:
        """Outside of a transaction: it makes its own."""
        assert self._pool is not None
        return self._run(_outside(self._pool, do))

    def _run(self, asked: Awaitable[T]) -> T:
        async def waited() -> T:
            return await asked

        try:
            return self._runner.run(waited())
        except Exception as error:
            if errors.curable(error):
                raise Retry("database", sentence("database_away")) from error
            raise


async def _within(pool: Pool, do: Callable[[Connection], Awaitable[T]]) -> T:
    async with transaction(pool) as conn:
        return await do(conn)


async def _outside(pool: Pool, do: Callable[[Connection], Awaitable[T]]) -> T:
    async with pool.acquire(timeout=ACQUIRE_S) as conn:
        return await do(conn)


async def contents(conn: Connection, which: Sequence[Revision]) -> list[bytes]:
    """Sealed reports as their canonical text."""
    found = [await months.content(conn, each.body, each.month, each.revision) for each in which]
    return [text for text in found if text is not None]


async def log(conn: Connection, places: Iterable[Place], files: Iterable[Path]) -> None:
    """Whoever runs this made these files of those revisions."""
    await people.may_write(conn)
    names = [file.name for file in files]
    for body, month, revision in places:
        await months.log_documents(conn, getpass.getuser(), body, month, revision, names)
