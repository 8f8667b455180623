"""What is open is told anew, whoever stops: Postgres, this instance, or the incident itself."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from services.alerting.paging import making
from services.alerting.paging.links import Addresses
from services.alerting.paging.message import Answer, Message, Result, Target
from services.alerting.paging.standing import ONE_BY_ONE, Standing
from services.contracts.catalogue import Catalogue
from services.contracts.model import Name
from services.contracts.oncall import PagingPath
from services.runtime.ops import Health
from services.runtime.secrets import SecretFolder
from services.storage import incidents, planned
from services.storage.incidents import Incident
from services.storage.planned import Window
from services.storage.pool import Pool, open_pool, transaction
from tests.integration.alerting.proxy import CuttingProxy
from tests.support.incidents import an_incident
from tests.support.taking import catalogue
from tests.support.waiting import eventually

FIRST = an_incident()


def _world() -> Catalogue:
    base = catalogue("http://nobody.test")
    called = Name(ko="얼러트매니저", en="Alertmanager")
    path = PagingPath(
        id="am", name=called, notifier="alertmanager", base_url="http://alertmanager.test"
    )
    rota = base.rotas["oncall"].model_copy(update={"systems": ("am",)})
    told = {"paths": base.paths | {"am": path}, "rotas": {"oncall": rota}}
    return base.model_copy(update=told)


WORLD = _world()


class Heard(list[tuple[str, str]]):
    """An Alertmanager that only listens: (incident, status) of what it was told."""

    async def send(self, message: Message, target: Target, deadline_s: float) -> Answer:
        """It takes everything."""
        assert target.path == "am"
        self += [(row.id, row.status) for row in message.incidents]
        return Answer(Result.ACCEPTED)

    def anew(self) -> list[tuple[str, str]]:
        """What was heard since the last look."""
        found = sorted(self)
        self.clear()
        return found


class Told(NamedTuple):
    """A loop that tells, and who hears."""

    standing: Standing
    heard: Heard

    async def turn(self) -> list[tuple[str, str]]:
        """What one turn tells."""
        await self.standing.turn(WORLD)
        return self.heard.anew()


def _telling(pool: Pool) -> Told:
    heard = Heard()
    parts = (pool, 60.0, Addresses(), lambda: WORLD, SecretFolder(Path("/nonexistent")), heard)
    return Told(Standing(*parts, Health()), heard)


@pytest.fixture
async def told(pool: Pool) -> Told:
    """One instance."""
    return _telling(pool)


async def _lead(pool: Pool, *rows: Incident) -> None:
    async with transaction(pool) as conn:
        for row in rows:
            await incidents.put(conn, row)
        await making.make(conn, rows, WORLD)


def _over(row: Incident) -> Incident:
    now = datetime.now(UTC)
    return row._replace(status="closed", ended_at=now, closed_at=now)


async def test_what_is_open_is_told_anew_and_its_end_once_more(pool: Pool, told: Told) -> None:
    """An end that was told by a dispatcher between our look and our call would else be undone."""
    assert await told.turn() == []
    await _lead(pool, FIRST)
    assert await told.turn() == await told.turn() == [(FIRST.id, "open")]
    await _lead(pool, _over(FIRST))
    assert await told.turn() == [(FIRST.id, "closed")]
    assert await told.turn() == []


async def test_what_opens_within_the_minute_is_told_and_known_at_once(
    pool: Pool, told: Told
) -> None:
    """Postgres may be gone before the minute is over."""
    stopping = asyncio.Event()
    running = asyncio.create_task(told.standing.run(stopping))
    for row in (FIRST, an_incident(id="provider:sens@2", component="provider:sens")):
        await _lead(pool, row)
        await eventually(lambda row=row: (row.id, "open") in told.heard, within=10)  # type: ignore[misc]
    stopping.set()
    await running


async def test_what_comes_back_under_planned_work_is_not_told(pool: Pool, told: Told) -> None:
    await _lead(pool, FIRST)
    await told.turn()
    await _lead(pool, _over(FIRST))
    await told.turn()
    start, end = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))
    work = Window("w", FIRST.component, start, end, None, "정기 점검", None, None, "kim")
    async with transaction(pool) as conn:
        await planned.put_window(conn, work)
    await _lead(pool, FIRST._replace(reopened=1))
    assert await told.turn() == []


async def test_what_no_template_can_word_is_told_in_plain_words(pool: Pool, told: Told) -> None:
    """Else this loop would end, and with it every page of this instance."""
    await _lead(pool, FIRST._replace(hypothesis="nobody-knows"))
    assert await told.turn() == [(FIRST.id, "open")]


async def test_another_instance_tells_what_this_one_told(pool: Pool, told: Told) -> None:
    await _lead(pool, FIRST)
    assert await told.turn() == await _telling(pool).turn() == [(FIRST.id, "open")]


async def test_nothing_ends_because_postgres_is_away(pool: Pool, database: str) -> None:
    await _lead(pool, FIRST)
    server = database.rpartition("@")[2].partition("/")[0]
    async with CuttingProxy(database) as proxy:
        through = database.replace(server, f"127.0.0.1:{proxy.port}")
        async with open_pool(through, role_label="test", command_timeout_s=3) as cut:
            told = _telling(cut)
            assert await told.turn() == [(FIRST.id, "open")]
            proxy.away = True
            proxy.cut_all()
            await _lead(pool, _over(FIRST))
            assert await told.turn() == await told.turn() == [(FIRST.id, "open")]
            proxy.away = False
            assert await told.turn() == [(FIRST.id, "closed")]


async def test_what_is_too_much_to_tell_one_by_one_is_told_together(pool: Pool, told: Told) -> None:
    storm = [an_incident(id=f"i{n:02}@1", component=f"i{n}") for n in range(ONE_BY_ONE + 5)]
    await _lead(pool, *storm)
    assert await told.turn() == [(row.id, "open") for row in storm]
