"""Dispatchers die and receivers fail at the worst moments of telling somebody.

Invariant: whatever the queue named was taken by the receiver in the end, each page under one key,
and of whatever was over it was told so after all else.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.alerting.incidents.lifecycle import next_steps
from services.alerting.incidents.words import Words
from services.alerting.paging import making
from services.storage import incidents
from services.storage.incidents import Incident
from services.storage.pool import Pool, open_pool, transaction
from tests.support.incidents import an_incident
from tests.support.taking import Taker, catalogue, killable, taking
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(900)
LEASE_S = 1.5
STORM, KILLS = 60, 50


@pytest.fixture
async def taker() -> AsyncIterator[Taker]:
    """It takes everything."""
    async with taking() as one:
        yield one


def _opened(name: str) -> Incident:
    return an_incident(id=f"{name}@1", component=name, detected_at=datetime.now(UTC), rival=None)


def _over(row: Incident) -> Incident:
    now = datetime.now(UTC)
    return row._replace(status="closed", ended_at=now, closed_at=now)


async def _lead(pool: Pool, taker: Taker, *rows: Incident) -> None:
    """What the leader's transaction does."""
    async with transaction(pool) as conn:
        for row in rows:
            await incidents.put(conn, row)
        await making.make(conn, rows, catalogue(taker.url))


async def _unsent(pool: Pool) -> int:
    async with transaction(pool) as conn:
        found: int = await conn.fetchval("SELECT count(*) FROM page WHERE accepted_at IS NULL")
        return found


async def _all_sent(pool: Pool) -> bool:
    return await _unsent(pool) == 0


async def _paged(pool: Pool, kind: str) -> set[str]:
    async with transaction(pool) as conn:
        cleared = "=" if kind == "cleared" else "<>"
        found = await conn.fetch(
            "SELECT DISTINCT incident_id FROM page_incident JOIN page ON id = page_id"
            f" WHERE kind {cleared} 'cleared'"
        )
        return {row[0] for row in found}


@pytest.mark.parametrize("answered", [False, True])
async def test_a_dispatcher_killed_while_the_receiver_has_the_page_is_followed_under_the_same_key(
    pool: Pool, database: str, taker: Taker, tmp_path: Path, answered: bool
) -> None:
    """Before the receiver's answer, or after it and before anybody wrote it down."""
    answers = asyncio.Event()
    taker.holds = lambda _: answers.wait()
    async with killable(database, taker.url, tmp_path, 10.0) as one:
        await _lead(pool, taker, _opened("a"))
        if answered:
            await eventually(lambda: len(taker.asked) == 2, within=60)
            async with transaction(pool) as conn:
                await conn.execute("LOCK TABLE page_try IN EXCLUSIVE MODE")
                answers.set()
                await eventually(lambda: len(taker.taken) == 2, within=10)
                await one.kill()
        else:
            await eventually(lambda: len(taker.asked) == 2, within=60)
            await one.kill()
            answers.set()
        assert await _unsent(pool) == 2
        await one.start()
        await eventually(lambda: _all_sent(pool), within=60)
    for path in ("kim-a", "room"):
        asked = [page for name, page in taker.asked if name == path]
        assert len(asked) == 2
        assert {page.data.page for page in asked} == {asked[0].data.page}
        assert {page.data.dedup_key for page in asked} == {"a@1"}


async def test_ten_thousand_routes_that_fail_in_a_second_are_three_pages(
    database: str, taker: Taker, tmp_path: Path
) -> None:
    """Each of them an incident of its own, which is the worst that detection can make of it."""
    storm = {row.id: row for row in (_opened(f"route:r{n:05}") for n in range(10_000))}
    rows = [c.row for c in next_steps({}, storm, {}, Words(None), datetime.now(UTC))]
    async with open_pool(database, role_label="test", command_timeout_s=60) as pool:
        async with transaction(pool) as conn:
            await conn.copy_records_to_table(
                "incident", columns=Incident._fields, records=[(*row[:-1], "{}") for row in rows]
            )
        async with transaction(pool) as conn:
            await making.make(conn, rows, catalogue(taker.url))
        async with killable(database, taker.url, tmp_path, 60.0):
            await eventually(lambda: _all_sent(pool), within=240)
    for path in ("kim-a", "room"):
        kinds = [page.type for page in taker.pages(path)]
        assert sorted(kinds) == ["page.digest", "page.opened", "page.opened"]
        assert taker.incidents(path) == set(storm)


@pytest.mark.long
async def test_a_storm_through_fifty_kills_loses_no_page_and_no_all_clear(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    """Incidents open and end while the dispatcher is killed again and again, in whatever it does;
    every third request is put off, and the receiver is slow."""
    seed = random.randrange(2**32)
    print("seed", seed)  # noqa: T201 - shown when it fails
    chance = random.Random(seed)
    taker.answers = lambda *_: (503 if chance.random() < 0.3 else 200, None)
    known: dict[str, Incident] = {}
    async with killable(database, taker.url, tmp_path, LEASE_S) as one:
        for turn in range(KILLS):
            name = f"i{turn % STORM}"
            known[name] = _opened(name)
            await _lead(pool, taker, known[name])
            if turn % 3 == 2:
                ended = chance.choice([row for row in known.values() if row.status == "open"])
                known[ended.component] = _over(ended)
                await _lead(pool, taker, known[ended.component])
            before = len(taker.asked)
            await _until_asked(taker, before + chance.randrange(3))
            await one.kill()
            await one.start()
        open_ = [row for row in known.values() if row.status == "open"]
        for row in open_:
            known[row.component] = _over(row)
        async with transaction(pool) as conn:
            await conn.execute("UPDATE page SET due_at = least(due_at, now())")
        await _lead(pool, taker, *(known[row.component] for row in open_))
        taker.answers = lambda *_: (200, None)
        await eventually(lambda: _all_sent(pool), within=240)
    every = {row.id for row in known.values()}
    assert await _paged(pool, "opened") == await _paged(pool, "cleared") == every
    for paths in (("kim-a", "kim-b"), ("room",)):
        assert taker.incidents(*paths) == every
        assert taker.incidents(*paths, cleared=True) == every
        last = {one.id: page.type for page in taker.pages(*paths) for one in page.data.incidents}
        assert set(last.values()) == {"page.cleared"}


async def _until_asked(taker: Taker, many: int) -> None:
    """At a moment of its own choosing, or after a while if there is nothing to send."""
    try:
        await eventually(lambda: len(taker.asked) >= many, within=4)
    except AssertionError:
        return
