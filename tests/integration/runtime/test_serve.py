"""Clients that never finish are closed; good ones, and slow handlers, are left alone."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.local.kafka import free_ports
from services.runtime.errors import Stop
from services.runtime.serve import serve
from tests.support.waiting import eventually

DEADLINE_S = 0.5
GOOD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
SLOW = GOOD.replace(b"POST /", b"POST /slow")
ANSWER = b"heard 2"


async def _hear(request: Request) -> Response:
    return PlainTextResponse(f"heard {len(await request.body())}")


async def _hear_slowly(request: Request) -> Response:
    body = await request.body()
    await asyncio.sleep(3 * DEADLINE_S)
    return PlainTextResponse(f"heard {len(body)}")


APP = Starlette(
    routes=[
        Route("/", _hear, methods=["POST"]),
        Route("/slow", _hear_slowly, methods=["POST"]),
    ]
)


class Server:
    """A served app, and connections to it."""

    def __init__(self, port: int, stopping: asyncio.Event) -> None:
        self.port, self.stopping = port, stopping

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        yield reader, writer
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def answers(self) -> bool:
        async with self.connected():
            return True


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    stopping, (port,) = asyncio.Event(), free_ports(1)
    serving = asyncio.create_task(serve(APP, "127.0.0.1", port, stopping, DEADLINE_S))
    here = Server(port, stopping)
    await eventually(here.answers, within=5)
    yield here
    stopping.set()
    async with asyncio.timeout(5):
        await serving


async def _closed(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(4096):
            pass


BEGUN = b"POST / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (BEGUN, b""),
        (BEGUN, b"X-A: b\r\n"),
        (b"", b"\r\n"),
        (BEGUN + b"Content-Length: 1000\r\n\r\n", b""),
        (BEGUN + b"Content-Length: 1000\r\n\r\n", b"z"),
        (BEGUN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nz\r\n"),
        (b"", b""),
        (GOOD + BEGUN, b""),
        (GOOD + BEGUN + b"Content-Length: 1000\r\n\r\n", b"z"),
    ],
    ids=[
        "headers never end", "headers drip", "empty lines drip", "body never ends", "body drips",
        "chunks drip", "silent", "second headers never end", "second body drips",
    ],
)  # fmt: skip
async def test_a_client_that_never_finishes_is_closed_at_the_deadline(
    server: Server, first: bytes, drip: bytes
) -> None:
    async with server.connected() as (reader, writer):
        started = time.monotonic()
        writer.write(first)
        closed = asyncio.create_task(_closed(reader))
        while not closed.done() and time.monotonic() - started < 5:
            if drip:
                writer.write(drip)
            await asyncio.wait({closed}, timeout=0.05)
        assert closed.done()
        assert DEADLINE_S * 0.9 < time.monotonic() - started < DEADLINE_S + 1


async def test_a_client_that_keeps_its_connection_is_served_again_and_again(server: Server) -> None:
    async with server.connected() as (reader, writer):
        for wait in (0.0, 0.0, 2 * DEADLINE_S):
            await asyncio.wait({asyncio.create_task(asyncio.sleep(wait))})
            writer.write(GOOD)
            assert (await reader.readuntil(ANSWER)).startswith(b"HTTP/1.1 200")


async def test_requests_sent_in_one_go_are_all_answered(server: Server) -> None:
    async with server.connected() as (reader, writer):
        writer.write(GOOD * 5)
        answers = [await reader.readuntil(ANSWER) for _ in range(5)]
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)


async def test_the_second_request_of_a_connection_has_the_deadline_too(server: Server) -> None:
    async with server.connected() as (reader, writer):
        writer.write(GOOD)
        await reader.readuntil(ANSWER)
        started = time.monotonic()
        writer.write(BEGUN)
        await asyncio.wait_for(_closed(reader), 5)
        assert DEADLINE_S * 0.9 < time.monotonic() - started < DEADLINE_S + 1


@pytest.mark.parametrize("more", [b"", GOOD, BEGUN])
async def test_a_slow_handler_is_not_cut_whatever_its_client_sends_meanwhile(
    server: Server, more: bytes
) -> None:
    async with server.connected() as (reader, writer):
        writer.write(SLOW)
        writer.write(more)
        assert (await reader.readuntil(ANSWER)).startswith(b"HTTP/1.1 200")
        if more == GOOD:
            await reader.readuntil(ANSWER)


async def test_a_hundred_slow_clients_do_not_hinder_a_good_one(server: Server) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(100):
            _, writer = await stack.enter_async_context(server.connected())
            writer.write(BEGUN)
        reader, writer = await stack.enter_async_context(server.connected())
        started = time.monotonic()
        writer.write(GOOD)
        await reader.readuntil(ANSWER)
        assert time.monotonic() - started < DEADLINE_S  # not only once the slow ones are gone


async def test_a_stop_lets_a_request_in_flight_end_and_then_listens_no_more() -> None:
    stopping, (port,) = asyncio.Event(), free_ports(1)
    serving = asyncio.create_task(serve(APP, "127.0.0.1", port, stopping, DEADLINE_S))
    server = Server(port, stopping)
    await eventually(server.answers, within=5)
    async with server.connected() as (reader, writer):
        writer.write(SLOW)
        await asyncio.wait({asyncio.create_task(asyncio.sleep(DEADLINE_S))})
        stopping.set()
        await reader.readuntil(ANSWER)
    async with asyncio.timeout(4):
        await serving
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await server.answers()


async def test_an_address_in_use_is_said_in_a_sentence(server: Server) -> None:
    with pytest.raises(Stop, match=rf"127\.0\.0\.1:{server.port} cannot be listened on"):
        await serve(APP, "127.0.0.1", server.port, asyncio.Event())


async def test_a_serve_that_is_cancelled_gives_its_port_back() -> None:
    stopping, (port,) = asyncio.Event(), free_ports(1)
    serving = asyncio.create_task(serve(APP, "127.0.0.1", port, stopping))
    await eventually(Server(port, stopping).answers, within=5)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await Server(port, stopping).answers()
