"""The report of a body's month: figures and context put into the one object all documents are of.

In:  a `Context`, and lines or what was counted of them. Out: a `Report` with an empty seal: a
function of both, the same on any machine. Pure. Before: `month.py`. After: `chain.sealed`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.contracts.report import DayPart, Holiday, Report, Seal
from services.contracts.report import Window as WindowPart
from services.reporting import month
from services.reporting.assemble_item import item
from services.reporting.assemble_rows import exclusions, outages, samples
from services.reporting.calendar import Window, days_of
from services.reporting.chain import ZEROS
from services.reporting.context import Context, ItemContext, month_of, window_of
from services.reporting.laid import lay
from services.reporting.lines import Line, in_order
from services.reporting.month import Day, Figures
from services.reporting.slots import MINUTE_MS
from services.reporting.written import minutes, time

UNSEALED = Seal(figures=ZEROS, evidence=ZEROS, content=ZEROS, prev=ZEROS, entry=ZEROS)
ADDED = "계약에서 정한 휴일"  # a contract adds a date and no name


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Of one item: its figures, its days, ids of failed probes by the first minute of their
    outage."""

    figures: Figures
    days: Sequence[Day]
    samples: Mapping[int, Sequence[str]]


def count(context: Context, own: ItemContext, lines: Sequence[Line]) -> Counted:
    """One item from its lines, in any order, however often repeated."""
    given = month_of(context, own, lines)
    laid = lay(given)
    days, told = month.days(given, laid), month.accounts(given, laid)
    figures = month.conclude(given, month.total(days), told, month.uncounted(given, laid))
    return Counted(figures, days, samples(in_order(lines), told))


def report(context: Context, counted: Mapping[str, Counted]) -> Report:
    """Unsealed; `counted` by channel."""
    window = window_of(context)
    pairs = [(each, counted[each.channel]) for each in context.items]
    return Report(
        schema_="bongsu.report/1",
        body=context.body,
        month=context.month,
        tz=context.tz,
        window=_window(window),
        revision=context.revision,
        state=context.state,
        cutoff=context.cutoff,
        sealed_at=context.sealed_at,
        rule=context.rule,
        versions=context.versions,
        holidays=_holidays(context, window),
        items=tuple(item(own, told.figures) for own, told in pairs),
        outages=tuple(
            row for own, told in pairs for row in outages(own, told.figures, told.samples)
        ),
        exclusions=tuple(
            row for own, told in pairs for row in exclusions(own, told.figures, window)
        ),
        monitor_faults=context.monitor_faults,
        corrections=context.corrections,
        objections=context.objections,
        approval=context.approval,
        diff=context.diff,
        days=tuple(_day(own.channel, day) for own, told in pairs for day in told.days),
        seal=UNSEALED,
    )


def _window(window: Window) -> WindowPart:
    start, end = (time(at * MINUTE_MS) for at in window)
    return WindowPart(start=start, to=end, minutes=window.end - window.start)


def _holidays(context: Context, window: Window) -> tuple[Holiday, ...]:
    """Those of the month that any item keeps."""
    known = {each.date: each for each in context.holidays}
    contracts = [contract for each in context.items for contract in each.contracts]
    added = {str(day) for each in contracts for day in each.holidays.add} - known.keys()
    removed = [set(map(str, each.holidays.remove)) for each in contracts] or [set[str]()]
    dropped = set.intersection(*removed)
    all_ = known | {day: Holiday(date=day, name=ADDED, source="added") for day in added}
    month = [str(day) for day, *_ in days_of(window, context.tz)]
    return tuple(all_[day] for day in month if day in all_ and day not in dropped)


def _day(channel: str, day: Day) -> DayPart:
    sums, probes = day.totals.sums, day.totals.probes
    return DayPart(
        channel=channel, day=str(day.day), service=sums.service, unmeasured=sums.unmeasured,
        up=sums.up, partial=sums.partial, down=sums.down, outage_min=minutes(sums.counted),
        valid=probes.valid, good=probes.good, evidence_count=day.evidence_count,
        evidence=day.evidence,
    )  # fmt: skip
