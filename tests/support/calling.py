"""People who are called, by real processes of alerting on a Kafka and a Postgres of their own,
which a test may kill or freeze.

Kim has the watch, Lee is called when nobody has acknowledged for a minute, the system `room` gets
everything, and an Alertmanager that only listens. KakaoTalk is dead: one incident.
"""

import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from services.catalogue import publish
from services.contracts import topics
from services.contracts.catalogue import Catalogue
from services.contracts.model import Name
from services.contracts.oncall import PagingPath, Person, Step
from services.local.kafka import EmbeddedKafka, free_ports
from services.local.postgres import EmbeddedPostgres
from services.runtime.kafka import Address, Producer, create_topics
from services.storage import incidents, migrate
from services.storage.incidents import Incident
from services.storage.pool import Pool, open_pool, transaction
from tests.integration.alerting.running import Process, process, producing, send
from tests.support.chain import let_through
from tests.support.notifying import KEY
from tests.support.outage import kakaotalk_is_dead
from tests.support.taking import Taker, catalogue, taking
from tests.support.waiting import eventually

ESCALATED_AFTER_MIN = 1
NOTICED_S = 60


class Told(NamedTuple):
    """An Alertmanager was told of an incident, and shows it until then if nobody tells it anew."""

    at: datetime
    incident: str
    ends_at: datetime


class Scene(NamedTuple):
    """Instances by name, and whom they tell; `alerts`: all that Alertmanager was told."""

    kafka: EmbeddedKafka
    postgres: EmbeddedPostgres
    producer: Producer
    pool: Pool
    taker: Taker
    alerts: list[Told]
    instances: dict[str, Process]

    async def breaks(self) -> None:
        """KakaoTalk dies."""
        await send(self.producer, kakaotalk_is_dead(datetime.now(UTC)))

    async def row(self) -> Incident:
        """The one incident there is."""
        async with transaction(self.pool) as conn:
            (found,) = await incidents.newest(conn, True, 10)
            return found

    async def timeline(self, kind: str) -> list[str]:
        """Who is said to have done this."""
        name = (await self.row()).id
        async with transaction(self.pool) as conn:
            return [one.actor for one in await incidents.events(conn, name) if one.kind == kind]

    async def say(self, kind: str, text: str) -> None:
        """As `bongsu incidents` does."""
        name = (await self.row()).id
        async with transaction(self.pool) as conn:
            await incidents.ask(conn, name, kind, "park", text)

    async def leader(self) -> str:
        """The name of the instance that leads."""
        async with transaction(self.pool) as conn:
            found: str = await conn.fetchval("SELECT holder FROM leader_epoch")
        return found.partition("/")[0]

    async def told(self, path: str, kind: str) -> bool:
        """Has somebody taken such a page over the path?"""
        return f"page.{kind}" in [page.type for page in self.taker.pages(path)]

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of Postgres stands still; its sockets stay open."""
        pids = _family(self.postgres.pid or 0)
        _signal(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(pids, signal.SIGCONT)


@contextlib.asynccontextmanager
async def calling(folder: Path, *names: str, **told: str) -> AsyncIterator[Scene]:
    """Instances of these names, ready, and nothing is broken yet; `told`: their settings."""
    let_through(folder)
    (folder / "secrets").mkdir()
    (folder / "secrets" / "path-kim.json").write_text(json.dumps({"key": KEY}))
    told = {"SECRETS_DIR": str(folder / "secrets"), **told}
    port, controller, postgres_port = free_ports(3)
    kafka = EmbeddedKafka(folder / "kafka", port, controller)
    postgres = EmbeddedPostgres(folder / "postgres", postgres_port, "p" * 16)
    address = Address({"bootstrap_servers": kafka.bootstrap}, "t", True)
    async with kafka, postgres, contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        await create_topics(address, topics.ALL)
        await migrate.migrate(postgres.dsn)
        taker, (url, alerts) = await enter(taking()), await enter(_listening())
        pool = await enter(open_pool(postgres.dsn, role_label="test"))
        producer = await enter(producing(address))
        held, now = (lambda: publish.read_held(address)), datetime.now(UTC)
        await publish.apply(_world(taker.url, url), producer, held, now, "test")
        instances = {
            name: await enter(process(kafka.bootstrap, "t", postgres.dsn, name, **told))
            for name in names
        }
        for one in instances.values():
            await eventually(one.ready, within=90)
        yield Scene(kafka, postgres, producer, pool, taker, alerts, instances)


def _world(url: str, alertmanager: str) -> Catalogue:
    base = catalogue(url)
    lees = base.paths["kim-a"].model_copy(update={"id": "lee-a", "base_url": f"{url}/lee-a"})
    called = Name(ko="얼러트매니저", en="Alertmanager")
    am = PagingPath(id="am", name=called, notifier="alertmanager", base_url=alertmanager)
    lee = Person(id="lee", name=Name(ko="이", en="Lee"), paths=("lee-a",))
    step = Step(after_min=ESCALATED_AFTER_MIN, people=("lee",))
    rota = base.rotas["oncall"]
    told = {
        "paths": base.paths | {"lee-a": lees, "am": am}, "people": base.people | {"lee": lee},
        "rotas": {
            "oncall": rota.model_copy(update={"escalation": (step,), "systems": ("room", "am")})
        },
        "revision": publish.new_revision(datetime.now(UTC)),
    }  # fmt: skip
    return base.model_copy(update=told)


@contextlib.asynccontextmanager
async def _listening() -> AsyncIterator[tuple[str, list[Told]]]:
    """An Alertmanager that takes everything: where it is, and what it was told."""
    heard: list[Told] = []

    async def take(request: web.Request) -> web.Response:
        now = datetime.now(UTC)
        for alert in await request.json():
            ends_at = datetime.fromisoformat(alert["endsAt"])
            heard.append(Told(now, alert["labels"]["incident"], ends_at))
        return web.Response()

    app = web.Application()
    app.router.add_post("/api/v2/alerts", take)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", heard
    finally:
        await runner.cleanup()


def _family(parent: int) -> list[int]:
    """A process and its children, the parent first: it makes no more then."""
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [parent, *(int(pid) for found in tasks for pid in found.read_text().split())]


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
