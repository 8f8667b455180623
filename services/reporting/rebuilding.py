"""One item's days from raw evidence alone, as known before a cutoff: what rollups are made by.

In:  a body, a month, a cutoff. Out: rows of days, and of the month so far. Read in one transaction
that sees one state of the database.
Before: `storage/lines.py`, `known.py`. After: `rollups.py` keeps the rows and checks them.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256

from services.contracts.report_words import State
from services.contracts.sla import version_on
from services.reporting import known, month, rollup, stored
from services.reporting.calendar import Window, days_of, moment_of, month_window
from services.reporting.canonical import canonical
from services.reporting.context import Context, ItemContext, month_of, window_of
from services.reporting.known import Asked
from services.reporting.laid import Laid, Month, lay
from services.reporting.slots import MINUTE_MS
from services.storage import corrections, lines, sla
from services.storage.pool import Connection
from services.storage.rollups import Day, MonthSoFar

DAY = timedelta(days=1)
_DAY_MIN = 24 * 60
_NEAR = 120  # minutes: an outage that begins so near the first slot that is read began before it
_MARGINS = (1, 4, 16)  # days read before the first that is counted


@dataclass(frozen=True, slots=True)
class Item:
    """One item as of a cutoff, and by what it is counted; `raw`: from events alone, whatever is
    stored as their fold."""

    context: Context
    own: ItemContext
    cutoff: datetime
    raw: bool = False

    @property
    def days(self) -> dict[date, tuple[int, int]]:
        """The days of the month that have begun, with their minutes [start, end)."""
        window = window_of(self.context)
        return {day: (start, end) for day, start, end in days_of(window, self.context.tz)}

    @property
    def routes(self) -> list[str]:
        """All that were ever planned."""
        return sorted({plan.route for plan in self.own.plans})

    @property
    def made_of(self) -> str:
        """Hash of everything but evidence. A plan that goes on has no end."""
        end = max((plan.to for plan in self.own.plans), default="")
        plans = [{**p.model_dump(), "to": p.to if p.to < end else ""} for p in self.own.plans]
        own = self.own.model_dump(mode="json", exclude={"plans", "incidents", "notices"})
        shared = {"monitor_faults", "holidays", "rest", "rule", "versions"}
        told = self.context.model_dump(mode="json", include=shared)
        return sha256(canonical({**told, "own": own, "plans": plans})).hexdigest()


async def items_of(conn: Connection, body: str, month: str, cutoff: datetime) -> list[Item]:
    window = month_window(month, "UTC")
    start = moment_of(window.start) - (_MARGINS[-1] + 1) * DAY
    end = min(moment_of(window.end) + 2 * DAY, cutoff)
    objects = await sla.objects(conn, body, start, end, cutoff)
    if objects is None or start >= end:
        return []
    entered = await corrections.approved(conn, body, month, cutoff)
    counted = tuple((one, ()) for one in entered)
    asked = Asked(body, month, 0, State.OPEN, cutoff, cutoff, cutoff, counted)
    context = known.context(asked, objects, start, end)
    return [Item(context, own, cutoff) for own in context.items] if context else []


async def rebuilt(conn: Connection, item: Item, first: date, last: date) -> list[Day]:
    """These days, from raw evidence alone."""
    start, end = item.days[first][0], item.days[last][1] + _DAY_MIN
    for margin in _MARGINS:
        window = Window(start - margin * _DAY_MIN, end)
        counted = await _read(conn, item, window)
        laid = await asyncio.to_thread(lay, counted)
        if not _cut(laid, window.start):
            break
    found = await asyncio.to_thread(month.days, counted, laid)
    return [
        Day(
            item.context.body.id, item.own.channel, each.day, item.cutoff, item.made_of,
            rollup.write(each.totals), each.evidence_count, each.evidence,
        )
        for each in found
        if first <= each.day <= last
    ]  # fmt: skip


async def _read(conn: Connection, item: Item, window: Window) -> Month:
    start, end = moment_of(window.start), min(moment_of(window.end), item.cutoff)
    slots = lines.Asked(item.routes, start, end, item.cutoff, item.raw)
    read = await stored.read(conn, slots, stored.faults_of(item.context))
    whole = month_of(item.context, item.own, read)
    low, high = (at * MINUTE_MS for at in window)
    plans = (
        replace(plan, start=max(plan.start, low), end=min(plan.end, high))
        for plan in whole.plans
        if plan.start < high and plan.end > low
    )
    return replace(whole, plans=tuple(plans))


def _cut(laid: Laid, start: int) -> bool:
    """Did an outage begin before what was read?"""
    return any(span.start - start < _NEAR for each in laid.judged for span in each.spans)


def so_far(item: Item, days: Iterable[Day]) -> MonthSoFar:
    """The sum of the days."""
    rows = list(days)
    contract = version_on(item.own.contracts, rows[-1].day) or item.own.contracts[-1]
    return MonthSoFar(
        item.context.body.id, item.own.channel, item.context.month, item.cutoff,
        contract.availability_ppm, rollup.merged(row.totals for row in rows),
    )  # fmt: skip
