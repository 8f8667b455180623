"""Rows of incidents as Postgres keeps them."""

from datetime import timedelta

from services.storage import incidents
from services.storage.pool import Pool, transaction
from tests.support.incidents import FIGURES, NOW, an_incident


async def test_an_incident_is_read_as_it_was_written(pool: Pool) -> None:
    counted, uncounted = (
        an_incident(figures=FIGURES),
        an_incident(id="account:sens@1", component="account:sens"),
    )
    async with transaction(pool) as conn:
        for one in (counted, uncounted):
            await incidents.put(conn, one)
        assert await incidents.by_id(conn, counted.id) == counted
        assert await incidents.by_id(conn, uncounted.id) == uncounted


async def test_a_list_has_open_ones_the_worst_first_then_what_ended_by_time(pool: Pool) -> None:
    def over(name: str, days: int, severity: int) -> incidents.Incident:
        at = NOW - timedelta(days=days)
        return an_incident(
            id=name, status="closed", severity=severity, detected_at=at, closed_at=at
        )

    mild, bad = an_incident(id="mild", component="a:b", severity=4), an_incident(id="bad")
    async with transaction(pool) as conn:
        for one in (over("old", 300, 1), mild, over("new", 1, 4), bad):
            await incidents.put(conn, one)
        assert [one.id for one in await incidents.newest(conn, True, 3)] == ["bad", "mild", "new"]
        assert [one.id for one in await incidents.newest(conn, False, 9)] == ["bad", "mild"]


async def test_the_incidents_of_a_page_are_read_as_they_were_written(pool: Pool) -> None:
    async with transaction(pool) as conn:
        await incidents.put(conn, one := an_incident(figures=FIGURES))
        await conn.execute(
            "INSERT INTO page (id, kind, recipient, due_at) VALUES ('p', 'opened', 'person:k', $1)",
            NOW,
        )
        await conn.execute("INSERT INTO page_incident VALUES ('p', $1)", one.id)
        assert await incidents.of_page(conn, "p") == [one]
