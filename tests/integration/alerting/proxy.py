"""A small TCP proxy before PostgreSQL that cuts connections at the worst moment."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

COMMIT = b"COMMIT;\0"


class CuttingProxy:
    """Listens on a free port of this machine and forwards to the server of `dsn`.

    `away`: new connections are closed at once. `cuts` counts the commits that were cut.
    """

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        self._target = (parts.hostname or "", parts.port or 5432)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_commit: bool | None = None
        self.away = False
        self.cuts = 0
        self.port = 0

    def cut_at_commit(self, reaches_server: bool) -> None:
        """Cut the next connection that commits: before the server has the commit, or after it has
        answered and before the client has the answer."""
        self._at_commit = reaches_server

    def cut_all(self) -> None:
        """Cut every connection there is."""
        for writer in self._writers:
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut_all()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        if self.away:
            writer.transport.abort()
            return
        server_reader, server_writer = await asyncio.open_connection(*self._target)
        pair = {writer, server_writer}
        self._writers |= pair
        answers = asyncio.create_task(_pump(server_reader, writer))
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if self._at_commit is not None and COMMIT in data:
                    await self._cut(data, answers, server_reader, server_writer)
                    break
                server_writer.write(data)
                await server_writer.drain()
        answers.cancel()
        for each in pair:
            each.transport.abort()
        self._writers -= pair

    async def _cut(
        self,
        data: bytes,
        answers: "asyncio.Task[None]",
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> None:
        reaches, self._at_commit = self._at_commit, None
        self.cuts += 1
        if reaches:
            answers.cancel()
            await asyncio.wait({answers})
            server_writer.write(data)
            await server_reader.read(65_536)  # the server says that it has committed


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
