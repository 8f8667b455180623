"""`bongsu status`: open incidents; every route with its last probe and figures of the last hour."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from services.cli import ladders as ladder
from services.cli import table
from services.cli.context import DATA, UNREACHABLE, Data, Json, as_json, context, fail, seconds
from services.contracts.catalogue import Catalogue
from services.storage import incidents
from services.storage.incidents import Standing
from services.storage.pool import open_pool, transaction
from services.storage.status import (
    DrillStatus,
    ObservedStatus,
    RouteStatus,
    drills_since,
    latest_catalogue,
    observed_since,
    routes_since,
)

DRILLS_BACK = timedelta(hours=24)
PIPED_WIDTH = 140  # characters: a line that `grep` finds is a whole one


def status(
    since: Annotated[str, typer.Option(help="count probes of this long")] = "1h",
    ladders: Annotated[
        bool, typer.Option("--ladders", help="each notice's ladder and what its drills showed")
    ] = False,
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Show what is broken, and every route: its state, last probe by stage, latencies, counts.

    Example: bongsu status --since 2h
    """
    span, now = timedelta(seconds=seconds(since)), datetime.now(UTC)
    drilled_since = now - DRILLS_BACK if ladders else None
    found = asyncio.run(_read(context(data).postgres, now - span, drilled_since))
    if found.catalogue is None:
        fail("no catalogue has been applied yet: run `bongsu catalogue apply`", UNREACHABLE)
    shown = table.lines(found.catalogue, found.routes, found.posts, now, found.standing.open)
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, PIPED_WIDTH)
    if ladders:
        rungs = ladder.ladders(found.catalogue, shown, found.drills)
        if json:
            typer.echo(as_json([ladder.record(one) for one in rungs]))
        else:
            console.print(ladder.render(rungs, now, "24 hours"))
    elif json:
        typer.echo(as_json([table.record(line) for line in shown]))
    else:
        console.print(*table.told(found.standing, now), table.render(shown, now), sep="\n")


class _Found(NamedTuple):
    catalogue: Catalogue | None
    routes: list[RouteStatus]
    posts: list[ObservedStatus]
    drills: list[DrillStatus]
    standing: Standing


async def _read(dsn: str, since: datetime, drilled_since: datetime | None) -> _Found:
    async with open_pool(dsn, role_label="cli", max_size=1) as pool, transaction(pool) as conn:
        return _Found(
            await latest_catalogue(conn),
            await routes_since(conn, since),
            await observed_since(conn, since),
            await drills_since(conn, drilled_since) if drilled_since else [],
            await incidents.standing(conn),
        )
