"""The appendix: by which contract it was computed, and how to check it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from services.contracts.report import Report
from services.contracts.report_item import Item
from services.reporting.documents.blocks import Block, Cell, Column, Facts, Table, Text, Title
from services.reporting.documents.past import Month
from services.reporting.documents.sections.channels import Figure, over_channels
from services.reporting.documents.shown import Shown


def appendix(report: Report, earlier: Sequence[Month], shown: Shown) -> Iterator[Block]:
    """Contracts, routes, holidays, the chain and the hash of every day's evidence."""
    words = shown.words
    yield Table(words("contract.table"), *_contracts(report, shown))
    yield from over_channels(report, shown, words("contract.terms"), _terms(shown))
    yield Table(words("route.table"), *_routes(report, shown))
    if report.holidays:
        yield _holidays(report, shown)
    else:
        yield Text(words("holiday.none"))
    yield Title(words("seal.title"))
    yield Facts(tuple(_seal(report, earlier, shown)), columns=1)
    yield Facts(tuple(_versions(report, shown)))
    if report.days:
        yield _evidence(report, shown)


def _contracts(
    report: Report, shown: Shown
) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    keys = ("common.channel", "contract.id", "contract.version", "contract.grade")
    columns = (
        Column(shown.words(keys[0]), wide=True), Column(shown.words(keys[1]), wide=True),
        *(Column(shown.words(key)) for key in keys[2:]), Column(shown.words("contract.party")),
        Column(shown.words("contract.availability")), Column(shown.words("contract.fix")),
    )  # fmt: skip
    rows = [
        (
            shown.text(shown.channel(item.channel)), shown.text(item.contract.id),
            shown.count(item.contract.version), shown.count(item.contract.grade),
            shown.text(shown.words.get(f"provider.{item.contract.counterparty}",
                                       item.contract.counterparty)),
            shown.share(item.objective_ppm.availability),
            shown.count(item.objective_ppm.fix_minutes),
        )
        for item in report.items
    ]  # fmt: skip
    return columns, tuple(rows)


def _terms(shown: Shown) -> list[Figure]:
    """What the contract says beside its objectives and settings."""
    return [
        ("contract.from", _term("valid_from", shown.day)),
        ("contract.until", _term("valid_to", shown.day)),
        ("contract.hours", _term("service_hours", lambda hours: _hours(hours, shown))),
        ("contract.rest", _term("restricted", lambda rest: _rest(rest, shown))),
        ("contract.credits", _term("credit_table", lambda table: _credits(table, shown))),
        ("contract.claim", _term("claim", lambda claim: shown.count(claim["days"]))),
        ("contract.since", _term("claim", lambda claim: shown.word(f"contract.{claim['since']}"))),
    ]


def _term(name: str, told: Callable[[Any], Cell]) -> Callable[[Item], Cell]:
    return lambda item: told(item.contract.settings.get(name))


def _hours(hours: list[dict[str, Any]], shown: Shown) -> Cell:
    if not hours:
        return shown.word("contract.always")
    days = ", ".join
    return shown.text("\n".join(
        f"{days(shown.words(f'weekday.{day}') for day in each['days'])} "
        f"{each['start'][:5]}–{each['end'][:5]}" for each in hours
    ))  # fmt: skip


def _rest(rest: dict[str, Any] | None, shown: Shown) -> Cell:
    if rest is None:
        return shown.word("contract.usual")
    return shown.text(f"{rest['start'][:5]}–{rest['end'][:5]}")


def _credits(table: list[dict[str, int]], shown: Shown) -> Cell:
    rows = [
        shown.words(
            "contract.credit", **{name: shown.share(ppm).shown for name, ppm in row.items()}
        )
        for row in table
    ]
    return shown.text("\n".join(rows) or None)


def _routes(
    report: Report, shown: Shown
) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    keys = ("route.weight", "daily.good", "daily.valid", "daily.outage")
    columns = (
        Column(shown.words("route.route"), wide=True),
        *(Column(shown.words(key)) for key in keys),
    )
    rows = [
        (
            shown.text(route.route), *map(shown.count, (route.weight, route.good, route.valid)),
            shown.spent(route.outage_min),
        )
        for item in report.items
        for route in item.routes
    ]  # fmt: skip
    return columns, tuple(rows)


def _holidays(report: Report, shown: Shown) -> Table:
    columns = (
        Column(shown.words("common.day")), Column(shown.words("holiday.name"), wide=True),
        Column(shown.words("holiday.source"), wide=True),
    )  # fmt: skip
    rows = [
        (shown.day(day.date), shown.text(day.name), shown.word(f"holiday.{day.source}"))
        for day in report.holidays
    ]
    return Table(shown.words("holiday.table"), columns, tuple(rows))


def _seal(report: Report, earlier: Sequence[Month], shown: Shown) -> Iterator[tuple[str, Cell]]:
    """Whoever holds a printed page can tell a history that was written anew."""
    seal = report.seal
    yield shown.words("seal.figures"), shown.text(seal.figures)
    yield shown.words("seal.evidence"), shown.text(seal.evidence)
    yield shown.words("seal.content"), shown.text(seal.content)
    yield shown.words("seal.prev"), shown.text(seal.prev)
    yield shown.words("seal.entry"), shown.text(seal.entry)
    if earlier:
        yield shown.words("seal.month_before"), shown.text(earlier[-1].seal.entry)


def _versions(report: Report, shown: Shown) -> Iterator[tuple[str, Cell]]:
    yield shown.words("version.rule"), shown.text(report.rule)
    yield shown.words("version.schema"), shown.text(report.schema_)
    yield shown.words("version.tzdata"), shown.text(f"{report.versions.tzdata} ({report.tz})")
    yield shown.words("version.holidays"), shown.text(report.versions.holidays)
    yield shown.words("version.catalogue"), shown.text(report.versions.catalogue[:16] + "…")


def _evidence(report: Report, shown: Shown) -> Table:
    columns = (
        Column(shown.words("common.channel")), Column(shown.words("common.day")),
        Column(shown.words("evidence.count")), Column(shown.words("evidence.hash"), wide=True),
    )  # fmt: skip
    rows = [
        (
            shown.text(shown.channel(day.channel)), shown.day(day.day),
            shown.count(day.evidence_count), shown.text(day.evidence),
        )
        for day in report.days
    ]  # fmt: skip
    return Table(shown.words("evidence.table"), columns, tuple(rows))
