"""`bongsu up`: the local stack from nothing to a live table, until Ctrl-C or `--for` ends it."""

import asyncio
import json
import shutil
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from services.cli import catalogue as catalogues
from services.cli import table
from services.cli.catalogue import DIRECTORY, Directory
from services.cli.context import DATA, INVALID, Data, fail, run
from services.cli.faults import seconds
from services.cli.screen import Screen
from services.cli.summary import summary
from services.contracts.catalogue import Catalogue
from services.local.settings import LocalSettings
from services.local.stack import Stack
from services.runtime import process
from services.runtime.settings import load
from services.storage import errors
from services.storage.pool import Pool, open_pool, transaction
from services.storage.status import routes_since

STOP_WITHIN_S = 14.5  # gone within 15 s of Ctrl-C
LEAST_FREE_BYTES = 1_000_000_000


def up(
    directory: Directory = DIRECTORY,
    lasts: Annotated[str | None, typer.Option("--for", help="stop by itself, such as 90s")] = None,
    data: Data = DATA,
    summary_file: Annotated[
        Path | None, typer.Option("--summary", help="write figures of the run as JSON at its end")
    ] = None,
) -> None:
    """Start real Kafka and Postgres, a simulated outside world and every process; show a table.

    Example: bongsu up --for 90s --summary summary.json
    """
    span = seconds(lasts) if lasts else None
    wanted = catalogues.read(directory)
    _check_disk(data)
    screen = Screen()
    stack = Stack(data, load(LocalSettings), screen.tell)
    this = Run(stack, wanted, screen, span)
    run(this.live())
    if summary_file is not None:
        summary_file.write_text(json.dumps(this.figures(), indent=2), encoding="utf-8")


def _check_disk(data: Path) -> None:
    """Kafka and Postgres end in ugly ways on a full disk; better not to start them."""
    data.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(data).free
    if free < LEAST_FREE_BYTES:
        fail(f"the disk of {data}/ has {free // 1_000_000} MB left; 1,000 MB are needed", INVALID)


@dataclass
class Run:
    """One run of the stack, with what its summary needs. Times are seconds since its start."""

    stack: Stack
    wanted: Catalogue
    screen: Screen
    span: float | None
    ready_s: float | None = None
    first_seen_s: float | None = None
    shown: Sequence[table.Line] = ()
    started: float = field(default_factory=time.monotonic)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    def figures(self) -> dict[str, object]:
        """The summary, as `--summary` writes it."""
        return summary(self.ready_s, self.first_seen_s, self.shown)

    async def live(self) -> None:
        """Start, show, and stop whatever was started, also when starting fails or is cut short."""
        stopping = asyncio.Event()
        process.obey_signals(stopping, STOP_WITHIN_S)
        try:
            await _first_of(stopping, self._run(stopping))
        finally:
            self.screen.end()
            self.screen.tell("stopping")
            await self.stack.stop()
            self.screen.tell("everything has stopped; the data stays")

    async def _run(self, stopping: asyncio.Event) -> None:
        await self.stack.start(self.wanted)
        self.screen.tell(await self._apply())
        await self.stack.ready()
        self.ready_s = round(time.monotonic() - self.started, 2)
        self.screen.tell(f"ready after {self.ready_s} s")
        self.screen.ready(self.stack.addresses())
        async with open_pool(self.stack.dsn("report"), role_label="up", max_size=1) as pool:
            await _first_of(stopping, self._show(pool), self.stack.watch(), self._patience())

    async def _apply(self) -> str:
        """A second start goes on with the catalogue in force when its content is the same."""
        before = await catalogues.in_force(self.stack.address)
        if before is not None and _content(before) == _content(self.wanted):
            return "the catalogue in force is this one"
        applied = await catalogues.put_in_force(self.stack.address, self.wanted)
        return f"catalogue applied: {applied.objects} objects"

    async def _show(self, pool: Pool) -> None:
        while True:
            now = datetime.now(UTC)
            await self._look(pool, now)
            self.screen.show(self.shown, now)
            await asyncio.sleep(0.5)

    async def _look(self, pool: Pool, now: datetime) -> None:
        try:
            async with transaction(pool) as conn:
                found = await routes_since(conn, self.since)
        except Exception as error:
            if not errors.curable(error):
                raise
            return
        self.shown = table.lines(self.wanted, found, now)
        if self.first_seen_s is None and any(status.seen for status in found):
            self.first_seen_s = round(time.monotonic() - self.started, 2)
            self.screen.tell(f"first probe seen after {self.first_seen_s} s")

    async def _patience(self) -> None:
        await asyncio.sleep(self.span if self.span is not None else float("inf"))


def _content(catalogue: Catalogue) -> dict[tuple[str, str], object]:
    return {(kind, key): item for kind, key, item in catalogue.objects()}


async def _first_of(stopping: asyncio.Event, *works: Coroutine[None, None, None]) -> None:
    """Run until the first of these ends or `stopping` is set; the rest is cancelled. An error of
    the one that ended is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    waiting = asyncio.create_task(stopping.wait())
    try:
        done, _ = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
    finally:  # also when this is cancelled: nothing goes on behind the stop
        for task in (*tasks, waiting):
            task.cancel()
        await asyncio.gather(*tasks, waiting, return_exceptions=True)
    for task in done:
        task.result()
