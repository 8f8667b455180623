"""HTTP servers inside a process: uvicorn with a receive deadline and a bounded stop.

uvicorn closes no client that never finishes its request; the protocol below does, after
`receive_within_s`. Signals belong to `process`, not to uvicorn.
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
MOST_CONNECTIONS = 4_096


class DeadlineProtocol(HttpToolsProtocol):
    """Closes a connection whose request has not arrived whole RECEIVE_WITHIN_S after its first
    byte, or that stays silent from the start. An idle kept-alive connection is uvicorn's matter,
    and so is a request that is handled. One may begin in the bytes that ended the one before."""

    receive_within_s = RECEIVE_WITHIN_S
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        self._arm()
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._arm()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._disarm()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def _arm(self) -> None:
        if self._deadline is None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(self.receive_within_s, self._give_up)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self._busy():
            # An earlier request is still being handled and the socket may not even be read:
            # what came after it gets its time when it can be received.
            self._arm()
        elif self.transport and not self.transport.is_closing():
            self.transport.abort()

    def _busy(self) -> bool:
        cycle = self.cycle
        handled = cycle is not None and not cycle.more_body and not cycle.response_complete
        return bool(self.pipeline) or handled


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    stopping: asyncio.Event,
    receive_within_s: float = RECEIVE_WITHIN_S,
) -> None:
    """Serve until `stopping`. Raises Stop when the address cannot be had."""
    protocol = type("Protocol", (DeadlineProtocol,), {"receive_within_s": receive_within_s})
    config = uvicorn.Config(
        app, host=host, port=port, http=protocol, ws="none", lifespan="off",
        log_config=None, access_log=False, server_header=False, date_header=False,
        timeout_keep_alive=75, timeout_graceful_shutdown=STOP_WITHIN_S,
        limit_concurrency=MOST_CONNECTIONS, backlog=512,
    )  # fmt: skip
    server = _Server(config)
    watcher = asyncio.create_task(_stop_with(server, stopping))
    try:
        await server.serve()
    except SystemExit:
        raise Stop("address", f"{host}:{port} cannot be listened on: is it in use?") from None
    finally:
        watcher.cancel()
        for listener in getattr(server, "servers", ()):
            listener.close()  # a serve that was cancelled would leave it open


async def _stop_with(server: uvicorn.Server, stopping: asyncio.Event) -> None:
    await stopping.wait()
    server.should_exit = True
