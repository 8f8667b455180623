"""Pages in Postgres: what the leader makes of incidents, what dispatchers claim, send and record.

In:  pages of `alerting/paging/decide.py`; answers of notifiers. Out: the same, as they stand.
Pages are made in the transaction that writes their incidents. A page that is claimed belongs to one
dispatcher until its lease is over; what was not recorded until then is sent again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.storage import queries
from services.storage.pool import Connection, Row


class Page(NamedTuple):
    """One page to one recipient: `person:<id>`, or `path:<id>` of a system. `incidents`: what it is
    about, each with how often it had come back by then."""

    id: str
    kind: str
    recipient: str
    step: int
    made_at: datetime
    due_at: datetime  # not before
    accepted_at: datetime | None
    incidents: Mapping[str, int]


_SQL = queries.load("pages.sql")


async def clock(conn: Connection) -> datetime:
    """What time it is for everybody."""
    now: datetime = await conn.fetchval(_SQL["clock"])
    return now


async def growing(conn: Connection) -> frozenset[str]:
    """Digests that may take more until this transaction ends."""
    return frozenset(row["id"] for row in await conn.fetch(_SQL["growing"]))


async def known(conn: Connection, incidents: Iterable[str], since: datetime) -> list[Page]:
    """All pages of these incidents, and every opened or digest that is unsent or was accepted since
    then; in the order in which they were made."""
    found = await conn.fetch(_SQL["known"], list(incidents), since)
    return [_page(row) for row in found]


def _page(row: Row) -> Page:
    about = dict(zip(row["incidents"], row["openings"], strict=True))
    fields = {name: row[name] for name in Page._fields if name != "incidents"}
    return Page(**fields, incidents=about)


async def acknowledged(conn: Connection, incidents: Iterable[str]) -> dict[str, datetime]:
    """Until when somebody has each of them; it may be over."""
    found = await conn.fetch(_SQL["acknowledged"], list(incidents))
    return {row["incident_id"]: row["until"] for row in found}


async def make(conn: Connection, pages: Sequence[Page]) -> None:
    """Make pages; one that is there already takes the incidents it does not name yet."""
    fields = zip(*((*page[:6],) for page in pages), strict=True)
    await conn.execute(_SQL["make"], *map(list, fields))
    named = [(page.id, *about) for page in pages for about in page.incidents.items()]
    await conn.execute(_SQL["make_named"], *map(list, zip(*named, strict=True)))
