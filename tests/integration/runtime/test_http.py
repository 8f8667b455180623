"""The way out: deadlines, proxies, redirects."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from services.runtime.errors import Stop
from services.runtime.http import Destination, Redirected, open_session


@contextlib.asynccontextmanager
async def _site(**answers: str) -> AsyncIterator[str]:
    """A server that redirects `/<name>` to `answers[name]`, answers `/`, and hangs at `/hang`."""

    async def answer(request: web.Request) -> web.Response:
        name = request.path.strip("/")
        if name in answers:
            raise web.HTTPFound(answers[name])
        if name == "hang":
            await asyncio.sleep(3600)
        return web.Response(text="here")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.name
    finally:
        await runner.cleanup()


async def test_a_request_ends_at_the_destinations_deadline() -> None:
    async with _site() as url, open_session(Destination(answer_within_s=0.3), 2) as session:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            await session.get(f"{url}/hang")
        assert time.monotonic() - started < 1.3


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with (
        _site() as url,
        open_session(Destination(), 2) as session,
        session.get(url) as response,
    ):
        assert await response.text() == "here"


async def test_a_redirect_to_another_host_is_refused_and_one_at_home_is_followed() -> None:
    async with (
        _site() as other,
        _site(away=f"{other}/", home="/") as url,
        open_session(Destination(), 2) as session,
    ):
        async with session.get(f"{url}/home") as response:
            assert await response.text() == "here"
        with pytest.raises(Redirected, match="another host"):
            await session.get(f"{url}/away")


async def test_a_ca_that_cannot_be_read_is_a_sentence_naming_it() -> None:
    with pytest.raises(Stop, match=r"missing\.pem: No such file"):
        open_session(Destination(ca=Path("missing.pem")), 1)


async def test_the_pool_is_bounded() -> None:
    async with _site() as url, open_session(Destination(answer_within_s=0.3), 1) as session:
        first = asyncio.create_task(session.get(f"{url}/hang"))
        await asyncio.sleep(0)  # it goes first
        with pytest.raises(aiohttp.ServerTimeoutError):
            await session.get(url, timeout=aiohttp.ClientTimeout(connect=0.1))
        with pytest.raises(TimeoutError):
            await first
