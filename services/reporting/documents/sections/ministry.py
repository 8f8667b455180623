"""The sections of a summary of many bodies: verdicts, items, outages in common, causes, sources."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from services.contracts.report import Report
from services.contracts.report_item import Item
from services.contracts.report_words import Verdict
from services.reporting.documents import reasons
from services.reporting.documents.blocks import Block, Cell, Column, Facts, Table, Text
from services.reporting.documents.shared import shared
from services.reporting.documents.shown import Shown

_VERDICTS = tuple(Verdict)


def _pairs(reports: Iterable[Report]) -> list[tuple[Report, Item]]:
    return [(report, item) for report in reports for item in report.items]


def _body(report: Report, shown: Shown) -> Cell:
    return shown.text(report.body.name_ko if shown.words.language == "ko" else report.body.name_en)


def _columns(shown: Shown, *keys: str, wide: Sequence[str] = ()) -> tuple[Column, ...]:
    return tuple(Column(shown.words(key), wide=key in wide) for key in keys)


def cover(reports: Sequence[Report], without: Sequence[str], shown: Shown) -> Iterator[Block]:
    """Which month, and what the figures are not."""
    words, states = shown.words, Counter(each.state for each in reports)
    yield Facts((
        (words("cover.month"), shown.text(shown.month(reports[0].month))),
        (words("ministry.bodies"), shown.count(len(reports))),
        (words("ministry.items"), shown.count(len(_pairs(reports)))),
        (words("ministry.without"), shown.count(len(without))),
        *((words(f"state.{state}"), shown.count(states[state])) for state in sorted(states)),
        (words("cover.cutoff", zone=shown.zone),
         shown.time(max(each.cutoff for each in reports))),
    ))  # fmt: skip
    yield Text(words("cover.not_a_census"), "note")
    yield Text(words("ministry.no_average"), "note")


def counts(reports: Sequence[Report], shown: Shown) -> Iterator[Block]:
    """Verdicts by channel and in all, with sums of minutes."""
    by_channel: dict[str, list[Item]] = {}
    for _, item in _pairs(reports):
        by_channel.setdefault(shown.channel(item.channel), []).append(item)
    rows = [_sums(name, items, shown) for name, items in sorted(by_channel.items())]
    everything = [item for _, item in _pairs(reports)]
    rows.append(_sums(shown.words("ministry.all"), everything, shown))
    yield Table(shown.words("ministry.counts"), _sum_columns("common.channel", shown), tuple(rows))


def _sum_columns(first: str, shown: Shown) -> tuple[Column, ...]:
    keys = ("ministry.items", *(f"verdict.{each}" for each in _VERDICTS), "minute.service")
    return (
        Column(shown.words(first), wide=True),
        *_columns(shown, *keys, "summary.outage", "summary.unmeasured"),
    )


def _sums(name: str, items: Sequence[Item], shown: Shown) -> tuple[Cell, ...]:
    counts = Counter(item.verdict for item in items)
    outage = sum((Decimal(item.outage_min) for item in items), Decimal(0))
    return (
        shown.text(name), shown.count(len(items)), *(shown.count(counts[v]) for v in _VERDICTS),
        shown.count(sum(item.minutes.service for item in items)), shown.spent(f"{outage:f}"),
        shown.count(sum(item.minutes.unmeasured for item in items)),
    )  # fmt: skip


def table(reports: Sequence[Report], shown: Shown) -> Iterator[Block]:
    """Each contract item with its figures."""
    columns = _columns(
        shown, "cover.body", "common.channel", "summary.objective", "objective.availability",
        "ministry.lowest", "ministry.highest", "minute.outage", "minute.unmeasured",
        "summary.verdict", wide=("cover.body",),
    )  # fmt: skip
    rows = [
        (
            _body(report, shown), shown.text(shown.channel(item.channel)),
            shown.share(item.objective_ppm.availability),
            shown.percent(item.availability.measured), shown.percent(item.availability.lowest),
            shown.percent(item.availability.highest), shown.spent(item.outage_min),
            shown.count(item.minutes.unmeasured),
            shown.text(shown.verdict(item.verdict, report.state)),
        )
        for report, item in _pairs(reports)
    ]  # fmt: skip
    yield Table(shown.words("ministry.table"), columns, tuple(rows))


def together(reports: Sequence[Report], shown: Shown) -> Iterator[Block]:
    """A row for each outage of two bodies or more."""
    yield Text(shown.words("ministry.shared_rule"), "note")
    found = shared(reports)
    if not found:
        yield Text(shown.words("ministry.none_shared"))
        return
    columns = _columns(
        shown, "common.from", "common.to", "common.channel", "outage.cause", "ministry.bodies",
        "ministry.minutes", "ministry.which", wide=("ministry.which",),
    )  # fmt: skip
    rows = [
        (
            shown.time(each.since),
            shown.time(each.until) if each.until else shown.word("outage.still"),
            shown.text(", ".join(map(shown.channel, each.channels))),
            shown.component(each.cause), shown.count(len(each.bodies)),
            shown.spent(f"{each.minutes:f}"),
            shown.text(", ".join(_body(body, shown).shown for body in each.bodies)),
        )
        for each in found
    ]  # fmt: skip
    yield Table(shown.words("ministry.shared"), columns, tuple(rows))


def origins(reports: Sequence[Report], shown: Shown) -> Iterator[Block]:
    """By whom the contract is with, and by what was found to have caused an outage."""
    by_party: dict[str, list[Item]] = {}
    for _, item in _pairs(reports):
        party = item.contract.counterparty
        by_party.setdefault(shown.words.get(f"provider.{party}", party), []).append(item)
    rows = [_sums(name, items, shown) for name, items in sorted(by_party.items())]
    yield Table(shown.words("ministry.parties"), _sum_columns("contract.party", shown), tuple(rows))
    yield from _causes(reports, shown)


def _causes(reports: Sequence[Report], shown: Shown) -> Iterator[Block]:
    hit = [(report, one) for report in reports for one in report.outages
           if Decimal(one.minutes_total)]  # fmt: skip
    rows = []
    for cause in sorted({one.cause or "" for _, one in hit}):
        own = [(report, one) for report, one in hit if (one.cause or "") == cause]
        spent = sum((Decimal(one.minutes_here) for _, one in own), Decimal(0))
        name = shown.component(cause) if cause else shown.word("ministry.unknown_cause")
        bodies = {report.body.id for report, _ in own}
        rows.append((name, shown.count(len(own)), shown.count(len(bodies)),
                     shown.spent(f"{spent:f}")))  # fmt: skip
    if rows:
        columns = _columns(
            shown, "outage.cause", "summary.outages", "ministry.bodies", "ministry.minutes",
            wide=("outage.cause",),
        )  # fmt: skip
        yield Table(shown.words("ministry.causes"), columns, tuple(rows))


def undecided(reports: Sequence[Report], shown: Shown) -> Iterator[Block]:
    """Why, and what blinded bongsu meanwhile."""
    rows = [
        (
            _body(report, shown), shown.text(shown.channel(item.channel)),
            shown.count(item.minutes.unmeasured), shown.text(_blinded(report, shown)),
            shown.text(reasons.of_item(item, report, shown)),
        )
        for report, item in _pairs(reports)
        if item.verdict is Verdict.INSUFFICIENT
    ]  # fmt: skip
    if not rows:
        yield Text(shown.words("ministry.all_decided"))
        return
    columns = _columns(
        shown, "cover.body", "common.channel", "summary.unmeasured", "ministry.blinded",
        "summary.reason", wide=("ministry.blinded", "summary.reason"),
    )  # fmt: skip
    yield Table(shown.words("ministry.undecided"), columns, tuple(rows))


def _blinded(report: Report, shown: Shown) -> str | None:
    told = [
        f"{shown.component(each.component).shown} ({shown.words(f'fault.{each.kind}')})"
        for each in report.monitor_faults
    ]
    return ", ".join(dict.fromkeys(told)) or shown.words("ministry.no_fault")


def missing(without: Sequence[str], shown: Shown) -> Iterator[Block]:
    """Bodies with contracts and no report, and what no report measures."""
    said = ", ".join(without)
    yield Text(shown.words("ministry.missing", bodies=said) if said
               else shown.words("ministry.none_missing"))  # fmt: skip
    yield Text(shown.words("method.not_measured"), "note")


def sources(reports: Sequence[Report], shown: Shown) -> Iterator[Block]:
    """Whoever holds the bodies' reports can check each figure."""
    hashes: tuple[tuple[str, Callable[[Report], str]], ...] = (
        ("seal.content", lambda report: report.seal.content),
        ("seal.entry", lambda report: report.seal.entry),
    )
    columns = (
        *_columns(shown, "cover.body", "cover.state", "cover.revision"),
        *(Column(shown.words(key), wide=True) for key, _ in hashes),
    )
    rows = [
        (
            _body(report, shown), shown.word(f"state.{report.state}"),
            shown.count(report.revision), *(shown.hash(of(report)) for _, of in hashes),
        )
        for report in reports
    ]  # fmt: skip
    yield Table(shown.words("ministry.sources"), columns, tuple(rows))
