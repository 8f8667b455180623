"""All that a month is judged by beside its probes, as it was known before a cutoff.

In:  a body, a span of time, a cutoff. Out: `Objects`, as they were entered. The catalogue in force
tells every version of a contract; earlier ones tell only how routes were probed.
Before: the catalogue is applied, people enter what they know. After: `reporting/known.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from services.contracts.catalogue import Catalogue, Route
from services.storage import planned, queries
from services.storage.planned import Notice, Window
from services.storage.pool import Connection
from services.storage.status import latest_catalogue

_SQL = queries.load("sla.sql")
_BEFORE = timedelta(days=1)  # a notice may tell of what began before it


class Life(NamedTuple):
    """What one catalogue said of a route from then on; `route` None: there is none any more."""

    known_at: datetime
    id: str
    route: Route | None
    late_s: int


class Hit(NamedTuple):
    """An outage of the detector, as it stood before the cutoff."""

    id: str
    component: str
    routes: list[str]
    started_at: datetime
    ended_at: datetime | None
    detected_at: datetime
    acked_at: datetime | None


class Fault(NamedTuple):
    """측정기 장애."""

    component: str
    from_at: datetime
    to_at: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class Objects:
    """Of one body. `lives` by route and time; of planned work and notices every version."""

    catalogue: Catalogue
    lives: list[Life]
    works: list[Window]
    notices: list[Notice]
    incidents: list[Hit]
    faults: list[Fault]


async def objects(
    conn: Connection, body: str, start: datetime, end: datetime, cutoff: datetime
) -> Objects | None:
    """What touches [start, end) and was known before the cutoff; None before the first catalogue
    with a contract of the body. Call in one transaction that sees one state of the database."""
    catalogue = await latest_catalogue(conn, cutoff)
    routes = _routes(catalogue, body) if catalogue else ()
    if catalogue is None or not routes:
        return None
    works = await planned.windows(conn, every=True)
    notices = await planned.notices(conn, every=True, since=start - _BEFORE)
    return Objects(
        catalogue,
        await _lives(conn, routes, start, min(end, cutoff)),
        [each for each in works if each.known_at < cutoff],
        [each for each in notices if each.known_at < cutoff],
        [Hit(*row) for row in await conn.fetch(_SQL["incidents"], routes, start, end, cutoff)],
        [Fault(*row) for row in await conn.fetch(_SQL["faults"], start, end, cutoff)],
    )


def _routes(catalogue: Catalogue, body: str) -> Sequence[str]:
    own = (one for one in catalogue.contracts.values() if one.body == body)
    return sorted({share.route for one in own for share in one.routes})


async def _lives(
    conn: Connection, routes: Sequence[str], start: datetime, end: datetime
) -> list[Life]:
    return [
        Life(
            row["known_at"],
            row["id"],
            Route.model_validate_json(row["route"]) if row["route"] else None,
            row["late_s"] or 0,
        )
        for row in await conn.fetch(_SQL["lives"], routes, start, end)
    ]
