"""One revision: everything known before its cutoff is read, counted, assembled and sealed.

In:  a connection, a `Due`. Out: a sealed revision with its context, or a preview without a seal.
Reading sees one state of the database; nothing is held while figures are made; sealing is a
transaction of its own, which the database refuses unless the revision is the next one.
Before: `due.py`, `run.py`. After: `months.content` for documents, `verify_stored.py`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.contracts.report import Change, Report
from services.contracts.report_words import State
from services.reporting import assemble, chain, evidence, known, objecting, stored
from services.reporting.calendar import moment_of, month_window
from services.reporting.context import Context, ItemContext, month_of
from services.reporting.difference import figures_changed
from services.reporting.due import Due
from services.reporting.known import Asked
from services.reporting.known_item import at
from services.reporting.laid import lay
from services.reporting.lines import Line
from services.reporting.slots import MINUTE_MS
from services.reporting.written import ms_of
from services.storage import corrections, months, objections, people, sla
from services.storage.lines import Asked as Slots
from services.storage.months import Revision
from services.storage.pool import Connection, part, snapshot

# So far around the month evidence is read, until no outage reaches where it begins or ends.
MARGINS = tuple(timedelta(days=days) for days in (2, 8, 32))
_NEAR = timedelta(hours=2)
Lines = Mapping[str, Sequence[Line]]


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A report without a seal, and all that it was made from; `lines` by channel."""

    report: Report
    context: Context
    lines: Lines


async def seal(conn: Connection, epoch: int, due: Due) -> Report | None:
    """Seal what is due; None where no contract holds. Raises Deposed, StorageRefused as
    `months.seal`."""
    own = await _own(conn, due.body, due.month)
    asked = asked_for(due, own, await _corrections(conn, due), await _now(conn))
    found = await made(conn, asked)
    if found is None:
        return None
    before = own[-1] if own else None
    told = found if before is None else await _compared(conn, found, before)
    return await _seal(conn, epoch, told, due)


async def preview(conn: Connection, body: str, month: str, now: datetime) -> Made | None:
    """The figures of a month that is not sealed, as of now; None where no contract holds, or the
    month has not begun. `conn` outside of a transaction."""
    found = await corrections.approved(conn, body, month, now)
    entered = tuple((one, ()) for one in found)
    asked = Asked(body, month, 0, State.OPEN, now, now, _whole(now), entered)
    return await made(conn, asked)


async def evidence_of(conn: Connection, row: Revision) -> tuple[Context, Lines] | None:
    """What a sealed revision was made from; None where its context was not kept. `conn` outside of
    a transaction."""
    kept = await months.context(conn, row.body, row.month, row.revision)
    if kept is None:
        return None
    context = Context.model_validate_json(kept)
    async with snapshot(conn):
        return context, await lines_of(conn, context)


async def made(conn: Connection, asked: Asked) -> Made | None:
    """The report of a revision, and its evidence, without its difference to the one before."""
    async with snapshot(conn):
        for margin in MARGINS:
            read = await _read(conn, asked, margin)
            if read is None or not await asyncio.to_thread(_cut, *read):
                break
    if read is None:
        return None
    return await asyncio.to_thread(assembled, *read)


def asked_for(
    due: Due, own: Sequence[Revision], approved: Sequence[corrections.Correction], now: datetime
) -> Asked:
    """What a revision counts. After the closing people enter by corrections only: those that have
    a revision of their own already, and this one's."""
    closed = next((each.cutoff for each in own if each.revision == 1), due.cutoff)
    entered = {each.correction for each in own}
    early = [one for one in approved if one.decided_at and one.decided_at < closed]
    late = [one for one in approved if one.id in entered and one not in early]
    counted = [*early, *late, *([due.correction] if due.correction else [])]
    return Asked(
        due.body, due.month, due.revision, due.state, due.cutoff, closed,
        _whole(now), tuple((one, ()) for one in counted),
    )  # fmt: skip


async def _read(
    conn: Connection, asked: Asked, margin: timedelta
) -> tuple[Context, dict[str, list[Line]]] | None:
    start, end = _span(asked, margin)
    objects = await sla.objects(conn, asked.body, start, end, asked.entered_before)
    context = known.context(asked, objects, start, end) if objects else None
    return None if context is None else (context, await lines_of(conn, context))


