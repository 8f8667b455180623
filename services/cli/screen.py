"""What `bongsu up` shows: progress lines while servers start, then a live table of routes.

On a terminal the table is redrawn in place; elsewhere each news is one line.
"""

import shlex
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress import Progress
from rich.text import Text

from services.cli.context import DATA
from services.cli.table import Line, render

TRY = (
    "probe geoje.alimtalk.sens --wait 60s",
    "break platform:kakaotalk --for 5m",
    "status",
)


class Screen:
    """One terminal, or one log file."""

    def __init__(self, data: Path) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._live: Live | Progress | None = None
        self._last = ""
        self._seen: set[str] = set()
        self._where = "" if data == DATA else f" --data {shlex.quote(str(data))}"

    def tell(self, line: str) -> None:
        """One progress line; the same one again is not repeated."""
        if line != self._last:
            at = Text(f"{datetime.now().astimezone():%H:%M:%S} ", style="dim")
            self._console.print(at + Text(line))
            self._last = line

    def fetched(self, done: int, total: int) -> None:
        """Kafka's jars at the very first start: a bar on a terminal, else first and last."""
        if not self._console.is_terminal:
            if done == total or not self._last.startswith("fetching"):
                self.tell(f"fetching Kafka, once: {done} of {total} files")
            return
        if not isinstance(self._live, Progress):
            self._live = Progress(console=self._console, transient=True)
            self._live.add_task("fetching Kafka, once", total=total)
            self._live.start()
        self._live.update(self._live.task_ids[0], completed=done)
        if done == total:
            self.end()

    def ready(self, addresses: Sequence[str]) -> None:
        """The stack runs: where it listens, and what to try in another terminal."""
        tries = [f"  {sys.argv[0]} {command}{self._where}" for command in TRY]
        for line in (*addresses, "in another terminal, try:", *tries):
            self._console.print(Text(f"         {line}"))
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()

    def show(
        self, shown: Sequence[Line], causes: Sequence[Text], now: datetime, note: str = ""
    ) -> None:
        """What is broken, and the newest state of every route; below it a note, if there is one."""
        if isinstance(self._live, Live):
            hint = Text("Ctrl-C stops everything; the data stays", style="dim")
            notes = [Text(note, style="bold")] if note else []
            table = render(shown, now)
            self._live.update(Group(*causes, table, *notes, hint), refresh=True)
            return
        for line in shown:
            if line.figures and line.figures.seen and line.route not in self._seen:
                self._seen.add(line.route)
                self.tell(f"{line.route}: first probe seen")

    def end(self) -> None:
        """Leave the table as it stands."""
        if self._live is not None:
            self._live.stop()
            self._live = None
