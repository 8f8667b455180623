"""Pages made in a transaction on a real Postgres, by the shipped rota and what people entered."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.alerting.paging import making
from services.catalogue.load import load
from services.storage import incidents, oncall, pages, people, planned
from services.storage.incidents import Event
from services.storage.planned import Window
from services.storage.pool import Pool, transaction
from tests.support.incidents import an_incident

SHIPPED = load(Path(__file__).parents[4] / "catalogue").catalogue(UUID(int=1))
SYSTEMS = {"path:alertmanager", "path:control-room"}
HOUR = timedelta(hours=1)
FIRST = an_incident()


async def _make(pool: Pool, *rows: Any) -> None:
    async with transaction(pool) as conn:
        for row in rows:
            await incidents.put(conn, row)
            if row.status == "closed":
                await incidents.append(
                    conn, row.id, [Event(datetime.now(UTC), "closed", "bongsu", "끝", "over")]
                )
        await making.make(conn, rows, SHIPPED)


async def _kinds(pool: Pool, incident: str = FIRST.id) -> list[tuple[str, str]]:
    async with transaction(pool) as conn:
        known = await pages.known(conn, [incident], datetime.now(UTC))
        return sorted((page.recipient, page.kind) for page in known)


@pytest.fixture
async def kim(pool: Pool) -> str:
    """On duty for this hour, whatever the rota says."""
    now = datetime.now(UTC)
    async with transaction(pool) as conn:
        await oncall.put_override(conn, "oncall-2", now - HOUR, now + HOUR, "swap", "oncall-1")
    return "person:oncall-2"


def _over(row: Any) -> Any:
    return row._replace(status="closed", ended_at=row.detected_at, closed_at=row.detected_at)


async def test_whoever_is_on_duty_and_every_system_get_one_page_of_each_opening(
    pool: Pool, kim: str
) -> None:
    for _ in range(2):
        await _make(pool, FIRST)
    opened = [(recipient, "opened") for recipient in sorted({kim, *SYSTEMS})]
    assert await _kinds(pool) == opened
    for _ in range(2):
        await _make(pool, _over(FIRST))
    cleared = [(recipient, "cleared") for recipient, _ in opened]
    assert await _kinds(pool) == sorted(opened + cleared)
    await _make(pool, FIRST._replace(reopened=1))
    assert await _kinds(pool) == sorted(opened * 2 + cleared)


async def test_an_acknowledgement_that_ran_out_pages_again_unless_a_note_followed(
    pool: Pool, kim: str
) -> None:
    await _make(pool, FIRST)
    async with transaction(pool) as conn:
        await people.acknowledge(conn, [FIRST.id], "oncall-2", "link", -1)
    await _make(pool, FIRST)
    assert (kim, "again") in await _kinds(pool)


async def test_an_acknowledgement_of_an_earlier_opening_is_none(pool: Pool, kim: str) -> None:
    await _make(pool, FIRST)
    async with transaction(pool) as conn:
        await people.acknowledge(conn, [FIRST.id], "oncall-2", "link", 30)
        assert set(await pages.acknowledged(conn, [FIRST.id])) == {FIRST.id}
    await _make(pool, _over(FIRST))
    async with transaction(pool) as conn:
        assert await pages.acknowledged(conn, [FIRST.id]) == {}


async def test_a_note_renews_an_acknowledgement(pool: Pool) -> None:
    await _make(pool, FIRST)
    async with transaction(pool) as conn:
        await people.acknowledge(conn, [FIRST.id], "oncall-2", "link", 30)
        before = await pages.acknowledged(conn, [FIRST.id])
    async with transaction(pool) as conn:
        note = Event(datetime.now(UTC), "note", "oncall-2", "보는 중", "on it")
        await incidents.append(conn, FIRST.id, [note])
        after = await pages.acknowledged(conn, [FIRST.id])
    assert after[FIRST.id] > before[FIRST.id]


async def test_planned_work_keeps_everybody_asleep_and_says_so_once(pool: Pool) -> None:
    now = datetime.now(UTC)
    work = Window(
        "w1", FIRST.component, now - HOUR, now + HOUR, None, "점검", None, None, "oncall-1"
    )
    async with transaction(pool) as conn:
        await planned.put_window(conn, work)
    for _ in range(2):
        await _make(pool, FIRST)
    assert await _kinds(pool) == []
    async with transaction(pool) as conn:
        assert [event.kind for event in await incidents.events(conn, FIRST.id)] == ["muted"]


async def test_a_digest_grows_until_somebody_sends_it(pool: Pool, kim: str) -> None:
    storm = [an_incident(id=f"i{n}@1", component=f"i{n}") for n in range(5)]
    await _make(pool, *storm[:4])
    await _make(pool, storm[4])
    async with transaction(pool) as conn:
        known = await pages.known(conn, ["i2@1"], datetime.now(UTC))
    digest = next(page for page in known if page.recipient == kim and page.kind == "digest")
    assert set(digest.incidents) == {"i2@1", "i3@1", "i4@1"}