async def lines_of(conn: Connection, context: Context, raw: bool = False) -> dict[str, list[Line]]:
    """By channel, all that its plans reach; `raw` as `Slots` says. Call in one transaction that
    sees one state."""
    cutoff = datetime.fromisoformat(context.cutoff)
    faults = stored.faults_of(context)
    found = {}
    for own in context.items:
        routes = sorted({plan.route for plan in own.plans})
        reach = [(plan.start, plan.to) for plan in own.plans] or [(context.cutoff,) * 2]
        start, end = min(s for s, _ in reach), max(e for _, e in reach)
        slots = Slots(
            routes, datetime.fromisoformat(start), datetime.fromisoformat(end), cutoff, raw
        )
        found[own.channel] = await stored.read(conn, slots, faults)
    return found


def _span(asked: Asked, margin: timedelta) -> tuple[datetime, datetime]:
    """What is read: the month in any zone, and so much around it; nothing after the cutoff."""
    window = month_window(asked.month, "UTC")
    around = timedelta(days=1) + margin
    end = min(moment_of(window.end) + around, asked.cutoff)
    return moment_of(window.start) - around, end


def _cut(context: Context, lines: Lines) -> bool:
    """Does an outage reach where the evidence that was read begins or ends?"""
    near = _NEAR // timedelta(minutes=1)
    cutoff = ms_of(context.cutoff) // MINUTE_MS
    for own in context.items:
        for judged in lay(month_of(context, own, lines[own.channel])).judged:
            first, last = int(judged.slots.start[0]), int(judged.slots.end[-1])
            for span in judged.spans:
                if span.start - first < near or (last - span.end < near and last + near < cutoff):
                    return True
    return False


def assembled(context: Context, lines: Lines) -> Made:
    """The report of these, whoever read them."""
    counted = {own.channel: _count(context, own, lines) for own in context.items}
    return Made(assemble.report(context, counted), context, lines)


def _count(context: Context, own: ItemContext, lines: Lines) -> assemble.Counted:
    return assemble.count(context, own, lines[own.channel])


async def _compared(conn: Connection, found: Made, before: Revision) -> Made:
    """With what changed since the revision before, and what each earlier correction changed."""
    old = await months.content(conn, before.body, before.month, before.revision)
    last = Report.model_validate_json(old or b"")
    diff = tuple(figures_changed(last, found.report))
    told = {one.number: one.diff for one in last.corrections}
    own = tuple(
        one.model_copy(update={"diff": told.get(one.number, diff)})
        for one in found.report.corrections
    )
    changes = {"diff": diff, "corrections": own}
    disputes = await objections.objections(conn, before.body, before.month)
    report, context = objecting.carried(
        found.report.model_copy(update=changes), found.context.model_copy(update=changes), disputes
    )
    return Made(report, context, found.lines)


async def _seal(conn: Connection, epoch: int, made: Made, due: Due) -> Report:
    async with part(conn):
        await people.may_write(conn)
        prev = await months.head(conn, due.body)
        report = chain.sealed(made.report, prev or chain.ZEROS)
        number = due.correction.id if due.correction else None
        await months.seal(conn, epoch, chain.text_of(report), number)
        context = evidence.text_of(made.context)
        await months.keep_context(conn, due.body, due.month, due.revision, context)
    return report


async def changed(conn: Connection, newest: Revision, now: datetime) -> tuple[Change, ...]:
    """What a month's newest revision would say otherwise, were it made from all that is known now:
    the evidence, and nothing that people entered since."""
    text = await months.content(conn, newest.body, newest.month, newest.revision)
    kept = await months.context(conn, newest.body, newest.month, newest.revision)
    if text is None or kept is None:
        return ()
    context = Context.model_validate_json(kept)
    async with snapshot(conn):
        lines = await lines_of(conn, context.model_copy(update={"cutoff": at(now)}))
    again = await asyncio.to_thread(assembled, context, lines)
    return tuple(figures_changed(Report.model_validate_json(text), again.report))


async def _own(conn: Connection, body: str, month: str) -> list[Revision]:
    return [each for each in await months.revisions(conn, body) if each.month == month]


async def _corrections(conn: Connection, due: Due) -> list[corrections.Correction]:
    found = await corrections.corrections(conn, due.body, due.month)
    approved = [each for each in found if each.state == "approved"]
    return sorted(approved, key=lambda one: (one.decided_at or one.proposed_at, one.id))


async def _now(conn: Connection) -> datetime:
    return await months.now(conn)


def _whole(at: datetime) -> datetime:
    """A report knows milliseconds."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)
