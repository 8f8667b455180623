"""Planned work (maintenance), and what providers said of their own outages (notices).

In:  what a person enters. Out: rows with a version and the time from which it was known; the newest
version of an id holds. Read by `alerting/paging/planned.py` and `alerting/incidents/notices.py`.
"""

from datetime import UTC, datetime
from typing import Literal, NamedTuple

from services.storage import queries
from services.storage.pool import Connection

EVER = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_REASON = 500  # characters
Says = Literal["down", "recovering", "recovered", "withdrawn"]


class Window(NamedTuple):
    """Planned work on a component. Without times it was taken back. `recurs`: the weekly rule of
    `alerting/paging/planned.py`; `announced_at`, `proof`: when and where it was announced."""

    id: str
    component: str
    starts_at: datetime | None
    ends_at: datetime | None
    recurs: str | None
    reason: str
    announced_at: datetime | None
    proof: str | None
    actor: str
    version: int = 0
    known_at: datetime = EVER


class Notice(NamedTuple):
    """What a provider said of a component, and where."""

    id: str
    provider: str
    component: str
    says: Says
    said_at: datetime
    proof: str | None
    text: str | None
    actor: str
    version: int = 0
    known_at: datetime = EVER


_GIVEN = -2  # version and known time are the database's
_SQL = {
    name: text.format(window=", ".join(Window._fields), notice=", ".join(Notice._fields))
    for name, text in queries.load("planned.sql").items()
}


def notice_id(provider: str, component: str, said_at: datetime) -> str:
    """A notice is named after who said it, of what and when: entered again, it is a version."""
    return f"{provider}/{component}@{int(said_at.timestamp())}"


async def put_window(conn: Connection, window: Window) -> int:
    """Its new version; number and known time are given here."""
    version: int = await conn.fetchval(_SQL["put_window"], *window[:_GIVEN])
    return version


async def windows(conn: Connection, every: bool = False) -> list[Window]:
    """The newest version of each, those taken back too; `every` version."""
    return [Window(*row) for row in await conn.fetch(_SQL["windows"], every)]


async def put_notice(conn: Connection, notice: Notice) -> int:
    """Its new version; number and known time are given here."""
    version: int = await conn.fetchval(_SQL["put_notice"], *notice[:_GIVEN])
    return version


async def notices(conn: Connection, every: bool = False, since: datetime = EVER) -> list[Notice]:
    """The newest version of each said since then, those withdrawn too; `every` version."""
    return [Notice(*row) for row in await conn.fetch(_SQL["notices"], every, since)]
