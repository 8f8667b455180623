"""`bongsu up`: the local stack from nothing to a live table, until Ctrl-C or `--for` ends it."""

import asyncio
import fcntl
import shutil
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from services.alerting.detection.items import microseconds
from services.cli import catalogue as catalogues
from services.cli import prelude, table
from services.cli import replay as scenarios
from services.cli.catalogue import DIRECTORY, Directory
from services.cli.context import (
    DATA,
    INTERRUPTED,
    INVALID,
    USAGE,
    Data,
    as_json,
    fail,
    seconds,
)
from services.cli.play import Play, begin
from services.cli.screen import Screen
from services.contracts.catalogue import Catalogue
from services.local.outside import without_alertmanager
from services.local.prometheus import programs
from services.local.settings import LocalSettings
from services.local.stack import Stack
from services.replay.scenario import Scenario
from services.runtime import process
from services.runtime.settings import load
from services.storage import errors, incidents
from services.storage.incidents import Standing
from services.storage.pool import Pool, open_pool, transaction
from services.storage.status import observed_since, routes_since

STOP_WITHIN_S = 14.5  # gone within 15 s of Ctrl-C
LEAST_FREE_BYTES = 1_000_000_000

Until = Callable[[Pool], Coroutine[Any, Any, object]]


def up(
    directory: Directory = DIRECTORY,
    lasts: Annotated[str | None, typer.Option("--for", help="stop by itself, such as 90s")] = None,
    data: Data = DATA,
    summary: Annotated[
        Path | None, typer.Option(help="write figures of the run as JSON at its end")
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="play this scenario in real time", metavar="FILE")
    ] = None,
    after: Annotated[
        str, typer.Option("--scenario-after", help="from ready to the scenario's first segment")
    ] = "60s",
) -> None:
    """Start real Kafka and Postgres, a simulated outside world and every process; show a table.

    Example: bongsu up --for 90s --summary summary.json

    Example: bongsu up --scenario scenarios/kk-2024-05-20.yaml
    """
    span, pause = (seconds(lasts) if lasts else None), timedelta(seconds=seconds(after))
    if summary is not None and not summary.parent.is_dir():
        fail(f"there is no folder {summary.parent}/ for --summary", USAGE)
    wanted, settings = catalogues.read(directory), load(LocalSettings)
    wanted = wanted if programs() else without_alertmanager(wanted)
    planned = scenarios.read([scenario], wanted, settings.proxies())[0] if scenario else None
    with alone_on(data):
        screen = Screen(data)
        stack = Stack(data, settings, screen.tell, screen.fetched)
        this = Run(stack, wanted, screen, _waiting(span), planned, pause)
        asyncio.run(this.live())
    if summary is not None:
        summary.write_text(as_json(this.figures()), encoding="utf-8")
    if this.ready_s is None:
        raise typer.Exit(INTERRUPTED)


def _waiting(span: float | None) -> Until:
    return lambda _: asyncio.sleep(float("inf") if span is None else span)


