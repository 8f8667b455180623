"""`bongsu incidents`: what is broken, how it went, and what a person has to say of it."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table

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
)
from services.storage import incidents as storage
from services.storage.incidents import Candidate, Event, Figures, Incident
from services.storage.pool import Connection, open_pool, transaction

WITHIN_S, LOOK_EVERY_S, MOST = 10.0, 0.2, 200
SHOWN = 20  # routes of one incident
app = typer.Typer(no_args_is_help=True, help="Incidents: list, show, note, close.")
T = TypeVar("T")
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

    found = asyncio.run(_with(data, read))
    if json:
        typer.echo(as_json([table.incident_record(one) for one in found]))
    elif found:
        Console(width=None if Console().is_terminal else 200).print(_listed(found))
    else:
        typer.echo("no incident" if closed else "no open incident")


@app.command()
def show(incident: Id, data: Data = DATA, json: Json = False) -> None:
    """Show one incident: its cause and what else would explain it, and its timeline.

    Example: bongsu incidents show platform:kakaotalk@1772420412
    """

    async def read(
        conn: Connection,
    ) -> tuple[Incident | None, list[Candidate], list[Event]]:
        return (
            await storage.by_id(conn, incident),
            await storage.candidates(conn, incident),
            await storage.events(conn, incident),
        )

    row, candidates, events = asyncio.run(_with(data, read))
    if row is None:
        unknown(incident)
    elif json:
        more = {
            "candidates": [one._asdict() for one in candidates],
            "events": [one._asdict() | {"at": one.at.isoformat()} for one in events],
        }
        typer.echo(as_json(table.incident_record(row) | more))
    else:
        typer.echo("\n".join(_told(row, candidates, events)))


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


async def _with(data: Data, read: Callable[[Connection], Awaitable[T]]) -> T:
    dsn = context(data).postgres
    async with open_pool(dsn, role_label="cli", max_size=1) as pool, transaction(pool) as conn:
        return await read(conn)


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


def _told(row: Incident, candidates: list[Candidate], events: list[Event]) -> Iterator[str]:
    until = f"until {_clock(row.ended_at)}" if row.status == "closed" else "open"
    yield f"{row.id}: {until}"
    yield f"  {row.title_ko}"
    yield f"  {table.sentence(row)}"
    more = f" and {len(row.routes) - SHOWN} more" if len(row.routes) > SHOWN else ""
    yield f"  routes: {', '.join(row.routes[:SHOWN])}{more}"
    if row.people:
        yield f"  their notices reach {row.people:,} people"
    yield from _figures(row.figures)
    yield "candidates, the named cause first:"
    for one in candidates:
        apart = "" if one.separated else ", not separated"
        yield (
            f"  {one.component} {one.hypothesis}: {one.failed} of {one.total},"
            f" evidence {tens(one.gain)}{apart}"
        )
    yield "timeline, Korean time:"
    for event in events:
        yield f"  {_clock(event.at)} {event.kind}, {event.actor}: {event.note_ko}"
        if event.note_en != event.note_ko:
            yield f"{'':17} {event.note_en}"


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


def _clock(at: datetime | None) -> str:
    return f"{(at or datetime.now(UTC)).astimezone(KST):%m-%d %H:%M:%S}"
