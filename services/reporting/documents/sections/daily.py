"""Section 2: the days of the month, the error budget as it was used up, twelve months."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from services.contracts.report import DayPart, Report
from services.contracts.report_item import Item
from services.reporting.documents.blocks import Block, Cell, Chart, Column, Table, Text
from services.reporting.documents.past import Month, MonthItem
from services.reporting.documents.shown import PPM, Shown

MONTHS = 12


def daily(report: Report, earlier: Sequence[Month], shown: Shown) -> Iterator[Block]:
    """`earlier`: the last revision of each month before, oldest first."""
    if report.days:
        yield _strip(report, shown)
    yield from _not_clean(report, shown)
    if report.days:
        rows = [_row(day, report, shown) for day in report.days]
        yield Table(shown.words("daily.every"), _columns(shown), tuple(rows), book=True)
    for item in report.items:
        if item.budget_min is not None:
            yield _burn(item, report, shown)
    yield from _months([*earlier, report][-MONTHS:], report, shown)


def days_of(item: Item, report: Report) -> list[DayPart]:
    return [day for day in report.days if day.channel == item.channel]


def _strip(report: Report, shown: Shown) -> Chart:
    rows = []
    for item in report.items:
        cells = [_parts(day, report.tz) for day in days_of(item, report)]
        rows.append({"name": shown.channel(item.channel), "days": cells})
    kinds = ("up", "partial", "down", "unmeasured", "excluded")
    legend = [shown.word(f"minute.{kind}").shown for kind in kinds]
    told = [day for day in report.days if Decimal(day.outage_min)]
    alt = shown.words("daily.strip_alt", days=f"{len({day.day for day in told}):,}")
    return Chart("strip", shown.words("daily.strip"), alt, {"rows": rows, "legend": legend})


def _parts(day: DayPart, tz: str) -> dict[str, object]:
    """Shares of the whole day in the order of the legend, and the outage minutes printed."""
    whole = minutes_of_day(day.day, tz)
    parts = (day.up, day.partial, day.down, day.unmeasured, whole - day.service)
    spent = Decimal(day.outage_min).to_integral_value("ROUND_CEILING")
    return {
        "day": int(day.day[-2:]),
        "parts": [round(part / whole, 6) for part in parts],
        "outage": f"{spent}" if spent else "",
    }


@cache
def minutes_of_day(day: str, tz: str) -> int:
    """By the clock of the zone: 23 or 25 hours where summer time changes."""
    zone, first = ZoneInfo(tz), date.fromisoformat(day)
    borders = (datetime.combine(on, time(), zone) for on in (first, first + timedelta(days=1)))
    start, end = (border.astimezone(UTC) for border in borders)
    return (end - start) // timedelta(minutes=1)


def _not_clean(report: Report, shown: Shown) -> Iterator[Block]:
    rows = [_row(day, report, shown) for day in report.days if day.up < day.service]
    if not rows:
        yield Text(shown.words("daily.all_up" if report.days else "daily.no_days"))
        return
    yield Table(shown.words("daily.table"), _columns(shown), tuple(rows))


def _columns(shown: Shown) -> tuple[Column, ...]:
    names = ("partial", "down", "unmeasured", "excluded")
    return (
        Column(shown.words("common.channel"), wide=True), Column(shown.words("common.day")),
        Column(shown.words("minute.service")), Column(shown.words("minute.up")),
        *(Column(shown.words(f"minute.{name}")) for name in names),
        Column(shown.words("daily.outage")), Column(shown.words("daily.good")),
        Column(shown.words("daily.valid")),
    )  # fmt: skip


def _row(day: DayPart, report: Report, shown: Shown) -> tuple[Cell, ...]:
    excluded = minutes_of_day(day.day, report.tz) - day.service
    counts = (day.service, day.up, day.partial, day.down, day.unmeasured, excluded)
    return (
        shown.text(shown.channel(day.channel)), shown.day(day.day), *map(shown.count, counts),
        shown.spent(day.outage_min), shown.count(day.good), shown.count(day.valid),
    )  # fmt: skip


def _burn(item: Item, report: Report, shown: Shown) -> Chart:
    """Share of the budget left at the end of each day; below zero it is overdrawn."""
    budget = Decimal(item.budget_min or 0)
    spent, left = Decimal(0), [1.0]
    for day in days_of(item, report):
        spent += Decimal(day.outage_min)
        left.append(float(round((budget - spent) / budget, 6)) if budget else 0.0)
    channel, rest = shown.channel(item.channel), shown.allowed(f"{budget - spent:f}").shown
    fields = {"channel": channel, "left": rest, "budget": shown.allowed(item.budget_min).shown}
    data = {
        "left": left,
        "zero": shown.words("daily.burn_zero"),
        "overdrawn": shown.words("daily.burn_over"),
        "note": shown.words("daily.burn_note", **fields),
    }
    title = shown.words("daily.burn", channel=channel)
    return Chart("burn", title, shown.words("daily.burn_alt", **fields), data)


def _months(reports: Sequence[Month], last: Report, shown: Shown) -> Iterator[Block]:
    if len(reports) < 2:
        yield Text(shown.words("daily.no_months"), "note")
        return
    for item in last.items:
        rows = [
            (each, one) for each in reports for one in each.items if one.channel == item.channel
        ]
        channel = shown.channel(item.channel)
        data = {
            "months": [_bar(each, one, shown) for each, one in rows],
            "objective": _ratio(item.objective_ppm.availability),
            "objective_word": shown.words("summary.target"),
        }
        title = shown.words("daily.months", channel=channel)
        alt = shown.words("daily.months_alt", channel=channel, months=f"{len(rows):,}")
        yield Chart("months", title, alt, data)
    yield _months_table(reports, shown)


def _bar(report: Month, item: MonthItem, shown: Shown) -> dict[str, object]:
    told = item.availability
    measured, low, high = (
        None if each is None else float(each) for each in (told.measured, told.lowest, told.highest)
    )
    word = shown.verdict(item.verdict, report.state)
    return {
        "month": report.month, "value": measured, "low": low, "high": high, "word": word,
        "verdict": item.verdict,
    }  # fmt: skip


def _ratio(ppm: int | None) -> float | None:
    return None if ppm is None else ppm / PPM


def _months_table(reports: Sequence[Month], shown: Shown) -> Table:
    keys = ("common.month", "common.channel", "summary.measured", "summary.lowest")
    columns = [Column(shown.words(key)) for key in (*keys, "summary.highest", "summary.verdict")]
    rows = []
    for report in reports:
        for item in report.items:
            told = item.availability
            rows.append((
                shown.text(report.month), shown.text(shown.channel(item.channel)),
                *map(shown.percent, (told.measured, told.lowest, told.highest)),
                shown.text(shown.verdict(item.verdict, report.state)),
            ))  # fmt: skip
    return Table(shown.words("daily.months_table"), tuple(columns), tuple(rows))
