"""The evidence of a revision as files: every line it was counted from, and its context.

In:  a `Context`, lines by channel. Out: files for `folder.write`, the same bytes for the same
evidence; and back. Lines of days outside the month, without which its first and its last outage
cannot be told, lie in `margin.lines.gz` beside the days.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from services.reporting.calendar import days_of
from services.reporting.canonical import canonical
from services.reporting.context import Context, window_of
from services.reporting.finding import complaint
from services.reporting.lines import Line, in_order
from services.reporting.slots import MINUTE_MS

CONTEXT = "context.json"
_MARGIN, _SUFFIX = "margin", ".lines.gz"


class NotEvidence(Exception):
    """A file that nobody wrote so: its name, and what is wrong with it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name, self.why = name, why


def folder_of(stem: str) -> str:
    """Where the evidence of a revision lies, beside its report."""
    return f"{stem}.evidence"


def files(
    stem: str, context: Context, lines: Mapping[str, Iterable[Line]]
) -> Iterator[tuple[str, bytes]]:
    """Name in the folder of the body's month, bytes; `lines` by channel."""
    top = folder_of(stem)
    yield f"{top}/{CONTEXT}", text_of(context)
    for item in context.items:
        for day, own in _by_day(context, in_order(lines[item.channel])).items():
            yield f"{top}/{item.channel}/{day}{_SUFFIX}", packed(own)


def read(top: Path) -> tuple[Context, dict[str, list[Line]]]:
    """The inverse of `files`. Raises NotEvidence, or OSError for what is not there."""
    context = _context(top / CONTEXT)
    lines = {
        item.channel: in_order(
            line for file in (top / item.channel).glob(f"*{_SUFFIX}") for line in _unpacked(file)
        )
        for item in context.items
    }
    return context, lines


def text_of(context: Context) -> bytes:
    """The context's file, canonical."""
    return canonical(context.model_dump(mode="json"))


def packed(lines: Iterable[Line]) -> bytes:
    """The file of these lines, in order."""
    return gzip.compress("".join(f"{line.write()}\n" for line in lines).encode(), mtime=0)


def _by_day(context: Context, lines: Sequence[Line]) -> dict[str, list[Line]]:
    """Every day of the month, lines or none; then what lies outside."""
    days = {
        range(start, end): str(day) for day, start, end in days_of(window_of(context), context.tz)
    }
    of_minute = {minute: day for minutes, day in days.items() for minute in minutes}
    found: dict[str, list[Line]] = {day: [] for day in (*days.values(), _MARGIN)}
    for line in lines:
        found[of_minute.get(line.slot // MINUTE_MS, _MARGIN)].append(line)
    return found


def _context(file: Path) -> Context:
    text = file.read_bytes()
    try:
        context = Context.model_validate_json(text)
    except ValidationError as error:
        raise NotEvidence(file.name, complaint(error)) from None
    if text_of(context) != text:
        raise NotEvidence(file.name, "not canonical")
    return context


def _unpacked(file: Path) -> Iterator[Line]:
    name = f"{file.parent.name}/{file.name}"
    try:
        text = gzip.decompress(file.read_bytes()).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        raise NotEvidence(name, "not gzip") from None
    for number, row in enumerate(text.splitlines(), start=1):
        try:
            yield Line.read(row)
        except (ValueError, KeyError):
            raise NotEvidence(name, f"line {number}") from None
