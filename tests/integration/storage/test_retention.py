"""Pages go once they and their incidents are over for longer than they are kept; no others do."""

from datetime import UTC, datetime, timedelta

import pytest

from services.storage import incidents, pages, proofs
from services.storage.pool import Connection, Pool, transaction
from tests.support.incidents import an_incident
from tests.support.paged import page_of

KEPT, DAY = 40, timedelta(days=1)
LONG_AGO = datetime.now(UTC) - (KEPT + 1) * DAY
LATELY = datetime.now(UTC) - (KEPT - 1) * DAY
OF_A_PAGE = ("page", "page_incident", "page_try", "page_token")


async def an_old_page(
    conn: Connection, number: int = 1, settled: str | None = "accepted_at", closed: bool = True,
    closed_at: datetime = LONG_AGO, settled_at: datetime = LONG_AGO,
) -> str:  # fmt: skip
    """A page with a call and a link, and its incident; its id."""
    row = an_incident(
        id=f"incident-{number}", component=f"account:{number}",
        status="closed" if closed else "open", closed_at=closed_at if closed else None,
    )  # fmt: skip
    page, _ = await page_of(conn, row)
    await pages.begin(conn, page, "p", "까닭", "why", [])
    if settled:
        await conn.execute(f"UPDATE page SET {settled} = $2 WHERE id = $1", page, settled_at)
    return page


async def left(conn: Connection) -> set[int]:
    """How many rows the tables of pages hold, each: one number, or they differ."""
    return {await conn.fetchval(f"SELECT count(*) FROM {table}") for table in OF_A_PAGE}


@pytest.mark.parametrize("settled", ["accepted_at", "given_up_at"])
async def test_a_settled_page_of_long_ago_goes_with_its_calls_and_links_and_its_incident_stays(
    conn: Connection, settled: str
) -> None:
    await an_old_page(conn, settled=settled)
    assert await pages.forget(conn, KEPT, 10) == 1
    assert await left(conn) == {0}
    assert await incidents.by_id(conn, "incident-1") is not None


@pytest.mark.parametrize(
    "but",
    [
        {"settled": None},
        {"settled_at": LATELY},
        {"closed": False},
        {"closed_at": LATELY},
    ],
)
async def test_a_page_stays_until_it_and_its_incident_are_over_for_long(
    conn: Connection, but: dict[str, object]
) -> None:
    await an_old_page(conn, **but)  # type: ignore[arg-type]
    assert await pages.forget(conn, KEPT, 10) == 0
    assert await left(conn) == {1}


async def test_a_digest_stays_for_the_one_of_its_incidents_that_is_open(conn: Connection) -> None:
    page = await an_old_page(conn)
    await incidents.put(conn, an_incident(id="open"))
    await conn.execute("INSERT INTO page_incident VALUES ($1, 'open')", page)
    assert await pages.forget(conn, KEPT, 10) == 0


async def test_no_retention_takes_what_is_younger_than_32_days(conn: Connection) -> None:
    at = datetime.now(UTC) - 31 * DAY
    await an_old_page(conn, settled_at=at, closed_at=at)
    assert await pages.forget(conn, 0, 10) == 0


async def test_two_that_forget_at_once_take_a_bounded_number_each_and_none_twice(
    pool: Pool,
) -> None:
    async with transaction(pool) as conn:
        for number in range(7):
            await an_old_page(conn, number)
    async with transaction(pool) as one, transaction(pool) as other:
        assert await pages.forget(one, KEPT, 3) == 3
        assert await pages.forget(other, KEPT, 3) == 3
    async with transaction(pool) as conn:
        assert await left(conn) == {1}
        assert await pages.forget(conn, KEPT, 3) == 1


async def test_the_proof_of_a_path_that_nobody_asks_any_more_goes(conn: Connection) -> None:
    await proofs.claim(conn, ["gone", "asked"], DAY)
    await conn.execute("UPDATE path_proof SET asked_at = $1 WHERE path = 'gone'", LONG_AGO)
    await pages.forget(conn, KEPT, 10)
    assert [proof.path for proof in await proofs.listed(conn)] == ["asked"]
