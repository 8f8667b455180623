"""The month: evidence and contract in, every figure of one item out, by rule s1.

In:  a `Month` (`laid.py`). Out: `Figures`. The same evidence in any order, however often repeated,
gives the same figures. Totals of days add up to the month's: stored days give the same figures as
raw evidence. Pure.
Before: `laid.py`. After: `assemble.py` writes the figures into the report.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import add, attrgetter
from zoneinfo import ZoneInfo

from services.contracts.report_words import Objective, Verdict
from services.contracts.sla import Contract, version_on
from services.reporting import chain, totals, verdict
from services.reporting.calendar import days_of, moment_of
from services.reporting.credit import Credit, credit
from services.reporting.laid import Laid, Month, lay
from services.reporting.lines import in_order
from services.reporting.outages import outages
from services.reporting.ratio import Interval, interval
from services.reporting.response import Account, Response, account, response, why_uncounted
from services.reporting.slots import MINUTE_MS
from services.reporting.sums import sums
from services.reporting.totals import Totals
from services.reporting.verdict import Ruling

_PER_CENT = 10_000  # millionths


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """What adds up of a day of the contract's zone; how many lines of evidence, and their hash."""

    day: date
    totals: Totals
    evidence_count: int
    evidence: str


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """Everything the report says of one item's month.

    `contract`: in force at its end. `accounts`: of the outages with minutes here, in order; `own`
    are those that began to count here. `uncounted`: incidents without a counted minute, and why.
    """

    contract: Contract
    interval_min: int
    totals: Totals
    accounts: tuple[Account, ...]
    own: tuple[Account, ...]
    uncounted: tuple[tuple[str, str], ...]
    delivery: Interval
    false_receipts: Interval
    fallback: Interval
    response: Response
    rulings: Mapping[Objective, Ruling]
    verdict: Verdict
    credit: Credit


def figures(month: Month) -> Figures:
    """From raw evidence."""
    laid = lay(month)
    return conclude(month, total(days(month, laid)), accounts(month, laid), uncounted(month, laid))


def days(month: Month, laid: Laid) -> list[Day]:
    """Each day of the month."""
    lines, found = in_order(month.lines), []
    for day, start, end in days_of(month.window, month.zone):
        part = laid.minutes.calendar.window.part(start, min(end, month.window.end))
        first, last = (bisect_left(lines, at * MINUTE_MS, key=_slot) for at in (start, end))
        evidence = chain.day_hash(line.write() for line in lines[first:last])
        found.append(Day(day, _of_part(laid, part), last - first, evidence))
    return found


_slot = attrgetter("slot")


def _of_part(laid: Laid, part: slice) -> Totals:
    own = sums(laid.minutes, laid.bare, part)
    routes = {route.route: route for route in laid.routes}
    of_slots = (
        totals.of_slots(laid.minutes, routes[each.slots.route], each, part) for each in laid.judged
    )
    return reduce(add, of_slots, totals.of_minutes(own, laid.minutes, laid.routes, part))


def total(days: Iterable[Day]) -> Totals:
    """What they add up to."""
    return reduce(add, (each.totals for each in days), Totals())


def accounts(month: Month, laid: Laid) -> list[Account]:
    """Of all outages with minutes in the month, in order."""
    found = outages(laid.minutes, laid.routes, laid.judged, month.window)
    return [account(each, laid.minutes, month.incidents, month.notices) for each in found]


def uncounted(month: Month, laid: Laid) -> list[tuple[str, str]]:
    """The month's incidents without a counted minute, and why."""
    counted = {own.id for each in accounts(month, laid) for own in each.incidents}
    return [
        (each.id, why_uncounted(each, laid.minutes))
        for each in month.incidents
        if each.id not in counted and each.began // MINUTE_MS in month.window.range
    ]


def conclude(
    month: Month, whole: Totals, told: Sequence[Account], uncounted: Sequence[tuple[str, str]]
) -> Figures:
    """The figures of these totals and outages, whether stored or fresh."""
    contract = _at_the_end(month)
    own = [each for each in told if each.outage.first in month.window.range]
    probes, claims, substitutes = whole.probes, whole.claims, whole.fallback
    delivery = interval(probes.good, probes.valid, probes.unknown)
    false_receipts = interval(claims.false, claims.claimed)
    interval_min = max((plan.interval_s // 60 for plan in month.plans), default=1)
    rulings = _rulings(contract, whole, own, interval_min, delivery, false_receipts)
    overall = verdict.worst(each.verdict for each in rulings.values())
    return Figures(
        contract, interval_min, whole, tuple(told), tuple(own), tuple(uncounted), delivery,
        false_receipts, interval(substitutes.in_time, substitutes.eligible), response(own),
        rulings, overall if month.observed else Verdict.NOT_APPLICABLE,
        credit(whole.sums.availability, (each.outage for each in own), contract),
    )  # fmt: skip


def _at_the_end(month: Month) -> Contract:
    """The version in force at the end of the month, or last before."""
    where, (start, end) = ZoneInfo(month.zone), month.window
    first, last = (moment_of(at).astimezone(where).date() for at in (start, end - 1))
    days = (last - timedelta(days=n) for n in range((last - first).days + 1))
    on = (version_on(month.versions, day) for day in days)
    return next((each for each in on if each is not None), month.versions[-1])


def _rulings(
    contract: Contract,
    whole: Totals,
    own: Sequence[Account],
    interval_min: int,
    delivery: Interval,
    false_receipts: Interval,
) -> dict[Objective, Ruling]:
    """Of each objective that is set."""
    set_ = contract.objectives
    told: dict[Objective, Ruling] = {}
    if contract.availability_ppm is not None:
        told["availability"] = verdict.availability(whole.sums, contract, interval_min)
    if contract.fix_min is not None:
        told["fix_minutes"] = verdict.fixes(each.fix.verdict for each in own)
    if set_.delivery_ppm is not None:
        told["delivery"] = verdict.ratio(delivery.at_least(set_.delivery_ppm))
    if set_.latency is not None:
        times = whole.latencies[set_.latency.stage]
        (shown,) = times.quantiles(set_.latency.q * _PER_CENT)
        told["latency"] = verdict.latency(shown, times.n, set_.latency.max_s)
    if set_.false_receipt_ppm is not None:
        told["false_receipt"] = verdict.ratio(false_receipts.at_most(set_.false_receipt_ppm))
    return told
