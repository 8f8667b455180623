"""`bongsu maintenance`: planned work, which keeps pages quiet and leaves what was measured."""

import asyncio
import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from services.alerting.paging import planned as rules
from services.cli.context import DATA, INVALID, Data, Json, clock, fail, in_database, listed, moment
from services.storage import people, planned
from services.storage.planned import Window
from services.storage.pool import Connection
from services.storage.status import latest_catalogue

app = typer.Typer(no_args_is_help=True, help="Planned work: add, list, withdraw.")
Reason = Annotated[str, typer.Option(help="why, for those who read it later")]


@app.command()
def add(
    component: Annotated[str, typer.Argument(help="what is worked on, such as provider:sens")],
    since: Annotated[str, typer.Option("--from", help="2026-12-01 02:00, Korean time")],
    until: Annotated[str, typer.Option("--to", help="the end, as --from")],
    reason: Reason,
    every: Annotated[
        str | None, typer.Option(help="weekly on these days, such as tue,thu; --from is the first")
    ] = None,
    announced: Annotated[str | None, typer.Option(help="when it was announced, as --from")] = None,
    proof: Annotated[str | None, typer.Option(help="where, an address")] = None,
    data: Data = DATA,
) -> None:
    """Enter planned work. The same component and start again: a new version of it.

    Example: bongsu maintenance add provider:sens --from "2026-12-01 02:00" --to "2026-12-01 04:00"
    --reason "SENS 정기 점검" --announced "2026-11-20 10:00" --proof https://www.ncloud.com/…
    """
    asked = rules.Asked(
        component, moment(since), moment(until), reason,
        [day.strip().lower() for day in every.split(",")] if every else [],
        moment(announced) if announced else None, proof,
    )  # fmt: skip

    async def write(conn: Connection) -> str:
        await people.may_write(conn)
        window = rules.entered(asked, await latest_catalogue(conn), getpass.getuser())
        version = await planned.put_window(conn, window)
        about = {"version": version}
        await people.record(conn, window.actor, "cli", "maintenance.add", window.id, about)
        return f"{window.id}, version {version}"

    typer.echo(asyncio.run(in_database(data, write)))


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="every version, and what was withdrawn")] = (
        False
    ),
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Show planned work, the latest first; what holds now is marked.

    Example: bongsu maintenance list
    """
    found = asyncio.run(in_database(data, lambda conn: planned.windows(conn, every)))
    shown = [one for one in found if every or one.starts_at]
    listed([one._asdict() for one in shown], _table(shown), "no planned work", json)


@app.command()
def withdraw(
    window: Annotated[str, typer.Argument(metavar="ID", help="as the list shows it")],
    reason: Reason,
    data: Data = DATA,
) -> None:
    """Take planned work back; what it was is kept.

    Example: bongsu maintenance withdraw provider:sens@1796058000 --reason "연기됨"
    """

    async def write(conn: Connection) -> None:
        await people.may_write(conn)
        known = {one.id: one for one in await planned.windows(conn) if one.starts_at}
        if window not in known:
            fail(f"there is no planned work {window}", INVALID)
        gone = rules.withdrawn(known[window], reason, getpass.getuser())
        await planned.put_window(conn, gone)
        await people.record(conn, gone.actor, "cli", "maintenance.withdraw", window, {})

    asyncio.run(in_database(data, write))
    typer.echo("withdrawn")


def _table(found: list[Window]) -> Table:
    shown, now = Table(box=None, pad_edge=False, header_style="bold"), datetime.now(UTC)
    for title in ("id", "when, Korean time", "now", "announced", "by", "why"):
        shown.add_column(title, no_wrap=title != "why")
    for one in found:
        holds = "quiet" if rules.holds(one, now) else ""
        told = clock(one.announced_at)
        shown.add_row(one.id, _when(one), holds, told, one.actor, one.reason)
    return shown


def _when(one: Window) -> str:
    if one.starts_at is None or one.ends_at is None:
        return "withdrawn"
    span = f"{clock(one.starts_at)} to {clock(one.ends_at)}"
    return f"{span}, weekly {one.recurs.rpartition('=')[2].lower()}" if one.recurs else span
