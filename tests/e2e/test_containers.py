"""What `docker-compose.yml` starts is a whole system: its commands run here as they stand there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGTERM

import pytest
from ruamel.yaml import YAML

from dashboards import asking, build, queries, truth
from services.local.kafka import EmbeddedKafka, free_ports
from services.local.postgres import EmbeddedPostgres
from tests.support import compose
from tests.support.chain import let_through
from tests.support.compose import ROOT
from tests.support.uncontained import Uncontained
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(240)
SOURCES = ROOT / "deploy/grafana/provisioning/datasources/bongsu.yaml"
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
        await ended(whole, "init")
        await ended(whole, "catalogue")
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


async def test_the_commands_of_all_containers_make_a_whole_system(tmp_path: Path) -> None:
    async with started(tmp_path) as whole:
        for name in LASTING:
            await eventually(lambda name=name: asyncio.to_thread(whole.healthy, name), within=60)
        for route in ("geoje.alimtalk.sens", "moel.email.mail"):
            assert "seen" in await ended(whole, "bongsu", "probe", route, "--wait", "60s")
        await a_board_is_answered(whole)
        await ended(whole, "bongsu", "break", "platform:kakaotalk", "--for", "1s")
        assert "geoje.alimtalk.sens" in await ended(whole, "bongsu", "status")
        for child in whole.children.values():
            await child.stop(SIGTERM, 15)
        assert {name: child.exit_code for name, child in whole.children.items()} == dict.fromkeys(
            LASTING, 0
        )


async def a_board_is_answered(whole: Uncontained) -> None:
    """As the role that Grafana has: what was probed, and every question of the wall."""
    now, wall = datetime.now(UTC), build.rendered()["bongsu-wall"]
    async with truth.postgres(grafana(whole), now) as (_, values):
        assert values["probe"][0]
    async with asking.postgres(grafana(whole)) as conn:
        asked = [query for query in queries.queries(wall) if "postgres" in query.kind]
        rows = [await asking.rows(conn, query, values, now) for query in asked]
        assert len(rows) > 2
        assert ["열린 장애"] in [list(found[0].keys()) for found in rows if len(found) == 1]
