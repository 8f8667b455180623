"""`bongsu report diff`: what a revision says otherwise than an earlier one, and why.

In:  a month, two revisions. Out: the corrections between them, minutes as stretches of time,
figures; exit 1 if any differs. Minutes are laid out again from stored evidence, while it is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import typer

from services.cli.context import DATA, NOT_DONE, Data, fail
from services.cli.report_asked import NO_SUCH_REPORT, NotThere, a_month, revision_of, stand
from services.cli.report_database import Database
from services.cli.report_sentences import language, sentence
from services.contracts.report import Report
from services.reporting import sealing
from services.reporting.calendar import moment_of
from services.reporting.context import Context, month_of, window_of
from services.reporting.difference import figures_changed
from services.reporting.documents.sections.changes import in_words
from services.reporting.documents.shown import Shown
from services.reporting.documents.words import Words
from services.reporting.intervals import Interval, changed
from services.reporting.laid import lay
from services.reporting.lines import Line
from services.reporting.slots import MINUTE_MS
from services.storage import months
from services.storage.months import Revision
from services.storage.pool import Connection, snapshot

Lines = Mapping[str, Sequence[Line]]


class Sealed(NamedTuple):
    """A revision, and what it was made from; no lines once evidence of it is gone."""

    report: Report
    context: Context
    lines: Lines | None


def diff(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="2026-10")],
    body: Annotated[str, typer.Option(help="whose month")],
    old: Annotated[int | None, typer.Option("--from", help="revision; else the one before")] = None,
    new: Annotated[int | None, typer.Option("--to", help="revision; else the latest")] = None,
    data: Data = DATA,
) -> None:
    """Say what differs between two revisions of a month, and why.

    Example: bongsu report diff 2026-10 --body geoje --from 1 --to 2
    """
    try:
        with Database(data) as database:
            before, after = database.alone(lambda conn: _two(conn, body, month, old, new))
    except NotThere as error:
        fail(str(error), error.code)
    lines = list(_told(before, after))
    for line in lines:
        typer.echo(line)
    if lines:
        raise typer.Exit(NOT_DONE)
    typer.echo(sentence("same_figures"))


async def _two(
    conn: Connection, body: str, month: str, old: int | None, new: int | None
) -> tuple[Sealed, Sealed]:
    async with snapshot(conn):
        there = await stand(conn)
        after = revision_of(there, body, a_month(month), new)
        if old is None and after.revision == 0:
            raise NotThere(NO_SUCH_REPORT, "none_before", month=month, body=body)
        before = revision_of(there, body, month, after.revision - 1 if old is None else old)
        return await _sealed(conn, before), await _sealed(conn, after)


async def _sealed(conn: Connection, one: Revision) -> Sealed:
    place = (one.body, one.month, one.revision)
    report = Report.model_validate_json(await months.content(conn, *place) or b"")
    context = Context.model_validate_json(await months.context(conn, *place) or b"")
    lines = await sealing.lines_of(conn, context)
    return Sealed(report, context, lines if _is_all(report, context, lines) else None)


def _is_all(report: Report, context: Context, lines: Lines) -> bool:
    """Is every line there that the revision was made from?"""
    month = window_of(context).range
    found = sum(line.slot // MINUTE_MS in month for own in lines.values() for line in own)
    return found == sum(day.evidence_count for day in report.days)


def _told(before: Sealed, after: Sealed) -> Iterator[str]:
    shown = Shown(Words(language()), after.report.tz)
    changes = list(figures_changed(before.report, after.report))
    known_before = {one.number for one in before.report.corrections}
    for one in after.report.corrections:
        if one.number not in known_before:
            about = one.model_dump(exclude={"diff"})
            yield sentence(
                "why_corrected", **about | {"kind": shown.words(f"correction.{one.kind}")}
            )
    if before.lines is None or after.lines is None:
        yield from [sentence("no_minutes")] if changes else []
    else:
        yield from _minutes(before, after, shown)
    for figure, old, new in in_words(changes, after.report, shown):
        yield f"{figure.shown}: {old.shown} → {new.shown}"


def _minutes(before: Sealed, after: Sealed, shown: Shown) -> Iterator[str]:
    zone = ZoneInfo(after.report.tz)
    for channel in (item.channel for item in after.context.items):
        for one in _changed(before, after, channel):
            start, end = (moment_of(at).astimezone(zone) for at in (one.start, one.end))
            day = f"{start:%m-%d %H:%M}-" + ("" if end.date() == start.date() else f"{end:%m-%d} ")
            kinds = " → ".join(shown.words(f"minute.{kind}") for kind in (one.old, one.new))
            yield f"{shown.channel(channel)} {day}{end:%H:%M} {kinds}"


def _changed(before: Sealed, after: Sealed, channel: str) -> list[Interval]:
    laid = []
    for one in (before, after):
        item = next((each for each in one.context.items if each.channel == channel), None)
        if item is None or one.lines is None:
            return []
        laid.append(lay(month_of(one.context, item, one.lines[channel])).minutes)
    return changed(laid[0], laid[1], window_of(after.context))
