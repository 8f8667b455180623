"""`bongsu report replay`: what a body's report of a dated outage would have said.

In:  a scenario, a contract item. Out: the sealed month's documents under --out, as `report month`
makes them. The database in which it is played is an embedded one, and is thrown away.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from services.catalogue.sentences import suggestion
from services.cli import catalogue as catalogues
from services.cli import prelude, replay
from services.cli.catalogue import DIRECTORY, Directory
from services.cli.context import USAGE, Json, fail
from services.cli.report_told import Failure, end, say, told
from services.contracts.catalogue import Catalogue
from services.local.kafka import free_ports
from services.local.postgres import EmbeddedPostgres
from services.local.settings import LocalSettings
from services.replay import month
from services.replay.run import WORKERS, Progress
from services.replay.scenario import Scenario
from services.reporting.documents.making import Order, make
from services.reporting.documents.orders import chain_until
from services.runtime.settings import load
from services.storage import migrate, months
from services.storage.pool import Pool, open_pool

STATEMENT_S = 120.0  # nobody else waits for this database


def replay_(
    scenario: Annotated[Path, typer.Argument(help="a scenario file", metavar="SCENARIO")],
    item: Annotated[str, typer.Option(help="body and channel: eumseong.alimtalk")],
    directory: Directory = DIRECTORY,
    out: Annotated[Path, typer.Option(help="OUT/2022-10/eumseong/ holds the files")] = Path(
        "reports"
    ),
    seed: Annotated[int, typer.Option(help="another seed is another run of chance")] = 1,
    json: Json = False,
) -> None:
    """Play the month of a dated outage in virtual time, seal it as it would have been sealed, and
    make its documents. Takes minutes.

    Example: bongsu report replay scenarios/months/kakao-2022-10-15.yaml --item eumseong.alimtalk
    """
    catalogue = catalogues.read(directory)
    (found,) = replay.read([scenario], catalogue, WORKERS)
    playable = month.in_its_month(found)
    own = _own(catalogue, item)
    with TemporaryDirectory(prefix="bongsu-replay-") as name, replay.progress(playable) as progress:
        folder = Path(name)
        folder.chmod(0o711)  # the server may run as another user
        orders = asyncio.run(_sealed(folder, playable, own, seed, progress))
    done = [told(made, ()) for made in make(orders, out)]
    for each in () if json else done:
        say(each)
    end(done, list[Failure](), json)


def _own(catalogue: Catalogue, item: str) -> Catalogue:
    try:
        return month.of_item(catalogue, item)
    except KeyError:
        there = sorted({one.item for one in catalogue.contracts.values()})
        fail(f"no contract item '{item}'{suggestion(item, there)}", USAGE)


async def _sealed(
    folder: Path, scenario: Scenario, catalogue: Catalogue, seed: int, progress: Progress
) -> list[Order]:
    cache = load(LocalSettings).cache
    learnt = await prelude.learnt(catalogue, seed, cache, lambda line: typer.echo(line, err=True))
    async with _database(folder) as pool:
        await month.seal(pool, scenario, catalogue, learnt, seed, progress)
        async with pool.acquire() as conn:
            revisions = await months.revisions(conn)
            last = revisions[-1]
            text = await months.content(conn, last.body, last.month, last.revision)
    return [Order(text or b"", chain=chain_until(last, revisions))]


@asynccontextmanager
async def _database(folder: Path) -> AsyncIterator[Pool]:
    (port,) = free_ports(1)
    async with EmbeddedPostgres(folder, port, secrets.token_hex()) as server:
        await server.ready()
        await migrate.migrate(server.dsn)
        pool = open_pool(server.dsn, role_label="replay", command_timeout_s=STATEMENT_S)
        async with pool as opened:
            yield opened
