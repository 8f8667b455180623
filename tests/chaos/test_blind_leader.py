"""Kafka is away from everybody, and then the leader dies: who follows it sees nothing.

Real Kafka, Postgres and processes of alerting. Invariant: what is stored stands until a person or
evidence says otherwise; people are called for it on time, and what they say of it is done.
"""

import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from services.catalogue import publish
from services.contracts import topics
from services.contracts.catalogue import Catalogue
from services.contracts.model import Name
from services.contracts.oncall import Person, Step
from services.local.kafka import EmbeddedKafka, free_ports
from services.local.postgres import EmbeddedPostgres
from services.runtime.kafka import Address, create_topics
from services.storage import incidents, migrate
from services.storage.incidents import Incident
from services.storage.pool import Pool, open_pool, transaction
from tests.integration.alerting.running import Process, process, producing, send
from tests.support.chain import let_through
from tests.support.notifying import KEY
from tests.support.outage import kakaotalk_is_dead
from tests.support.taking import Taker, catalogue, taking
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(400)
ESCALATED_AFTER_MIN, ESCALATED_WITHIN_S = 1, 120


def _world(url: str) -> Catalogue:
    """Lee is called, too, when nobody has acknowledged for a minute."""
    base = catalogue(url)
    path = base.paths["kim-a"].model_copy(update={"id": "lee-a", "base_url": f"{url}/lee-a"})
    lee = Person(id="lee", name=Name(ko="이", en="Lee"), paths=("lee-a",))
    step = Step(after_min=ESCALATED_AFTER_MIN, people=("lee",))
    rota = base.rotas["oncall"].model_copy(update={"escalation": (step,)})
    told = {
        "paths": base.paths | {"lee-a": path}, "people": base.people | {"lee": lee},
        "rotas": {"oncall": rota}, "revision": publish.new_revision(datetime.now(UTC)),
    }  # fmt: skip
    return base.model_copy(update=told)


class Scene(NamedTuple):
    """Two instances, of which one leads."""

    kafka: EmbeddedKafka
    pool: Pool
    taker: Taker
    both: dict[str, Process]

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


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """With one incident, of which Kim was told."""
    let_through(tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "path-kim.json").write_text(json.dumps({"key": KEY}))
    told = {"SECRETS_DIR": str(tmp_path / "secrets"), "PAGE_LEASE_S": "5"}
    port, controller, postgres_port = free_ports(3)
    kafka = EmbeddedKafka(tmp_path / "kafka", port, controller)
    postgres = EmbeddedPostgres(tmp_path / "postgres", postgres_port, "p" * 16)
    address = Address({"bootstrap_servers": kafka.bootstrap}, "t", True)
    async with kafka, postgres, contextlib.AsyncExitStack() as stack:
        await create_topics(address, topics.ALL)
        await migrate.migrate(postgres.dsn)
        taker = await stack.enter_async_context(taking())
        pool = await stack.enter_async_context(open_pool(postgres.dsn, role_label="test"))
        producer = await stack.enter_async_context(producing(address))
        held, now = (lambda: publish.read_held(address)), datetime.now(UTC)
        await publish.apply(_world(taker.url), producer, held, now, "test")
        both = {
            name: await stack.enter_async_context(
                process(kafka.bootstrap, "t", postgres.dsn, name, **told)
            )
            for name in ("one", "two")
        }
        for one in both.values():
            await eventually(one.ready, within=90)
        await send(producer, kakaotalk_is_dead(datetime.now(UTC)))
        made = Scene(kafka, pool, taker, both)
        await eventually(lambda: made.told("kim-a", "opened"), within=60)
        yield made


@pytest.mark.parametrize("anew", [False, True], ids=["stood by", "begun anew"])
async def test_who_follows_without_kafka_calls_people_and_does_what_they_say(
    scene: Scene, anew: bool
) -> None:
    """`anew`: the one that follows has not even seen the catalogue."""
    before, leader = await scene.row(), await scene.leader()
    (other,) = set(scene.both) - {leader}
    scene.kafka.kill()
    await scene.both[leader].kill()
    if anew:
        await scene.both[other].kill()
        await scene.both[other].start()

    await eventually(lambda: scene.told("lee-a", "escalated"), within=ESCALATED_WITHIN_S)
    assert await scene.leader() == other
    assert await scene.row() == before

    await scene.say("note", "somebody is on it")
    await eventually(lambda: scene.timeline("note"), within=10)
    await scene.say("close", "it was a drill")
    for path in ("kim-a", "lee-a", "room"):
        await eventually(lambda path=path: scene.told(path, "cleared"), within=30)  # type: ignore[misc]
    assert await scene.timeline("closed") == ["park"]

    await scene.kafka.start()
    await scene.kafka.ready()
    await eventually(scene.both[other].ready, within=90)
    closed = await scene.row()
    assert (closed.status, closed.reopened) == ("closed", 0)
    assert not await scene.timeline("reopened")
    assert len([page for page in scene.taker.pages("kim-a") if page.type == "page.opened"]) == 1
