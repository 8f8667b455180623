"""`bongsu status`: every route with its last probe and figures of the last hour."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from services.cli import table
from services.cli.context import DATA, UNREACHABLE, Data, context, fail, run
from services.cli.faults import seconds
from services.cli.summary import route_summary
from services.contracts.catalogue import Catalogue
from services.storage.pool import open_pool, transaction
from services.storage.status import RouteStatus, latest_catalogue, routes_since


def status(
    since: Annotated[str, typer.Option(help="count probes of this long")] = "1h",
    data: Data = DATA,
    json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Show every route: last probe by stage, latencies, counts.

    Example: bongsu status --since 2h
    """
    span, now = timedelta(seconds=seconds(since)), datetime.now(UTC)
    catalogue, found = run(_read(context(data).postgres, now - span))
    if catalogue is None:
        fail("no catalogue has been applied yet: run `bongsu catalogue apply`", UNREACHABLE)
    shown = table.lines(catalogue, found, now)
    if json:
        typer.echo(orjson.dumps([_record(line) for line in shown], default=str).decode())
    else:
        Console().print(table.render(shown, now))


async def _read(dsn: str, since: datetime) -> tuple[Catalogue | None, list[RouteStatus]]:
    async with open_pool(dsn, role_label="cli", max_size=1) as pool, transaction(pool) as conn:
        return await latest_catalogue(conn), await routes_since(conn, since)


def _record(line: table.Line) -> dict[str, Any]:
    newest = line.figures.newest if line.figures else None
    return route_summary(line) | {
        "last_seen_at": line.figures.last_seen_at if line.figures else None,
        "last_sent_at": newest.sent_at if newest else None,
        "last_outcome": newest.outcome if newest else None,
    }
