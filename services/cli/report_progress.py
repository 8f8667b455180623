"""How far a long making is: nothing within two seconds; then in place on a terminal, elsewhere a
line every ten seconds."""

import sys
import time

import typer

from services.cli.report_sentences import language
from services.cli.report_told import Told
from services.reporting.documents.words import Language, Words

_QUIET_S, _EVERY_S = 2.0, 10.0


class Progress:
    """Of `total` bodies, of which `what` is made."""

    def __init__(self, total: int, what: str) -> None:
        self._total, self._what = total, what
        self._began = self._last = time.monotonic()

    def tell(self, done: int, made: Told) -> None:
        """On standard error, if it is time."""
        now, terminal = time.monotonic(), sys.stderr.isatty()
        if is_time(now - self._began, now - self._last, terminal):
            self._last = now
            said = line(done, self._total, made, self._what, now - self._began, language())
            typer.echo(f"\r\x1b[2K{said}" if terminal else said, err=True, nl=not terminal)
            if terminal and done == self._total:
                typer.echo(err=True)


def is_time(spent_s: float, silent_s: float, terminal: bool) -> bool:
    """So long after the start, and after what was said last. Pure."""
    return spent_s > _QUIET_S and (terminal or silent_s >= _EVERY_S)


def line(done: int, total: int, made: Told, what: str, spent_s: float, spoken: Language) -> str:
    """What is done, and how long the rest takes at the same pace. Pure."""
    left = spent_s / done * (total - done)
    return Words(spoken)(
        "progress.line", done=str(done), total=str(total), name=made.name, id=made.body,
        format=what, seconds=f"{spent_s:.1f}", left=f"{left:.0f}",
    )  # fmt: skip
