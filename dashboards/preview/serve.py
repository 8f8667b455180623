"""The preview as a server on loopback: `/` lists the boards, `/d/<uid>` shows one. GET only.

In: addresses as Grafana's. Out: pages, 400 with a sentence, 404. Before: `page.py`.
A page is made once for all who look at it within `KEPT_S`, two pages at a time at most.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboards.preview.answers import Servers, shown
from dashboards.preview.frame import Frame, Language
from dashboards.preview.look import look
from dashboards.preview.page import Pages
from dashboards.sources import Json

KEPT_S, AT_ONCE = 8.0, 2
HOSTS = ["127.0.0.1", "localhost"]  # a name that somebody else leads here is refused


class Kept:
    """What was made lately; who asks while it is made waits for the same."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._turns = clock, asyncio.Semaphore(AT_ONCE)
        self._made: dict[object, tuple[float, asyncio.Task[str]]] = {}

    async def get(self, key: object, make: Callable[[], Awaitable[str]]) -> str:
        now = self._clock()
        self._made = {k: v for k, v in self._made.items() if now - v[0] < KEPT_S or not v[1].done()}
        if key not in self._made:
            self._made[key] = now, asyncio.create_task(self._in_turn(make))
        return await asyncio.shield(self._made[key][1])

    async def _in_turn(self, make: Callable[[], Awaitable[str]]) -> str:
        async with self._turns:
            return await make()


def app(boards: dict[str, Json], servers: Servers) -> Starlette:
    """Everything that is answered."""
    pages, kept = Pages(boards, live=True), Kept()
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"{pages.policy}; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }

    def place(address: str) -> str | None:
        path = urlsplit(address).path
        return address if path.removeprefix("/d/") in boards else None

    async def index(request: Request) -> Response:
        return HTMLResponse(pages.index(Frame(_language(request), place)), headers=headers)

    async def board(request: Request) -> Response:
        uid, language = request.path_params["uid"], _language(request)
        if uid not in boards:
            return PlainTextResponse("there is no such board", 404, headers)
        try:
            wanted = look(boards[uid], request.url.query, datetime.now(UTC))
        except ValueError as error:
            return PlainTextResponse(str(error), 400, headers)

        async def make() -> str:
            found = await shown(boards[uid], wanted, servers)
            return pages.board(uid, Frame(language, place, found))

        html = await kept.get((uid, request.url.query, language), make)
        return HTMLResponse(html, headers=headers)

    routes = [Route("/", index), Route("/d/{uid}", board)]
    return Starlette(
        routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)]
    )


def _language(request: Request) -> Language:
    """The first that the browser likes; Korean for those that say nothing."""
    for liked in request.headers.get("accept-language", "").lower().split(","):
        if liked.strip()[:2] in ("ko", "en"):
            return "en" if liked.strip().startswith("en") else "ko"
    return "ko"
