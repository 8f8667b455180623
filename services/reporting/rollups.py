"""Keeping rollups: each hour the days that changed are counted anew, and their month with them.

In:  what is stored, now. Out: rows of days and months. From the first day that late evidence, a
contract, a fault or planned work touches everything is counted anew up to the newest, because
outages reach across days. What nothing touched stays.
Before: storing has come so far. After: boards; `check` looks whether a day is what its raw evidence
says.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import structlog

from services.contracts.ids import time_of
from services.contracts.report import Change
from services.reporting.calendar import minute_of, moment_of
from services.reporting.difference import differences
from services.reporting.due import month_of as month_name
from services.reporting.rebuilding import DAY, Item, items_of, rebuilt, so_far
from services.storage import errors, lines, people, rollups
from services.storage.pool import Connection, part, snapshot
from services.storage.rollups import Day, MonthSoFar
from services.storage.status import latest_catalogue

_SETTLED = timedelta(hours=1)  # after its end nothing but evidence changes a day any more
_log = structlog.get_logger()


async def keep(conn: Connection, now: datetime) -> None:
    """Rows of this month and the one before, of every item, as of now or of how far storing has
    come. A body that fails keeps its old rows and no other from new ones. `conn` outside of a
    transaction. Raises what leaves it in doubt."""
    until = await rollups.stored_until(conn)
    if until is None:
        return
    cutoff = min(now, until).replace(second=0, microsecond=0)
    for body, tz in await _bodies(conn):
        this = month_name(cutoff, tz)
        for month in (_before(this), this):
            try:
                await _keep(conn, body, month, cutoff)
            except Exception as error:
                _log.exception("totals were not kept", body=body, month=month)
                if errors.distrusted(error) or conn.is_closed():
                    raise


async def check(conn: Connection, seed: int) -> list[Change]:
    """What is stored of one day, drawn by `seed`, against its raw evidence, of every item; and each
    month so far against its days. What differs is in the log too."""
    days = await rollups.known_days(conn)
    if not days:
        return []
    day = Random(seed).choice(days)
    whole = {row[:2]: row for row in await rollups.months(conn, f"{day:%Y-%m}")}
    rows = await rollups.of_day(conn, day)
    found = [one for row in rows for one in await _differences(conn, row, whole.get(row[:2]))]
    for change in found:
        _log.error("a rollup is not what its evidence says", **change.model_dump())
    return found


def _before(month: str) -> str:
    return (date.fromisoformat(f"{month}-01") - DAY).strftime("%Y-%m")


async def _bodies(conn: Connection) -> list[tuple[str, str]]:
    catalogue = await latest_catalogue(conn)
    contracts = catalogue.contracts.values() if catalogue else ()
    return sorted({each.body: each.tz for each in contracts}.items())


async def _keep(conn: Connection, body: str, month: str, cutoff: datetime) -> None:
    async with snapshot(conn):
        items = await items_of(conn, body, month, cutoff)
        rows = [await _counted(conn, item) for item in items]
    async with part(conn):
        await people.may_write(conn)
        for item, days in zip(items, rows, strict=True):
            if days:
                await rollups.put(conn, days, so_far(item, days))


async def _counted(conn: Connection, item: Item) -> list[Day]:
    """All days of the month so far: those that nothing touched as they are stored."""
    days = list(item.days)
    if not days:
        return []
    there = await rollups.days(conn, item.context.body.id, item.own.channel, days[0], days[-1])
    first = await _first_touched(conn, item, there)
    if first is None:
        return [row._replace(known_until=item.cutoff) for row in there.values()]
    # What is bridged on a day depends on the slots after it.
    first = max(days[0], first - DAY)
    kept = [row._replace(known_until=item.cutoff) for day, row in there.items() if day < first]
    return [*kept, *await rebuilt(conn, item, first, days[-1])]


async def _first_touched(conn: Connection, item: Item, there: dict[date, Day]) -> date | None:
    """The first day that is not stored as it is now."""
    days, made_of = item.days, item.made_of
    since = min((row.known_until for row in there.values()), default=item.cutoff)
    start, end = (moment_of(days[day][place]) for day, place in ((min(days), 0), (max(days), 1)))
    # Outages reach across the month's border as across those of days.
    asked = lines.Asked(item.routes, start - DAY, end, since)
    touched = {minute_of(time_of(probe)) for probe in await lines.touched(conn, asked)}
    for day, (_, last) in days.items():
        row = there.get(day)
        settled = row is not None and row.known_until >= moment_of(last) + _SETTLED
        if row is None or not settled or row.made_of != made_of:
            return day
        if any(minute < last for minute in touched):
            return day
    return None


async def _differences(conn: Connection, row: Day, whole: MonthSoFar | None) -> list[Change]:
    """Of one stored day, and of its month, from what both are as of when they were made."""
    month, path = row.day.strftime("%Y-%m"), f"{row.body}/{row.channel}/{row.day}"
    async with snapshot(conn):
        items = await items_of(conn, row.body, month, row.known_until)
        own = next((item for item in items if item.own.channel == row.channel), None)
        if own is None:
            return [Change(path=path, old=row.evidence, new=None)]
        [again] = await rebuilt(conn, replace(own, raw=True), row.day, row.day)
        days = await rollups.days(conn, *row[:2], min(own.days), max(own.days))
    pairs = [(row._asdict(), again._asdict())]
    if whole is not None:
        pairs.append((whole._asdict(), so_far(own, days.values())._asdict()))
    return [each for old, new in pairs for each in differences(_plain(old), _plain(new), path)]


def _plain(row: dict[str, object]) -> dict[str, object]:
    return {name: str(value) for name, value in row.items()}
