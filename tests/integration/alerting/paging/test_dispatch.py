"""Pages on their way: a real Postgres, a receiver that takes them, refuses, waits, hangs."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.alerting.paging import making
from services.storage import incidents, pages, people
from services.storage.incidents import Candidate, Event, Incident
from services.storage.pages import Page
from services.storage.pool import Pool, transaction
from tests.support.incidents import NOW, an_incident
from tests.support.taking import KIM, Taker, catalogue, dispatching, taking
from tests.support.waiting import eventually

FIRST = an_incident(detected_at=datetime.now(UTC), component="route:nobody.uses.it")
WITHIN_S = 20.0


@pytest.fixture
async def taker() -> AsyncIterator[Taker]:
    """It takes everything."""
    async with taking() as one:
        yield one


async def make(pool: Pool, taker: Taker, *rows: Incident) -> None:
    """What the leader does."""
    async with transaction(pool) as conn:
        for row in rows:
            await incidents.put(conn, row)
        await making.make(conn, rows, catalogue(taker.url))


def over(row: Incident) -> Incident:
    """It is closed."""
    now = datetime.now(UTC)
    return row._replace(status="closed", ended_at=now, closed_at=now)


async def rows(pool: Pool, sql: str) -> list[Any]:
    """What stands in a table."""
    async with transaction(pool) as conn:
        return [tuple(row.values()) for row in await conn.fetch(sql)]


async def test_a_page_is_told_once_and_why_over_that_path_is_written_down(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    await make(pool, taker, FIRST)
    async with (
        dispatching(database, taker.url, tmp_path),
        dispatching(database, taker.url, tmp_path),
    ):
        await eventually(lambda: len(taker.taken) == 2, within=WITHIN_S)
        await make(pool, taker, over(FIRST))
        await eventually(lambda: len(taker.taken) == 4, within=WITHIN_S)
    told = [(path, page.type, page.data.dedup_key) for path, page in taker.asked]
    assert sorted(told) == [
        (path, kind, FIRST.id)
        for path in ("kim-a", "room")
        for kind in ("page.cleared", "page.opened")
    ]
    tries = await rows(pool, "SELECT path, reason_en FROM page_try ORDER BY 1")
    assert tries == [(path, "the preferred path") for path, *_ in sorted(told)]


async def test_the_link_is_kim_s_alone_and_an_all_clear_has_none(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    await make(pool, taker, FIRST)
    async with dispatching(database, taker.url, tmp_path):
        await eventually(lambda: len(taker.taken) == 2, within=WITHIN_S)
        await make(pool, taker, over(FIRST))
        await eventually(lambda: len(taker.taken) == 4, within=WITHIN_S)
    linked = [(path, page.type) for path, page in taker.taken if page.data.acknowledge_url]
    assert linked == [("kim-a", "page.opened")]


async def test_a_link_that_needs_an_lms_stays_out_where_none_arrives(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    await make(pool, taker, an_incident(component="carrier:kt/lms", rival=None))
    async with dispatching(database, taker.url, tmp_path):
        await eventually(lambda: len(taker.taken) == 2, within=WITHIN_S)
    assert [page.data.acknowledge_url for page in taker.pages("kim-a")] == [None]


async def test_a_path_that_fails_gives_way_to_another_after_its_time(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    taker.answers = lambda path, _: (503 if path == "kim-a" else 200, None)
    await make(pool, taker, FIRST)
    begun = time.monotonic()
    async with dispatching(database, taker.url, tmp_path, other_path_after_s=2.5):
        await eventually(lambda: taker.pages("kim-b"), within=WITHIN_S)
        assert time.monotonic() - begun >= 2.5
        by = f"SELECT accepted_by FROM page WHERE recipient = '{KIM}'"

        async def accepted() -> bool:
            return await rows(pool, by) == [("kim-b",)]

        await eventually(accepted, within=WITHIN_S)
    (page,) = taker.pages("kim-b")
    asked = [asked for path, asked in taker.asked if path == "kim-a"]
    assert len(asked) >= 2
    assert {one.data.page for one in asked} == {page.data.page}


async def test_a_path_that_says_no_gives_way_at_once(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    taker.answers = lambda path, _: (400 if path == "kim-a" else 200, None)
    await make(pool, taker, FIRST)
    async with dispatching(database, taker.url, tmp_path):
        await eventually(lambda: taker.pages("kim-b"), within=15)
    assert [path for path, _ in taker.asked].count("kim-a") == 1


async def test_who_wants_to_be_left_alone_is_until_then(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    taker.answers = lambda *_: (429, 3)
    await make(pool, taker, FIRST)
    async with dispatching(database, taker.url, tmp_path):
        await eventually(lambda: len(taker.asked) == 2, within=WITHIN_S)
        taker.answers, begun = lambda *_: (200, None), time.monotonic()
        await eventually(lambda: taker.pages("room"), within=WITHIN_S)
    assert time.monotonic() - begun >= 2.0
    assert [path for path, _ in taker.asked].count("room") == 2


async def test_who_hangs_is_asked_again_within_the_lease_under_the_same_key(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    answers = asyncio.Event()
    taker.holds = lambda _: answers.wait()
    await make(pool, taker, FIRST)
    async with dispatching(database, taker.url, tmp_path, lease_s=2.0):
        await eventually(lambda: len(taker.asked) >= 4, within=WITHIN_S)
        answers.set()
        await eventually(lambda: taker.pages("room"), within=WITHIN_S)
    assert len({page.data.page for path, page in taker.asked if path == "room"}) == 1
    assert ("unclear",) in await rows(pool, "SELECT DISTINCT answer FROM page_try")


async def test_who_hangs_keeps_nobody_else_waiting(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    """The room has dozens of all-clears to hear, and never answers."""
    old = [an_incident(id=f"i{n}@1", component=f"i{n}") for n in range(40)]
    async with transaction(pool) as conn:
        for row in old:
            await incidents.put(conn, row)
            one = Page(
                f"{row.id}/cleared/path:room/0",
                "cleared",
                "path:room",
                0,
                NOW,
                NOW,
                None,
                {row.id: 0},
            )
            await pages.make(conn, [one])
    never = asyncio.Event()
    taker.holds = lambda path: never.wait() if path == "room" else None
    async with dispatching(database, taker.url, tmp_path, lease_s=60.0):
        await eventually(lambda: len(taker.asked) >= 2, within=WITHIN_S)
        await make(pool, taker, FIRST)
        await eventually(lambda: taker.pages("kim-a"), within=WITHIN_S)
        assert 2 <= [path for path, _ in taker.asked].count("room") <= 4


async def test_the_last_word_is_that_it_is_over(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    """An all-clear waits for what is still to be told of it."""
    taker.answers = lambda _, page: (503 if page.type == "page.opened" else 200, None)
    await make(pool, taker, FIRST)
    async with dispatching(database, taker.url, tmp_path):
        await eventually(lambda: len(taker.asked) >= 2, within=WITHIN_S)
        async with transaction(pool) as conn:
            closed = Event(NOW, "closed", "kim", "사람이 종료함: 점검", "closed by hand: tests")
            await incidents.append(conn, FIRST.id, [closed])
        await make(pool, taker, over(FIRST))
        await eventually(lambda: len(taker.asked) >= 6, within=WITHIN_S)
        assert taker.taken == []
        taker.answers = lambda *_: (200, None)
        await eventually(lambda: len(taker.taken) == 4, within=30)
    for name in ("kim-a", "room"):
        told = taker.pages(name)
        assert [page.type for page in told] == ["page.opened", "page.cleared"]
        assert "사유: 사람이 종료함: 점검" in told[1].data.text


async def test_a_page_is_given_up_a_day_after_its_incident_was_over(
    pool: Pool, taker: Taker
) -> None:
    await make(pool, taker, FIRST)
    async with transaction(pool) as conn:
        await conn.execute("UPDATE page SET due_at = due_at - interval '3 days'")
        assert await pages.give_up(conn) == []
        long_ago = datetime.now(UTC) - timedelta(hours=25)
        await incidents.put(conn, FIRST._replace(status="closed", closed_at=long_ago))
        assert await pages.give_up(conn) == ["opened", "opened"]


@pytest.mark.parametrize("answered", [False, True])
async def test_a_second_call_is_made_unless_somebody_has_answered_before(
    pool: Pool, database: str, taker: Taker, tmp_path: Path, answered: bool
) -> None:
    await make(pool, taker, FIRST)
    async with transaction(pool) as conn:
        await people.acknowledge(conn, [FIRST.id], "kim", "cli", 90)
        await conn.execute("UPDATE incident_ack SET at = at - '2 h'::interval, expires_at = now()")
    await make(pool, taker, FIRST)
    if answered:
        async with transaction(pool) as conn:
            await people.acknowledge(conn, [FIRST.id], "kim", "cli", 30)
    async with dispatching(database, taker.url, tmp_path):
        await eventually(lambda: _settled(pool), within=WITHIN_S)
    told = {page.type: page.data.text for page in taker.pages("kim-a")}
    assert set(told) == {"page.opened", *(() if answered else ("page.again",))}
    assert answered or "확인한 뒤 120분이 지나도록" in told["page.again"]


async def _settled(pool: Pool) -> bool:
    left = "SELECT FROM page WHERE accepted_at IS NULL AND given_up_at IS NULL"
    return await rows(pool, left) == []


async def test_what_is_broken_is_avoided_and_the_reason_stored(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    await make(pool, taker, an_incident(component="carrier:kt", rival=None))
    async with dispatching(database, taker.url, tmp_path):
        await eventually(lambda: len(taker.taken) == 2, within=WITHIN_S)
    assert {path for path, _ in taker.asked} == {"kim-b", "room"}
    why = "SELECT reason_en, failed_parts FROM page_try WHERE path = 'kim-b'"
    assert await rows(pool, why) == [("kim-a: carrier KT broken", ["carrier:kt"])]


async def test_every_part_of_what_a_broken_one_cannot_be_told_from_is_avoided(
    pool: Pool, database: str, taker: Taker, tmp_path: Path
) -> None:
    """The outage is another's, or that of two carriers at once."""
    row = an_incident(component="provider:sens", rival="carrier:skt/sms")
    named = ("provider:sens", "carrier:skt/sms", "carrier:kt")
    found = [Candidate(name, "dead", 9.0, 5, 5, separated=False) for name in named]
    async with transaction(pool) as conn:
        await incidents.put(conn, row)
        await incidents.replace_candidates(conn, row.id, found)
    await make(pool, taker, row)
    async with dispatching(database, taker.url, tmp_path):
        await eventually(lambda: len(taker.taken) == 2, within=WITHIN_S)
    assert {path for path, _ in taker.asked} == {"kim-b", "room"}


async def test_a_digest_that_grew_after_it_was_read_is_told_again(pool: Pool, taker: Taker) -> None:
    """An answer that comes after the lease counts for other pages, whose words have not changed."""
    storm = [an_incident(id=f"i{n}@1", component=f"i{n}") for n in range(3)]
    await make(pool, taker, *storm)
    async with transaction(pool) as conn:
        await conn.execute("UPDATE page SET due_at = now()")
    accepted: dict[str, bool] = {}
    for _ in range(2):
        async with transaction(pool) as conn:
            found = await pages.claim(conn, "somebody", 0.0, 9)
        async with transaction(pool) as conn:
            accepted |= {one.kind: await pages.accept(conn, one, "x") is not None for one in found}
    assert accepted == {"opened": True, "digest": False}
