"""Rows of rollups: totals of an item's days, and of its month so far.

In:  rows as `reporting/rollup.py` writes them. Out: the same, for who counts on, and for boards.
Before: `reporting/rollups.py` makes them. After: `dash.sla_month`, `dash.sla_day`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from services.storage import queries
from services.storage.pool import Connection


class Day(NamedTuple):
    """An item's day: `totals` from all evidence known before `known_until`, by `made_of`."""

    body: str
    channel: str
    day: date
    known_until: datetime
    made_of: str
    totals: str
    evidence_count: int
    evidence: str


class MonthSoFar(NamedTuple):
    """The sum of an item's days. `objective_ppm`: of availability; None: it is not judged."""

    body: str
    channel: str
    month: str
    known_until: datetime
    objective_ppm: int | None
    totals: str


_SQL = {
    name: text.replace("{day}", ", ".join(Day._fields)).replace(
        "{month}", ", ".join(MonthSoFar._fields)
    )
    for name, text in queries.load("rollups.sql").items()
}


async def stored_until(conn: Connection) -> datetime | None:
    """Before which everything is stored; None while nothing ever was."""
    at: datetime | None = await conn.fetchval(_SQL["stored_until"])
    return at


async def days(
    conn: Connection, body: str, channel: str, first: date, last: date
) -> dict[date, Day]:
    """Of one item from `first` to `last`, both included."""
    found = (Day(*row) for row in await conn.fetch(_SQL["days"], body, channel, first, last))
    return {each.day: each for each in found}


async def known_days(conn: Connection) -> list[date]:
    """Of which there are rows."""
    return [row["day"] for row in await conn.fetch(_SQL["known_days"])]


async def of_day(conn: Connection, day: date) -> list[Day]:
    """Of every item."""
    return [Day(*row) for row in await conn.fetch(_SQL["of_day"], day)]


async def months(conn: Connection, month: str) -> list[MonthSoFar]:
    """Of every item."""
    return [MonthSoFar(*row) for row in await conn.fetch(_SQL["months"], month)]


async def put(conn: Connection, days: Sequence[Day], month: MonthSoFar) -> None:
    """Both, in the caller's transaction."""
    await conn.execute(_SQL["put_days"], *zip(*days, strict=True))
    await conn.execute(_SQL["put_month"], *month)
