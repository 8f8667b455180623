"""`bongsu status`: every route with its last probe and figures of the last hour."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from services.cli import table
from services.cli.context import DATA, UNREACHABLE, Data, Json, as_json, context, fail, seconds
from services.contracts.catalogue import Catalogue
from services.storage.pool import open_pool, transaction
from services.storage.status import (
    ObservedStatus,
    RouteStatus,
    latest_catalogue,
    observed_since,
    routes_since,
)

PIPED_WIDTH = 140  # characters: a line that `grep` finds is a whole one


def status(
    since: Annotated[str, typer.Option(help="count probes of this long")] = "1h",
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Show every route: last probe by stage, latencies, counts.

    Example: bongsu status --since 2h
    """
    span, now = timedelta(seconds=seconds(since)), datetime.now(UTC)
    catalogue, found, posts = asyncio.run(_read(context(data).postgres, now - span))
    if catalogue is None:
        fail("no catalogue has been applied yet: run `bongsu catalogue apply`", UNREACHABLE)
    shown = table.lines(catalogue, found, posts, now)
    if json:
        typer.echo(as_json([table.record(line) for line in shown]))
        return
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, PIPED_WIDTH)
    console.print(table.render(shown, now))


async def _read(
    dsn: str, since: datetime
) -> tuple[Catalogue | None, list[RouteStatus], list[ObservedStatus]]:
    async with open_pool(dsn, role_label="cli", max_size=1) as pool, transaction(pool) as conn:
        catalogue, found = await latest_catalogue(conn), await routes_since(conn, since)
        return catalogue, found, await observed_since(conn, since)
