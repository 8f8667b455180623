"""A worker's way out: a forward proxy of HTTP, which is cut when `worker:<id>` is down.

In:  connections of one worker: requests in absolute form, and CONNECT for what is no plain HTTP.
Out: the same bytes at their destination, and back. Bodies are neither read nor logged.
Before: `app.py` starts one a worker. After: whatever the worker speaks to.
While the worker is down nobody listens, and what was under way is broken off at once: its line is
dead. A connection carries one request of HTTP, for the destination is told to close it.
"""

import asyncio
import contextlib
import socket
from datetime import timedelta
from urllib.parse import urlsplit

from simulators.carriage import utc_now, wait_for
from simulators.config import WorkerConfig
from simulators.faults import FaultBook

HOST = "127.0.0.1"
MOST_CONNECTIONS = 500
OPENED_WITHIN_S, OVER_WITHIN_S = 5.0, 120.0
LOOK_AGAIN = timedelta(days=1)
PART = 65_536
# Between a client and its proxy only.
_OWN_HEADERS = (b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """The way out of one worker."""

    def __init__(self, worker: WorkerConfig, faults: FaultBook, host: str = HOST) -> None:
        self.component, self._at, self._faults = f"worker:{worker.id}", (host, worker.port), faults
        self._server: asyncio.Server | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Listen whenever the worker has a network, until cancelled. Raises OSError for a port
        that is taken."""
        with socket.socket() as reserved:  # so that nobody takes the port while it is closed
            for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
                reserved.setsockopt(socket.SOL_SOCKET, option, 1)
            reserved.bind(self._at)
            try:
                while True:
                    await self._follow()
            finally:
                await self._cut()

    async def _follow(self) -> None:
        """Be as the faults say, until they change or the next of their edges."""
        changed, now = self._faults.changed, utc_now()
        mine = [fault for fault in self._faults.history if fault.component == self.component]
        if any(fault.in_force(now) for fault in mine):
            await self._cut()
        elif self._server is None:
            self._server = await asyncio.start_server(self._accept, *self._at, reuse_port=True)
        edges = (edge for fault in mine for edge in (fault.since, fault.until) if edge)
        next_edge = min((edge for edge in edges if edge > now), default=now + LOOK_AGAIN)
        await wait_for(changed, (next_edge - utc_now()).total_seconds())

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or len(self._under_way) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.create_task(_serve((reader, writer)), name=self.component)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


async def _serve(client: Streams) -> None:
    """One connection from its first byte to its last. What one side breaks is broken for both."""
    with contextlib.ExitStack() as ends:
        ends.callback(client[1].transport.abort)
        try:
            async with asyncio.timeout(OVER_WITHIN_S):
                server, first = await _opened(client)
                ends.callback(server[1].transport.abort)
                server[1].write(first)
                async with asyncio.TaskGroup() as both:
                    both.create_task(_copy(client[0], server[1]))
                    both.create_task(_copy(server[0], client[1]))
                for _, writer in (client, server):
                    writer.close()
                    await writer.wait_closed()
        except* (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            pass


async def _opened(client: Streams) -> tuple[Streams, bytes]:
    """A connection to where the client wants to go, and what is said there first."""
    async with asyncio.timeout(OPENED_WITHIN_S):
        head = await client[0].readuntil(b"\r\n\r\n")
        method, target, version = head.partition(b"\r\n")[0].split(b" ")
        tunnel = method == b"CONNECT"
        host, _, path = (target if tunnel else target.partition(b"://")[2]).partition(b"/")
        there = urlsplit("//" + host.decode())
        try:
            server = await asyncio.open_connection(there.hostname or "", there.port or 80)
        except OSError:
            client[1].write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            client[1].close()
            await client[1].wait_closed()
            raise
        if tunnel:
            client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return server, b""
        return server, b"%s /%s %s\r\n%s" % (method, path, version, _headers(head))


def _headers(head: bytes) -> bytes:
    """Those of a request, as the destination gets them."""
    lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")[1:]
    kept = [line for line in lines if line.partition(b":")[0].lower() not in _OWN_HEADERS]
    return b"\r\n".join([*kept, b"Connection: close", b"", b""])


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All that comes, and then that no more will come."""
    while part := await reader.read(PART):
        writer.write(part)
        await writer.drain()
    writer.write_eof()