@contextmanager
def alone_on(data: Path) -> Iterator[None]:
    """The data folder is ours alone, and its disk has room: servers end in ugly ways on a full
    one. The operating system frees the lock when this process dies."""
    data.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(data).free
    if free < LEAST_FREE_BYTES:
        fail(f"the disk of {data}/ has {free // 1_000_000} MB left; 1,000 MB are needed", INVALID)
    with (data / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(f"a stack already runs on {data}/: stop it, or name another with --data", INVALID)
        yield


@dataclass
class Run:
    """One run of the stack, with what its summary needs. Times are seconds since its start."""

    stack: Stack
    wanted: Catalogue
    screen: Screen
    until: Until  # what is done once all is ready, and with whose end all ends
    scenario: Scenario | None = None
    pause: timedelta = timedelta(0)  # from ready to the scenario's first segment
    play: Play | None = None
    ready_s: float | None = None
    first_seen_s: float | None = None
    shown: Sequence[table.Line] = ()
    standing: Standing | None = None
    started: float = field(default_factory=time.monotonic)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    told_until: datetime = field(default_factory=lambda: datetime.now(UTC))

    def figures(self) -> dict[str, Any]:
        """The summary; `ready_s` and `first_seen_s` are None when not reached."""
        routes = [table.record(line) for line in self.shown]
        open_ = self.standing.open if self.standing else ()
        return {
            "ready_s": self.ready_s, "first_seen_s": self.first_seen_s,
            "incidents": [table.incident_record(one) for one in open_], "routes": routes,
        }  # fmt: skip

    async def live(self) -> None:
        """Start, show, and stop whatever was started, also when starting fails or is cut short."""
        stopping = asyncio.Event()
        process.obey_signals(stopping, STOP_WITHIN_S)
        try:
            await _first_of(self._run(), stopping.wait())
        finally:
            self.screen.end()
            self.screen.tell("stopping")
            await self.stack.stop()
            self.screen.tell("everything has stopped; the data stays")

    async def _run(self) -> None:
        await self._start()
        self.screen.tell(await self._apply())
        await self.stack.ready()
        self.ready_s = self._elapsed_s()
        self.screen.tell(f"ready after {self.ready_s} s")
        if self.scenario is not None:
            await self._begin(self.scenario)
        self.screen.ready(self.stack.addresses())
        async with open_pool(self.stack.dsn("report"), role_label="up", max_size=2) as pool:
            await _first_of(self._show(pool), self.stack.watch(), self.until(pool))

    async def _start(self) -> None:
        """Servers and processes, and beside them what a new detector has learnt: before a catalogue
        is applied, none begins."""
        cache, tell = self.stack.settings.cache, self.screen.tell
        learning = asyncio.create_task(prelude.learnt(self.wanted, prelude.SEED, cache, tell))
        try:
            await self.stack.start(self.wanted)
            dsn = self.stack.dsn("sink")
            if not await prelude.has_memory(dsn):
                found = await learning
                await prelude.save(dsn, found, microseconds(datetime.now(UTC)))
        finally:
            learning.cancel()

    async def _begin(self, scenario: Scenario) -> None:
        at = datetime.now(UTC) + self.pause
        self.play = await begin(scenario, self.wanted, self.stack.simulators_url, at)
        for line in self.play.opening():
            self.screen.tell(line)

    async def _apply(self) -> str:
        """A second start goes on with the catalogue in force when its content is the same."""
        before = await catalogues.in_force(self.stack.address)
        if before is not None and before.objects() == self.wanted.objects():
            return "the catalogue in force is this one"
        applied = await catalogues.put_in_force(self.stack.address, self.wanted)
        return f"catalogue applied: {applied.objects} objects"

    async def _show(self, pool: Pool) -> None:
        while True:
            now = datetime.now(UTC)
            await self._look(pool, now)
            told = table.told(self.standing, now) if self.standing else []
            self.screen.show(self.shown, told, now, self._played(now))
            await asyncio.sleep(0.5)

    def _played(self, now: datetime) -> str:
        """Tell what has happened in the scenario; how it stands."""
        if self.play is None:
            return ""
        for line in self.play.news(self.told_until, now):
            self.screen.tell(line)
        self.told_until = now
        return self.play.state(now)

    async def _look(self, pool: Pool, now: datetime) -> None:
        try:
            async with transaction(pool) as conn:
                found = await routes_since(conn, self.since)
                posts = await observed_since(conn, self.since)
                before, self.standing = self.standing, await incidents.standing(conn)
        except Exception as error:
            if not errors.curable(error):
                raise
            return
        self.shown = table.lines(self.wanted, found, posts, now, self.standing.open)
        for news in table.news(before, self.standing):
            self.screen.tell(news)
        if self.first_seen_s is None and any(status.seen for status in found):
            self.first_seen_s = self._elapsed_s()
            self.screen.tell(f"first probe seen after {self.first_seen_s} s")

    def _elapsed_s(self) -> float:
        return round(time.monotonic() - self.started, 2)


async def _first_of(*works: Coroutine[Any, Any, object]) -> None:
    """Run until the first of these ends; the rest is cancelled. Its error is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:  # also when this is cancelled: nothing goes on behind the stop
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
