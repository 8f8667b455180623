"""`bongsu incidents`: what is broken, how it went, and what a person has to say of it."""

import asyncio
import getpass
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, NoReturn

import typer
from rich.table import Table

from services.alerting.answers.known import Known, known
from services.alerting.incidents.notices import Told
from services.alerting.incidents.words import KST, tens
from services.cli import table
from services.cli.context import (
    DATA,
    INVALID,
    NOT_DONE,
    UNREACHABLE,
    Data,
    Json,
    as_json,
    context,
    fail,
    in_database,
    listed,
    seconds,
)
from services.storage import incidents as storage
from services.storage import people
from services.storage.incidents import Figures, Incident
from services.storage.pages import Sent
from services.storage.pool import Connection, open_pool, transaction

WITHIN_S, LOOK_EVERY_S, MOST = 10.0, 0.2, 200
SHOWN = 20  # routes of one incident
app = typer.Typer(no_args_is_help=True, help="Incidents: list, show, ack, note, close.")
LONGEST_ACK_MIN = 24 * 60
Id = Annotated[str, typer.Argument(metavar="INCIDENT", help="as `bongsu incidents list` shows it")]


@app.command("list")
def list_(
    closed: Annotated[bool, typer.Option("--all", help="those that are over, too")] = False,
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Show open incidents, the worst first; outages before faults of bongsu's own.

    Example: bongsu incidents list --all
    """

    async def read(conn: Connection) -> list[Incident]:
        return await storage.newest(conn, closed, MOST)

    found = asyncio.run(in_database(data, read))
    records = [table.incident_record(one) for one in found]
    listed(records, _listed(found), "no incident" if closed else "no open incident", json)


@app.command()
def show(incident: Id, data: Data = DATA, json: Json = False) -> None:
    """Show one incident: its cause and what else would explain it, and its timeline.

    Example: bongsu incidents show platform:kakaotalk@1772420412
    """
    found = asyncio.run(in_database(data, lambda conn: known(conn, incident, datetime.now(UTC))))
    if found is None:
        unknown(incident)
    elif json:
        typer.echo(as_json(_record(found)))
    else:
        typer.echo("\n".join(told(found)))


@app.command()
def ack(
    incident: Id,
    lasts: Annotated[
        str | None, typer.Option("--for", help="such as 30m; the rota's time if not given")
    ] = None,
    data: Data = DATA,
) -> None:
    """Say that you have it: nobody is paged for it meanwhile. Works while nobody leads, too.

    Example: bongsu incidents ack platform:kakaotalk@1772420412 --for 1h
    """
    given = None if lasts is None else int(seconds(lasts) // 60)
    if given is not None and not 0 < given <= LONGEST_ACK_MIN:
        fail("an acknowledgement holds for 1 minute to 24 hours", INVALID)

    async def write(conn: Connection) -> int:
        await people.may_write(conn)
        row = await storage.by_id(conn, incident)
        if row is None:
            unknown(incident)
        elif row.status == "closed":
            fail(f"{incident} is closed already", NOT_DONE)
        minutes = given or (await people.spoken_to(conn, getpass.getuser())).minutes
        await people.acknowledge(conn, [incident], getpass.getuser(), "cli", minutes)
        return minutes

    minutes = asyncio.run(in_database(data, write))
    typer.echo(f"acknowledged for {minutes} min; a note or `close` keeps it quiet")


@app.command()
def note(
    incident: Id,
    text: Annotated[str, typer.Argument(help="one or more sentences, no personal data")],
    data: Data = DATA,
) -> None:
    """Add a note to an incident's timeline.

    Example: bongsu incidents note platform:kakaotalk@1772420412 "called Kakao, they know"
    """
    asyncio.run(_ask(data, incident, "note", text))
    typer.echo("noted")


@app.command()
def close(
    incident: Id,
    reason: Annotated[str, typer.Option(help="why it is over, for the timeline")],
    data: Data = DATA,
) -> None:
    """Close an open incident. If messages fail on, it opens again by itself.

    Example: bongsu incidents close receiver:skt-01@1772420412 --reason "handset replaced"
    """
    asyncio.run(_ask(data, incident, "close", reason))
    typer.echo("closed")


async def _ask(data: Data, incident: str, kind: str, text: str) -> None:
    """Ask, and wait until a leader has done it."""
    text = text.strip()
    if not 0 < len(text) <= storage.LONGEST:
        fail(f"a text has 1 to {storage.LONGEST} characters, this one has {len(text)}", INVALID)
    async with open_pool(context(data).postgres, role_label="cli", max_size=1) as pool:
        async with transaction(pool) as conn:
            row = await storage.by_id(conn, incident)
        if row is None:
            unknown(incident)
        if kind == "close" and row.status == "closed":
            fail(f"{incident} is closed already", NOT_DONE)
        async with transaction(pool) as conn:
            number = await storage.ask(conn, incident, kind, getpass.getuser(), text)
            about = {"action": number}
            await people.record(conn, getpass.getuser(), "cli", kind, incident, about)
        for _ in range(int(WITHIN_S / LOOK_EVERY_S)):
            async with transaction(pool) as conn:
                if await storage.is_done(conn, number):
                    return
            await asyncio.sleep(LOOK_EVERY_S)
    fail("nobody leads at the moment: it is written down and done once somebody does", NOT_DONE)


def unknown(incident: str) -> NoReturn:
    """End the command: nothing has that id."""
    fail(f"there is no incident {incident}; `bongsu incidents list --all` shows all", UNREACHABLE)


def _listed(found: list[Incident]) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("incident", "sev", "since", "until", "what"):
        shown.add_column(title, no_wrap=title != "what")
    for one in found:
        severity = "own" if one.monitor else str(one.severity)
        until = _clock(one.ended_at) if one.status == "closed" else "open"
        shown.add_row(one.id, severity, _clock(one.started_at), until, one.title_ko)
    return shown


def _record(found: Known) -> dict[str, object]:
    return table.incident_record(found.row) | {
        "candidates": [one._asdict() for one in found.candidates],
        "events": [one._asdict() | {"at": one.at.isoformat()} for one in found.events],
        "acks": [one._asdict() for one in found.acks],
        "notices": [table.notice_record(one) for one in found.notices],
        "pages": [table.page_record(one) for one in found.pages],
    }


def told(found: Known) -> Iterator[str]:
    """All that is known of one incident, in lines; times are Korean."""
    row = found.row
    until = f"until {_clock(row.ended_at)}" if row.status == "closed" else "open"
    yield f"{row.id}: {until}"
    yield f"  {row.title_ko}"
    yield f"  {table.sentence(row)}"
    more = f" and {len(row.routes) - SHOWN} more" if len(row.routes) > SHOWN else ""
    yield f"  routes: {', '.join(row.routes[:SHOWN])}{more}"
    if row.people:
        yield f"  their notices reach {row.people:,} people"
    yield from (f"  {one.person} has it until {_clock(one.expires_at)}" for one in found.acks[-1:])
    yield from _figures(row.figures)
    yield "candidates, the named cause first:"
    for one in found.candidates:
        apart = "" if one.separated else ", not separated"
        yield (
            f"  {one.component} {one.hypothesis}: {one.failed} of {one.total},"
            f" evidence {tens(one.gain)}{apart}"
        )
    yield from _said(found.notices)
    yield from _paged(found.pages)
    yield "timeline, Korean time:"
    for event in found.events:
        yield f"  {_clock(event.at)} {event.kind}, {event.actor}: {event.note_ko}"
        if event.note_en != event.note_ko:
            yield f"{'':17} {event.note_en}"


def _said(told: Sequence[Told]) -> Iterator[str]:
    if told:
        yield "said by providers, Korean time:"
    for notice, lag, too_early in told:
        late = f"{_minutes(lag)} after the onset" if lag >= timedelta(0) else "before the onset"
        false = f"; false, broken for {_minutes(too_early)} more" if too_early else ""
        yield f"  {_clock(notice.said_at)} {notice.provider}: {notice.says}, {late}{false}"


def _paged(sent: Sequence[Sent]) -> Iterator[str]:
    if sent:
        yield "pages, Korean time:"
    for one in sent:
        last = f" over {one.path}, try {one.tries}" if one.path else ""
        why = f" ({one.reason_ko}; {one.reason_en})" if one.path else ""
        yield f"  {_clock(one.made_at)} {one.kind} to {one.recipient}: {_came(one)}{last}{why}"


def _came(one: Sent) -> str:
    if one.accepted_at:
        return f"accepted {_clock(one.accepted_at)}"
    if one.given_up_at:
        return f"given up {_clock(one.given_up_at)}"
    if not one.tries:
        return f"due {_clock(one.due_at)}"
    return f"not accepted yet, {' '.join(filter(None, (one.answer, one.detail))) or 'no answer'}"


def _figures(found: Figures | None) -> Iterator[str]:
    if found is None:
        return
    usual = f", normally 99 % within {found.usual_s:.0f} s" if found.usual_s else ""
    yield (
        f"  {found.messages} messages since {_clock(found.since)}{usual}: over {found.dealers}"
        f" dealers, {found.senders} senders, {found.receivers} receivers, {found.workers} workers;"
        f" {found.confirms} of them confirm probes"
    )
    yield f"  {found.beside} over the same parts but not over it arrived"
    if found.next:
        yield f"  next explanation: {found.next}"


def _minutes(span: timedelta) -> str:
    return f"{span / timedelta(minutes=1):.0f} min"


def _clock(at: datetime | None) -> str:
    return f"{(at or datetime.now(UTC)).astimezone(KST):%m-%d %H:%M:%S}"
