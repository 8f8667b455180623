"""A service outside that waits for heartbeats: an HTTP receiver on a port of this machine."""

import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

from services.local.child import HOST
from services.local.kafka import free_ports


@dataclass
class Outside:
    """`taken`: when a heartbeat was taken, by the monotonic clock; it answers with `status`."""

    status: int = 200
    taken: list[float] = field(default_factory=list)
    refused: int = 0
    port: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def url(self) -> str:
        """Where it waits; the path is the secret."""
        return f"http://{HOST}:{self.port}/ping/not-for-everyone"

    def silent_for(self, seconds: float) -> bool:
        """Has nothing come for so long?"""
        return time.monotonic() - self.taken[-1] > seconds

    async def hear(self, request: web.Request) -> web.Response:
        """One request."""
        if self.status == 200 and request.path == "/ping/not-for-everyone":
            self.taken.append(time.monotonic())
        else:
            self.refused += 1
        return web.Response(status=self.status)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self.hear)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.port).start()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()
