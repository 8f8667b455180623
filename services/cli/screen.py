"""What `bongsu up` shows: progress lines while servers start, then a live table of routes.

On a terminal the table is redrawn in place; elsewhere each news is one line.
"""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from services.cli.table import Line, render

TRY = (
    "bongsu probe geoje.alimtalk.sens --wait 60s",
    "bongsu break platform:kakaotalk --for 5m",
    "bongsu status",
)


class Screen:
    """One terminal, or one log file."""

    def __init__(self) -> None:
        self._console = Console()
        self._live: Live | None = None
        self._last = ""
        self._seen: set[str] = set()

    def tell(self, line: str) -> None:
        """One progress line; the same one again is not repeated."""
        if line != self._last:
            self._console.print(f"[dim]{datetime.now().astimezone():%H:%M:%S}[/] {line}")
            self._last = line

    def ready(self, addresses: Sequence[str]) -> None:
        """The stack runs: where it listens, and what to try in another terminal."""
        for line in addresses:
            self._console.print(f"         {line}", highlight=False)
        self._console.print("         in another terminal, try:")
        for command in TRY:
            self._console.print(f"           [bold].venv/bin/{command}[/]", highlight=False)
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()

    def show(self, shown: Sequence[Line], now: datetime) -> None:
        """The newest state of every route."""
        if self._live is not None:
            hint = Text("Ctrl-C stops everything; the data stays", style="dim")
            self._live.update(Group(render(shown, now), hint), refresh=True)
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
