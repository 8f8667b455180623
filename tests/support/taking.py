"""Somebody who takes pages: an HTTP server that stores, and holds or refuses as it is told; a
catalogue whose paths lead to it; and a dispatcher as a process of its own (`python -m` this).

Kim is paged over `kim-a` (read at KT's), then `kim-b` (LG U+); the system `room` gets everything.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import time
from functools import cache
from pathlib import Path
from uuid import UUID

from aiohttp import web
from prometheus_client import CollectorRegistry

from services.alerting.metrics import Metrics
from services.alerting.paging.calls import Terms
from services.alerting.paging.dispatch import Dispatcher
from services.alerting.paging.links import Addresses
from services.alerting.paging.notifiers import Notifiers
from services.alerting.paging.notifiers.base import Outside
from services.catalogue.load import load
from services.contracts.catalogue import Catalogue
from services.contracts.model import Name
from services.contracts.oncall import DAYS, PagingPath, Person, Rota, Shift
from services.contracts.page import Page
from services.contracts.vocabulary import Carrier
from services.runtime.ops import Health
from services.runtime.secrets import SecretFolder
from services.storage.pool import open_pool
from tests.support.commands import ROOT
from tests.support.notifying import KEY

KIM, ROOM = "person:kim", "path:room"


@dataclass
class Taker:
    """`taken`: (path, page) that was answered with 2xx; `asked`: all that came. `answers` says
    what becomes of a request: a status, with a Retry-After or not; `holds`: what it waits for."""

    url: str = ""
    asked: list[tuple[str, Page]] = field(default_factory=list)
    taken: list[tuple[str, Page]] = field(default_factory=list)
    answers: Callable[[str, Page], tuple[int, int | None]] = lambda *_: (200, None)
    holds: Callable[[str], Awaitable[object] | None] = lambda _: None

    async def take(self, request: web.Request) -> web.Response:
        """One page."""
        path, page = request.path.strip("/"), Page.model_validate_json(await request.read())
        self.asked.append((path, page))
        if (holding := self.holds(path)) is not None:
            await holding
        status, after = self.answers(path, page)
        if status == 200:
            self.taken.append((path, page))
        headers = {} if after is None else {"Retry-After": str(after)}
        return web.Response(status=status, headers=headers)

    def pages(self, *paths: str) -> list[Page]:
        """What was taken over these paths; proofs tell nobody anything."""
        return [p for path, p in self.taken if path in paths and p.type != "page.proof"]

    def incidents(self, *paths: str, cleared: bool = False) -> set[str]:
        """The incidents that pages taken over these paths named."""
        found = (p for p in self.pages(*paths) if (p.type == "page.cleared") == cleared)
        return {one.id for page in found for one in page.data.incidents}


@asynccontextmanager
async def taking() -> AsyncIterator[Taker]:
    """A taker on a free port."""
    taker, app = Taker(), web.Application(client_max_size=64 * 1024**2)
    app.router.add_post("/{path}", taker.take)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    taker.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield taker
    finally:
        await runner.cleanup()


@cache
def _shipped() -> Catalogue:
    return load(ROOT / "catalogue").catalogue(UUID(int=1))


def catalogue(url: str) -> Catalogue:
    """The shipped one, in which Kim has the watch at every hour."""

    def path(name: str, carrier: Carrier | None) -> PagingPath:
        called, to = Name(ko=name, en=name), f"{url}/{name}"
        return PagingPath(
            id=name, name=called, notifier="webhook", secret="path-kim", base_url=to,
            carrier=carrier,
        )  # fmt: skip

    phones = {"kim-a": Carrier.KT, "kim-b": Carrier.LGU, "room": None}
    paths = {name: path(name, carrier) for name, carrier in phones.items()}
    kim = Person(id="kim", name=Name(ko="김", en="Kim"), paths=("kim-a", "kim-b"))
    watch = Shift(person="kim", days=DAYS, start=time(0), end=time(0))
    rota = Rota(id="oncall", shifts=(watch,), systems=("room",))
    told = {"paths": paths, "people": {"kim": kim}, "rotas": {"oncall": rota}}
    return _shipped().model_copy(update=told)


@asynccontextmanager
async def dispatching(
    dsn: str, url: str, secrets: Path, lease_s: float = 2.0, other_path_after_s: float = 20.0
) -> AsyncIterator[Dispatcher]:
    """A dispatcher of this process, running."""
    (secrets / "path-kim.json").write_text(json.dumps({"key": KEY}))
    known, stopping = catalogue(url), asyncio.Event()
    terms = Terms("test", lease_s, other_path_after_s, Addresses("https://bongsu.test"))
    async with open_pool(dsn, role_label="paging", max_size=3, command_timeout_s=3) as pool:
        one = Dispatcher(
            pool, terms, lambda: known, SecretFolder(secrets), Notifiers(Outside()),
            Metrics(CollectorRegistry()), Health(),
        )  # fmt: skip
        running = asyncio.create_task(one.run(stopping))
        try:
            yield one
        finally:
            stopping.set()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@dataclass
class Killable:
    """A dispatcher as a process."""

    words: Iterable[str]
    child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it (again)."""
        self.child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.taking", *self.words, cwd=ROOT, env=os.environ
        )

    async def kill(self) -> None:
        """kill -9."""
        assert self.child is not None
        with contextlib.suppress(ProcessLookupError):
            self.child.send_signal(signal.SIGKILL)
        await self.child.wait()


@asynccontextmanager
async def killable(dsn: str, url: str, secrets: Path, lease_s: float) -> AsyncIterator[Killable]:
    """A started one; nothing of it is left afterwards."""
    one = Killable((dsn, url, str(secrets), str(lease_s)))
    await one.start()
    try:
        yield one
    finally:
        await one.kill()


async def _main(dsn: str, url: str, secrets: str, lease_s: str) -> None:
    async with dispatching(dsn, url, Path(secrets), float(lease_s)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
