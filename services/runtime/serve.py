"""HTTP servers inside a process: uvicorn with a receive deadline and a bounded stop.

uvicorn closes no client that never finishes its request; the protocol below does, after
RECEIVE_WITHIN_S. Signals belong to `process`, not to uvicorn.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.runtime.errors import Stop

RECEIVE_WITHIN_S = 5.0
STOP_WITHIN_S = 3


class DeadlineProtocol(HttpToolsProtocol):
    """Closes a connection whose request has not arrived whole RECEIVE_WITHIN_S after its first
    byte, or that stays silent from the start. An idle kept-alive connection is uvicorn's matter."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """The clock starts before the first byte."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Bytes came; only a whole request stops the clock."""
        if self._deadline is None:
            self._arm()
        super().data_received(data)

    def on_message_complete(self) -> None:
        """The request is here; its handling has deadlines of its own."""
        self._disarm()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing left to close."""
        self._disarm()
        super().connection_lost(exc)

    def _arm(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(RECEIVE_WITHIN_S, self._give_up)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.transport and not self.transport.is_closing():
            self.transport.abort()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: ASGIApp, host: str, port: int, stopping: asyncio.Event) -> None:
    """Serve until `stopping`. Raises Stop when the address cannot be had."""
    config = uvicorn.Config(
        app, host=host, port=port, http=DeadlineProtocol, ws="none", lifespan="off",
        log_config=None, access_log=False, server_header=False, date_header=False,
        timeout_keep_alive=75, timeout_graceful_shutdown=STOP_WITHIN_S,
        limit_concurrency=1000, backlog=512,
    )  # fmt: skip
    server = _Server(config)
    watcher = asyncio.create_task(_stop_with(server, stopping))
    try:
        await server.serve()
    except SystemExit:
        raise Stop("address", f"{host}:{port} cannot be listened on: is it in use?") from None
    finally:
        watcher.cancel()


async def _stop_with(server: uvicorn.Server, stopping: asyncio.Event) -> None:
    await stopping.wait()
    server.should_exit = True
