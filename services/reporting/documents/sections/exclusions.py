"""Section 4: what was left out of the figures, what was entered in vain, where bongsu was blind."""

from collections.abc import Callable, Iterator

from services.contracts.report import Exclusion, Report
from services.contracts.report_item import Item
from services.reporting.documents.blocks import Block, Cell, Column, Table, Text
from services.reporting.documents.sections.channels import Figure, over_channels
from services.reporting.documents.shown import Shown, minutes_between

_KINDS = ("not_in_force", "outside", "holiday", "restricted", "maintenance", "agreed")
_MINUTES = ("service", "up", "partial", "down", "unmeasured", "bridged")


def exclusions(report: Report, shown: Shown) -> Iterator[Block]:
    """Minutes by kind, then each interval."""
    yield from over_channels(report, shown, shown.words("exclusion.minutes"), _figures(shown))
    if report.exclusions:
        yield _intervals(report, shown)
        yield _people(report, shown)
    else:
        yield Text(shown.words("exclusion.none"))
    if report.monitor_faults:
        yield _faults(report, shown)
    else:
        yield Text(shown.words("fault.none"))


def _figures(shown: Shown) -> list[Figure]:
    return [
        ("minute.total", lambda item: shown.count(item.minutes.total)),
        *((f"minute.{kind}", _excluded(kind, shown)) for kind in _KINDS),
        *((f"minute.{kind}", _of_service(kind, shown)) for kind in _MINUTES),
        ("exclusion.without", lambda item: shown.percent(item.availability.no_exclusions)),
    ]


def _excluded(kind: str, shown: Shown) -> Callable[[Item], Cell]:
    return lambda item: shown.count(getattr(item.minutes.excluded, kind))


def _of_service(kind: str, shown: Shown) -> Callable[[Item], Cell]:
    return lambda item: shown.count(getattr(item.minutes, kind))


def _intervals(report: Report, shown: Shown) -> Table:
    keys = ("common.number", "common.channel", "common.from", "common.to", "common.minutes")
    columns = (
        *(Column(shown.words(key)) for key in keys), Column(shown.words("exclusion.kind")),
        Column(shown.words("exclusion.effect")), Column(shown.words("common.reason"), wide=True),
    )  # fmt: skip
    rows = [
        (shown.count(number), *_interval(each, shown))
        for number, each in enumerate(report.exclusions, start=1)
    ]
    return Table(shown.words("exclusion.table"), columns, tuple(rows))


def _interval(each: Exclusion, shown: Shown) -> tuple[Cell, ...]:
    return (
        shown.text(shown.channel(each.channel)), shown.time(each.start), shown.time(each.to),
        shown.count(each.minutes), shown.word(f"exclusion.{each.kind}"),
        shown.word("exclusion.counted" if each.counted else "exclusion.left_out"),
        shown.text(each.reason),
    )  # fmt: skip


def _people(report: Report, shown: Shown) -> Table:
    keys = (
        "common.number", "common.proposed", "common.approved", "common.approved_at",
        "exclusion.announced", "exclusion.seen",
    )  # fmt: skip
    columns = (
        *(Column(shown.words(key)) for key in keys),
        Column(shown.words("exclusion.proof"), wide=True),
    )
    rows = [
        (
            shown.count(number), shown.text(each.proposed_by), shown.text(each.approved_by),
            *map(shown.time, (each.approved_at, each.announced_at, each.seen_at)),
            shown.hash(each.proof),
        )
        for number, each in enumerate(report.exclusions, start=1)
    ]  # fmt: skip
    return Table(shown.words("exclusion.people"), columns, tuple(rows))


def _faults(report: Report, shown: Shown) -> Table:
    columns = (
        Column(shown.words("fault.component"), wide=True), Column(shown.words("fault.kind")),
        Column(shown.words("common.from")), Column(shown.words("common.to")),
        Column(shown.words("common.minutes")),
    )  # fmt: skip
    rows = [
        (
            shown.component(each.component), shown.word(f"fault.{each.kind}"),
            shown.time(each.start), shown.time(each.to),
            shown.count(minutes_between(each.start, each.to)),
        )
        for each in report.monitor_faults
    ]  # fmt: skip
    return Table(shown.words("fault.table"), columns, tuple(rows))
