"""`bongsu catalogue validate|plan|apply`: what is wrong, what would change, put it into force."""

import asyncio
import getpass
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry

from services import adapters
from services.catalogue import plan as planning
from services.catalogue import publish
from services.catalogue.check import check
from services.catalogue.load import load
from services.cli.context import (
    DATA,
    INVALID,
    NOT_DONE,
    USAGE,
    CliSettings,
    Data,
    Json,
    as_json,
    context,
    fail,
)
from services.contracts.catalogue import Catalogue
from services.runtime.errors import Retry
from services.runtime.kafka import Address, Producer
from services.runtime.ops import Health
from services.runtime.settings import load as load_settings

app = typer.Typer(no_args_is_help=True, help="Bodies, notices, routes: check, compare, apply.")

Directory = Annotated[
    Path, typer.Option("--catalogue", help="folder with the catalogue's YAML files")
]
DIRECTORY = Path("catalogue")
SIGNS = {"added": "+", "changed": "~", "removed": "-"}


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
    before = asyncio.run(in_force(context(data).kafka))
    difference = planning.plan(before, new, _limits())
    typer.echo(as_json(difference) if json else "\n".join(lines(difference)))


@app.command()
def apply(directory: Directory = DIRECTORY, data: Data = DATA) -> None:
    """Put the catalogue into force, whole or not at all; running processes follow within 5 s.

    Example: bongsu catalogue apply
    """
    new = read(directory)
    applied = asyncio.run(put_in_force(context(data).kafka, new))
    if applied.overtaken_by:
        fail(f"revision {applied.revision} was overtaken by {applied.overtaken_by}", NOT_DONE)
    typer.echo(f"revision {applied.revision} is in force: {applied.objects} objects")


def read(directory: Path, json: bool = False) -> Catalogue:
    """The catalogue in a folder. Ends the command when it has a problem that is no warning."""
    if not directory.is_dir():
        fail(f"there is no folder {directory}/", USAGE)
    loaded = load(directory)
    problems = check(loaded, set(adapters.discover()), _limits())
    if json:
        typer.echo(as_json(problems))
    for problem in () if json else problems:
        typer.echo(f"{directory}/{problem}", err=True)
    errors = sum(not problem.warning for problem in problems)
    if errors:
        fail(f"{errors} problem{'s' * (errors > 1)} in {directory}/; nothing was changed", INVALID)
    return loaded.catalogue(publish.new_revision(datetime.now(UTC)))


def _limits() -> planning.Limits:
    """Of the plan; alerting's own interval of proofs, as far as it is told here."""
    return planning.Limits(proof_every_s=load_settings(CliSettings).proof_every_s)


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


def lines(difference: planning.Plan) -> list[str]:
    """A plan for people."""
    changes = [
        f"{SIGNS[c.what]} {c.kind} {c.id}" + (f" ({', '.join(c.fields)})" if c.fields else "")
        for c in difference.changes
    ]
    before, after = difference.before, difference.after
    cost = [
        f"cost of account {name}: {before.cost_krw_month.get(name, 0):,}"
        f" → {after.cost_krw_month.get(name, 0):,} KRW a month"
        for name in sorted({*before.cost_krw_month, *after.cost_krw_month})
    ]
    probes = f"probes a day: {before.probes_day:,} → {after.probes_day:,}"
    pages = [
        f"pages over account {name}: at most {most} in an hour of outages, in no figure above"
        for name, most in sorted(after.pages_hour.items())
    ]
    quotas = _quota_lines(before, after)
    return [*(changes or ["nothing changes"]), probes, *cost, *quotas, *pages]


def _quota_lines(before: planning.Load, after: planning.Load) -> Iterator[str]:
    old = {(use.owner, use.id, use.channel): use for use in before.uses}
    for use in after.uses:
        was = old.get((use.owner, use.id, use.channel))
        for span in ("day", "month"):
            if share := getattr(use, f"share_{span}"):
                past = (was and getattr(was, f"share_{span}")) or 0.0
                quota = f"{getattr(use.quota, span):,} {use.channel} a {span}"
                yield f"quota of {use.owner} {use.id}: {past:.1%} → {share:.1%} of {quota}"
