"""Rows of incidents as Postgres keeps them."""

from services.storage import incidents
from services.storage.pool import Pool, transaction
from tests.support.incidents import FIGURES, an_incident


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
