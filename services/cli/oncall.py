"""`bongsu oncall`: who is called now and over what, and who has the watch instead."""

import asyncio
import getpass
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple

import typer

from services.alerting.paging import oncall, paths
from services.alerting.paging.decide import Duty
from services.cli import catalogue as catalogues
from services.cli import independence, proofs
from services.cli.catalogue import DIRECTORY, Directory
from services.cli.context import (
    DATA,
    NOT_DONE,
    CliSettings,
    Data,
    Json,
    as_json,
    clock,
    fail,
    in_database,
    listed,
    moment,
)
from services.contracts.catalogue import Catalogue
from services.contracts.oncall import WEEK
from services.runtime.settings import load
from services.storage import incidents, people
from services.storage import oncall as storage
from services.storage import proofs as proven
from services.storage.oncall import Override
from services.storage.pool import Connection
from services.storage.status import latest_catalogue

app = typer.Typer(no_args_is_help=True, help="Who is called: now, override, paths, table.")


class Watch(NamedTuple):
    """What is known of the watch at a time."""

    catalogue: Catalogue
    overrides: list[Override]
    failed: frozenset[str]
    doubted: frozenset[str]
    at: datetime


@app.command()
def now(data: Data = DATA, json: Json = False) -> None:
    """Show who is called first, until when, over which path, and who after them.

    Example: bongsu oncall now
    """
    watch = asyncio.run(in_database(data, _read))
    duty = oncall.duty(watch.catalogue, watch.overrides, watch.at)
    if json:
        typer.echo(as_json(_record(watch, duty)))
    else:
        typer.echo("\n".join(shown(watch, duty)))


@app.command()
def override(
    person: Annotated[str, typer.Argument(help="who has the watch, such as oncall-2")],
    until: Annotated[str, typer.Option("--to", help="2026-12-01 09:00, Korean time")],
    reason: Annotated[str, typer.Option(help="why, for those who read it later")],
    since: Annotated[str | None, typer.Option("--from", help="as --to; now if not given")] = None,
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Give somebody the watch instead of whom the rota names. The newest that holds wins.

    Example: bongsu oncall override oncall-2 --to "2026-12-01 09:00" --reason "교대"
    """
    start = moment(since) if since else datetime.now(UTC)
    made = Override(0, person, start, moment(until), reason, getpass.getuser())
    made = asyncio.run(in_database(data, lambda conn: _put(conn, made)))
    typer.echo(as_json(made._asdict()) if json else f"{person} has the watch {_span(made)}")


@app.command("paths")
def paths_(data: Data = DATA, json: Json = False) -> None:
    """Show when each path was last seen to work, and what came of the newest try.

    Example: bongsu oncall paths
    """
    found = asyncio.run(in_database(data, _proofs))
    records = [proofs.record(one) for one in found]
    listed(records, proofs.table(found, datetime.now(UTC)), "no path", json)


@app.command()
def table(directory: Directory = DIRECTORY) -> None:
    """Write, as Markdown, who is paged by what whatever one component is broken.

    Example: bongsu oncall table --catalogue catalogue
    """
    typer.echo("\n".join(independence.table(catalogues.read(directory))))


async def _read(conn: Connection) -> Watch:
    at = datetime.now(UTC)
    catalogue = await latest_catalogue(conn)
    if catalogue is None:
        fail("no catalogue is in force yet: nobody is called", NOT_DONE)
    if not catalogue.rotas:
        fail("the catalogue in force has no on-call file: nobody is called", NOT_DONE)
    open_ = (await incidents.standing(conn)).open
    failed = paths.failure_set(open_, await incidents.unseparated(conn))
    every = timedelta(seconds=load(CliSettings).proof_every_s)
    doubted = paths.doubted(await proven.listed(conn), at, every)
    return Watch(catalogue, await storage.overrides(conn, at), failed, doubted, at)


async def _proofs(conn: Connection) -> list[proofs.Shown]:
    catalogue = await latest_catalogue(conn)
    if catalogue is None or not catalogue.paths:
        fail("the catalogue in force has no on-call file: nobody is called", NOT_DONE)
    return await proofs.read(conn, catalogue)


async def _put(conn: Connection, made: Override) -> Override:
    await people.may_write(conn)
    made = oncall.entered(made, await latest_catalogue(conn), datetime.now(UTC))
    made = made._replace(number=await storage.put_override(conn, *made[1:]))
    about = {name: value for name, value in made._asdict().items() if name != "actor"}
    await people.record(
        conn, made.actor, "cli", "oncall.override", oncall.recipient(made.person), about
    )
    return made


def shown(watch: Watch, duty: Duty) -> Iterator[str]:
    """For people; times are Korean time."""
    for person in duty.first:
        until = changes_at(watch)
        yield f"{person} is called first" + (f", until {clock(until)}" if until else "")
        for choice in _chosen(watch, person):
            yield f"  over {choice.path}: {choice.reason.ko} / {choice.reason.en}"
    for step in duty.later:
        minutes = int(step.after / timedelta(minutes=1))
        yield f"after {minutes} min without acknowledgement: {', '.join(step.people)}"
    yield f"every page goes to {', '.join(duty.systems) or 'no system'}, too"
    for one in watch.overrides:
        yield f"override: person:{one.person} {_span(one)}, by {one.actor}: {one.reason}"


def changes_at(watch: Watch) -> datetime | None:
    """When somebody else is called first; None if nobody is within a week."""
    first = oncall.first(watch.catalogue, watch.overrides, watch.at)
    start = watch.at.replace(second=0, microsecond=0)
    times = [start + timedelta(minutes=minute) for minute in range(1, WEEK + 1)]
    times += [edge for one in watch.overrides for edge in (one.starts_at, one.ends_at)]
    coming = (at for at in sorted(times) if at > watch.at)
    return next(
        (at for at in coming if oncall.first(watch.catalogue, watch.overrides, at) != first), None
    )


def _record(watch: Watch, duty: Duty) -> dict[str, object]:
    return {
        "at": watch.at,
        "until": changes_at(watch),
        "first": duty.first,
        "over": [_over(c) for p in duty.first for c in _chosen(watch, p)],
        "later": [{"after_s": s.after.total_seconds(), "people": s.people} for s in duty.later],
        "systems": duty.systems,
        "failed": sorted(watch.failed),
        "overrides": [one._asdict() for one in watch.overrides],
    }


def _over(choice: paths.Choice) -> dict[str, object]:
    return choice._asdict() | {"reason": choice.reason._asdict()}


def _chosen(watch: Watch, recipient: str) -> tuple[paths.Choice, ...]:
    return paths.choose(watch.catalogue, recipient, watch.failed, doubted=watch.doubted)


def _span(one: Override) -> str:
    return f"from {clock(one.starts_at)} to {clock(one.ends_at)}"
