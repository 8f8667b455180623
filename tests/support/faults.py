"""Between a client and servers that may die: a TCP balancer, as any deployment has one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle

HOST = "127.0.0.1"
CONNECT_S = 2.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def balanced(port: int, backends: Sequence[int]) -> AsyncIterator[None]:
    """Listen on `port`; each new connection goes to the next backend port that accepts one.

    A backend that refuses is passed over; without any the connection is closed. A backend that
    dies ends its connections, nothing is repeated: that is the client's business.
    """
    turns = cycle(range(len(backends)))
    under_way: set[asyncio.Task[None]] = set()

    async def carry(*client: asyncio.StreamReader | asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        reader, writer = client
        assert isinstance(reader, asyncio.StreamReader)
        assert isinstance(writer, asyncio.StreamWriter)
        first = next(turns)
        order = [backends[(first + n) % len(backends)] for n in range(len(backends))]
        server = await _first_that_accepts(order)
        if server is None:
            writer.close()
            return
        await _join((reader, writer), server)

    listener = await asyncio.start_server(carry, HOST, port)
    try:
        yield
    finally:
        listener.close()
        for task in tuple(under_way):
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _first_that_accepts(ports: Sequence[int]) -> Streams | None:
    for port in ports:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                return await asyncio.open_connection(HOST, port)
    return None


async def _join(one: Streams, other: Streams) -> None:
    """Carry bytes both ways until either side ends; then both are closed."""
    ways = [
        asyncio.create_task(_pump(one[0], other[1])),
        asyncio.create_task(_pump(other[0], one[1])),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for _, writer in (one, other):
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
