"""Months to count: every slot good unless said. Times are Seoul's, `11-08 02:00`, half-open."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from services.contracts.sla import Contract
from services.contracts.vocabulary import Outcome
from services.reporting.calendar import Window, days_of, minute_of, month_window, public_holidays
from services.reporting.exclusions import Announcement, Maintenance
from services.reporting.laid import Month
from services.reporting.lines import LADDER, Line
from services.reporting.slots import MINUTE_MS, Plan
from services.reporting.sums import Sums

SEOUL = "Asia/Seoul"
WEEKDAYS = ({"days": ("mon", "tue", "wed", "thu", "fri"), "start": "09:00", "end": "18:00"},)
M = 1_000_000  # micro-minutes


class Was(NamedTuple):
    """What became of the slots in [start, end), of one route or receiver only if named; None: never
    sent. `changes`: what else their lines say."""

    start: str
    end: str
    outcome: Outcome | None = Outcome.UNDELIVERED
    route: str | None = None
    receiver: str | None = None
    changes: dict[str, Any] = {}  # noqa: RUF012


def minute(text: str, year: int = 2026) -> int:
    """The minute of `11-08 02:00`."""
    return minute_of(datetime.fromisoformat(f"{year}-{text}").replace(tzinfo=ZoneInfo(SEOUL)))


def ms(text: str, year: int = 2026) -> int:
    """The moment of `11-08 02:00`."""
    return minute(text, year) * MINUTE_MS


def a_contract(routes: Sequence[str] = ("r1",), **changes: Any) -> Contract:
    """Grade 1, always in service, one version for ever."""
    data = {"body": "geoje", "channel": "alimtalk", "counterparty": "nhn", "grade": 1}
    shares = [{"route": route} for route in routes]
    return Contract.model_validate(
        {"id": "geoje.alimtalk.v1", "valid_from": "1980-01-01", **data, "routes": shares, **changes}
    )


def a_month(
    month: str,
    *was: Was,
    contract: Contract | None = None,
    versions: Sequence[Contract] = (),
    interval_s: int = 60,
    receivers: Sequence[str] = ("p1",),
    **changes: Any,
) -> Month:
    """That month with a day before and after it; later words on a slot win."""
    versions = versions or (contract or a_contract(),)
    window = month_window(month, versions[-1].tz)
    around = Window(window.start - 24 * 60, window.end + 24 * 60)
    routes = dict.fromkeys(each.route for one in versions for each in one.routes)
    plans = tuple(_plan(route, around, receivers, interval_s) for route in routes)
    cutoff = (window.end + 72 * 60) * MINUTE_MS
    lines = [line for plan in plans for line in _lines(plan, cutoff, was, int(month[:4]))]
    years = {day.year for day, *_ in days_of(around, SEOUL)}
    closed: frozenset[date] = frozenset(public_holidays("KR", years))
    return replace(Month(window, cutoff, tuple(versions), plans, lines, closed=closed), **changes)


def _plan(route: str, around: Window, receivers: Sequence[str], interval_s: int) -> Plan:
    start, end = (at * MINUTE_MS for at in around)
    return Plan(route, start, end, tuple(receivers), 120, interval_s)


def _lines(plan: Plan, cutoff: int, was: Sequence[Was], year: int) -> list[Line]:
    stretches = [(minute(w.start, year), minute(w.end, year), w) for w in was]
    found = []
    for line in _all_good(plan, cutoff):
        here = line.slot // MINUTE_MS
        own = [
            w for start, end, w in stretches
            if start <= here < end and w.route in (None, line.route)
            and w.receiver in (None, line.receiver)
        ]  # fmt: skip
        if not own:
            found.append(line)
        elif (outcome := own[-1].outcome) is not None:
            other = a_line(line.route, line.receiver, line.slot, outcome)
            found.append(replace(other, **own[-1].changes))
    return found


@cache
def _all_good(plan: Plan, cutoff: int) -> list[Line]:
    slots = zip(*(column.tolist() for column in plan.slots(cutoff)), strict=True)
    return [a_line(plan.route, plan.receivers[turn], at, Outcome.DELIVERED) for at, turn in slots]


def a_line(route: str, receiver: str, slot: int, outcome: Outcome) -> Line:
    """Sent at once; where it was seen, after two seconds."""
    seen = slot + 2_000 if outcome in (Outcome.DELIVERED, Outcome.LATE) else None
    substitute = slot + 60_000 if outcome is Outcome.FAILOVER else None
    return Line(
        probe_id=str(UUID(int=(slot << 80) + hash_of(route))), route=route, receiver=receiver,
        slot=slot, sent=slot, answered=slot + 200, reported=slot + 3_000,
        provider_says="delivered" if seen else "failed", seen_min=seen, seen_max=seen, opened=None,
        substitute=substitute, outcome=outcome, reason="", copies=int(seen is not None),
        flags=(LADDER,),
    )  # fmt: skip


def hash_of(name: str) -> int:
    """A small number for a name."""
    return int.from_bytes(name.encode()[-8:], "big")


def shown(sums: Sums) -> tuple[int, int, int, int, int]:
    """S, U, up, partial, down."""
    return sums.service, sums.unmeasured, sums.up, sums.partial, sums.down


def later(text: str, minutes: int) -> str:
    """So many minutes after `11-08 02:00`."""
    at = datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo(SEOUL))
    return (at + timedelta(minutes=minutes)).strftime("%m-%d %H:%M")


# G2: what either sender lost in October 2022; the public one's second account came back later.
PUBLIC = Was("10-15 15:30", "10-17 18:00"), Was("10-17 18:00", "10-18 09:00", route="r2")
FINANCIAL = (Was("10-15 15:30", "10-17 16:00"),)


def with_planned_work() -> Month:
    """G3: work announced in time that lasted longer, and work announced too late."""
    works = tuple(
        Maintenance(frozenset({"r1"}), (Announcement(*map(minute, times)),))
        for times in (
            ("11-05 10:00", "11-08 02:00", "11-08 04:00"),
            ("11-20 00:30", "11-20 01:00", "11-20 01:20"),
        )
    )
    was = Was("11-08 02:00", "11-08 04:10"), Was("11-20 01:00", "11-20 01:20")
    return a_month("2026-11", *was, works=works)
