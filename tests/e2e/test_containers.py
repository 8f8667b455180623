"""What `docker-compose.yml` starts is a whole system: its commands run here as they stand there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from signal import SIGTERM

import asyncpg
import pytest
import pytest_asyncio
from ruamel.yaml import YAML

from dashboards import asking, build, queries, truth
from services.local.kafka import EmbeddedKafka, free_ports
from services.local.postgres import EmbeddedPostgres
from services.local.postgres_access import INSTALLATION, wheel_folder
from services.storage import roles
from tests.support import compose
from tests.support.chain import let_through
from tests.support.compose import ROOT
from tests.support.uncontained import Uncontained
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]
SOURCES = ROOT / "deploy/grafana/provisioning/datasources/bongsu.yaml"
TOOLS = wheel_folder() / INSTALLATION / "bin"
PASSWORD = "of-the-new-server"
LASTING = ("mail", "simulators", "alerting", "reporting", "ingest", "probe-1", "probe-2")


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[Uncontained]:
    """In the order of the file; Kafka and Postgres are those of the local stack."""
    let_through(folder)
    whole = Uncontained(compose.read(), folder / "given")
    whole.folder.mkdir()
    await ended(whole, "secrets")
    password = (whole.folder / "postgres/password").read_text("utf-8")
    whole.translate_files()
    kafka = EmbeddedKafka(folder / "kafka", whole.port("kafka", 9092), free_ports(1)[0])
    postgres = EmbeddedPostgres(folder / "postgres", whole.port("postgres", 5432), password)
    async with kafka, postgres:
        for name in ("init", "prelude", "catalogue"):
            await ended(whole, name)
        try:
            whole.start(*LASTING)
            yield whole
        finally:
            for child in whole.children.values():
                child.kill()


async def ended(whole: Uncontained, name: str, *words: str) -> str:
    """What a container that ends by itself said; it must have gone well."""
    done = await asyncio.to_thread(whole.once, name, *words)
    assert done.code == 0, done.err + done.out
    return done.out


def grafana(whole: Uncontained) -> str:
    """The DSN of Grafana's data source."""
    sources = YAML(typ="safe").load(SOURCES)["datasources"]
    (told,) = [source for source in sources if "user" in source]
    host, port = told["url"].split(":")
    file = told["secureJsonData"]["password"].removeprefix("$__file{/run/bongsu/").removesuffix("}")
    password = (whole.folder / file).read_text("utf-8")
    where = f"127.0.0.1:{whole.port(host, int(port))}/{told['jsonData']['database']}"
    return f"postgresql://{told['user']}:{password}@{where}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Uncontained]:
    """The system, in which everything says by its own health check that it is ready."""
    async with started(tmp_path_factory.mktemp("containers")) as system:
        for name in LASTING:
            check = partial(asyncio.to_thread, system.healthy, name)
            await eventually(check, within=60, every=0.5)
        yield system


@pytest.mark.parametrize("route", ["geoje.alimtalk.sens", "moel.email.mail"])
async def test_a_probe_is_seen_on_a_phone_and_in_a_mailbox(whole: Uncontained, route: str) -> None:
    assert "seen" in await ended(whole, "bongsu", "probe", route, "--wait", "60s")


async def test_the_command_line_reads_the_database_and_breaks_the_world(whole: Uncontained) -> None:
    await ended(whole, "bongsu", "break", "platform:kakaotalk", "--for", "1s")
    assert "geoje.alimtalk.sens" in await ended(whole, "bongsu", "status")


async def test_a_board_is_answered(whole: Uncontained) -> None:
    """As the role that Grafana has: what was probed, and every question of the wall."""
    now, wall = datetime.now(UTC), build.rendered()["bongsu-wall"]
    async with truth.postgres(grafana(whole), now) as (_, values):
        assert values["probe"][0]
    async with asking.postgres(grafana(whole)) as conn:
        asked = [query for query in queries.queries(wall) if "postgres" in query.kind]
        rows = [await asking.rows(conn, query, values, now) for query in asked]
        assert len(rows) > 2
        assert ["열린 장애"] in [list(found[0].keys()) for found in rows if len(found) == 1]


async def test_a_backup_restored_as_the_page_says_goes_on_where_it_ended(
    whole: Uncontained, tmp_path: Path
) -> None:
    """`docs/operations.md`, 8: dump while all runs; roles first, then the rows, then alerting."""
    let_through(tmp_path)
    old = (whole.folder / "secrets/dsn-owner").read_text("utf-8").replace("/postgres?", "/bongsu?")
    dump, alerting = tmp_path / "bongsu.dump", whole.children["alerting"]
    await tool("pg_dump", "-Fc", f"--file={dump}", old)
    await alerting.stop(SIGTERM, 15)
    assert alerting.exit_code == 0
    async with EmbeddedPostgres(tmp_path / "new", free_ports(1)[0], PASSWORD) as server:
        new = await restored(server.dsn, dump)
        sink = new.replace("bongsu:", "bongsu_sink:", 1)
        (whole.folder / "secrets/dsn-sink").write_text(sink, "utf-8")
        whole.start("alerting")
        check = partial(asyncio.to_thread, whole.healthy, "alerting")
        await eventually(check, within=60, every=0.5)
        before, after = await probes(old), partial(probes, new)
        await eventually(lambda: covers(after, before), within=60, every=0.5)
        await whole.children["alerting"].stop(SIGTERM, 15)


async def restored(admin: str, dump: Path) -> str:
    """The administrator's DSN of a new database that holds what was dumped."""
    new, by_hand = admin.removesuffix("/postgres") + "/bongsu", dump.with_name("roles.sql")
    by_hand.write_text(roles.print_sql().replace("<password>", PASSWORD), "utf-8")
    await tool("psql", "-c", "CREATE DATABASE bongsu ENCODING 'UTF8'", admin)
    await tool("psql", "-v", "ON_ERROR_STOP=1", "-f", str(by_hand), new)
    await tool("pg_restore", "--exit-on-error", f"--dbname={new}", str(dump))
    return new


async def tool(name: str, *words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        TOOLS / name, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


async def probes(dsn: str) -> set[object]:
    conn = await asyncpg.connect(dsn, timeout=10)
    try:
        return {row["probe_id"] for row in await conn.fetch("SELECT probe_id FROM attempts")}
    finally:
        await conn.close(timeout=10)


async def covers(now: Callable[[], Awaitable[set[object]]], before: set[object]) -> bool:
    """All that the old database knew when its alerting ended, and what came later."""
    found = await now()
    return before < found


async def test_everything_ends_by_sigterm_in_order(whole: Uncontained) -> None:
    lasting = [child for name, child in whole.children.items() if name != "alerting"]
    await asyncio.gather(*(child.stop(SIGTERM, 15) for child in lasting))
    assert {child.name: child.exit_code for child in lasting} == dict.fromkeys(
        (child.name for child in lasting), 0
    )
