"""`bongsu catalogue validate|plan|apply`: what is wrong, what would change, put it into force."""

import asyncio
import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from prometheus_client import CollectorRegistry

from services import adapters
from services.catalogue import plan as planning
from services.catalogue import publish
from services.catalogue.check import check
from services.catalogue.load import load
from services.cli.context import DATA, INVALID, Data, context, fail, run
from services.contracts.catalogue import Catalogue
from services.runtime.errors import Retry
from services.runtime.kafka import Address, Producer
from services.runtime.ops import Health

app = typer.Typer(no_args_is_help=True, help="Bodies, notices, routes: check, compare, apply.")

Directory = Annotated[
    Path, typer.Option("--catalogue", help="folder with the catalogue's YAML files")
]
DIRECTORY = Path("catalogue")
Json = Annotated[bool, typer.Option("--json", help="for programs")]


@app.command()
def validate(directory: Directory = DIRECTORY, json: Json = False) -> None:
    """Check every file; all problems at once, as file:line: sentence.

    Example: bongsu catalogue validate --catalogue catalogue
    """
    read(directory, json=json)
    if not json:
        typer.echo(f"{directory}/ is in order")


@app.command()
def plan(directory: Directory = DIRECTORY, data: Data = DATA, json: Json = False) -> None:
    """Show what applying would add, change and remove, and what it costs.

    Example: bongsu catalogue plan
    """
    new = read(directory)
    difference = planning.plan(run(in_force(context(data).kafka)), new)
    if json:
        typer.echo(orjson.dumps(asdict(difference), default=str).decode())
    else:
        typer.echo("\n".join(_lines(difference)))


@app.command()
def apply(directory: Directory = DIRECTORY, data: Data = DATA) -> None:
    """Put the catalogue into force, whole or not at all; running processes follow within 5 s.

    Example: bongsu catalogue apply
    """
    new = read(directory)
    applied = run(put_in_force(context(data).kafka, new))
    if applied.overtaken_by:
        fail(f"revision {applied.revision} was overtaken by {applied.overtaken_by}", 1)
    typer.echo(f"revision {applied.revision} is in force: {applied.objects} objects")


def read(directory: Path, json: bool = False) -> Catalogue:
    """The catalogue in a folder. Ends the command when it has a problem that is no warning."""
    if not directory.is_dir():
        fail(f"there is no folder {directory}/", 2)
    loaded = load(directory)
    problems = check(loaded, set(adapters.discover()))
    if json:
        typer.echo(orjson.dumps([asdict(problem) for problem in problems]).decode())
    else:
        for problem in problems:
            kind = "warning: " if problem.warning else ""
            typer.echo(
                f"{directory}/{problem.file}:{problem.line}: {kind}{problem.sentence}", err=True
            )
    errors = sum(not problem.warning for problem in problems)
    if errors:
        fail(f"{errors} problem{'s' * (errors > 1)} in {directory}/; nothing was changed", INVALID)
    return loaded.catalogue(publish.new_revision(datetime.now(UTC)))


async def in_force(address: Address) -> Catalogue | None:
    """The catalogue that everyone follows just now."""
    assembler = publish.Assembler()
    for key, value in (await publish.read_held(address)).items():
        assembler.feed(key, value)
    return assembler.in_force


async def put_in_force(address: Address, catalogue: Catalogue) -> publish.Applied:
    """Apply, with a producer of its own."""
    async with short_producer(address) as producer:
        return await publish.apply(
            catalogue,
            producer,
            lambda: publish.read_held(address),
            now=datetime.now(UTC),
            applied_by=getpass.getuser(),
        )


@asynccontextmanager
async def short_producer(address: Address) -> AsyncIterator[Producer]:
    """A connected producer for one command. Raises Retry when Kafka does not answer in 10 s."""
    stopping = asyncio.Event()
    producer = Producer(address, Health(), CollectorRegistry())
    life = asyncio.create_task(producer.run(stopping))
    try:
        await _connected(producer)
        yield producer
    finally:
        stopping.set()
        await life


async def _connected(producer: Producer) -> None:
    for _ in range(200):
        if producer.connected:
            return
        await asyncio.sleep(0.05)
    raise Retry("away", "Kafka does not answer")


def _lines(difference: planning.Plan) -> list[str]:
    signs = {"added": "+", "changed": "~", "removed": "-"}
    changes = [
        f"{signs[c.what]} {c.kind} {c.id}" + (f" ({', '.join(c.fields)})" if c.fields else "")
        for c in difference.changes
    ]
    before, after = difference.before, difference.after
    cost = {name: after.cost_krw_month.get(name, 0) for name in after.cost_krw_month}
    return [
        *(changes or ["nothing changes"]),
        f"probes a day: {before.probes_day:,} → {after.probes_day:,}",
        *(
            f"cost of account {name}: {before.cost_krw_month.get(name, 0):,} → {krw:,} KRW a month"
            for name, krw in cost.items()
        ),
        *(_use_line(use) for use in after.uses if use.share_day or use.share_month),
    ]


def _use_line(use: planning.Use) -> str:
    shares = [
        f"{share:.1%} of {quota:,} a {span}"
        for share, quota, span in (
            (use.share_day, use.quota.day, "day"),
            (use.share_month, use.quota.month, "month"),
        )
        if share and quota
    ]
    return f"quota of {use.owner} {use.id}, {use.channel}: {', '.join(shares)}"
