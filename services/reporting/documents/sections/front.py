"""Sections 0 and 1: what the report is of, the verdicts and why, and each channel's figures."""

from collections.abc import Callable, Iterator

from services.contracts.report import Report
from services.contracts.report_item import Item
from services.contracts.report_words import State
from services.reporting.documents import reasons
from services.reporting.documents.blocks import (
    Block,
    Card,
    Cards,
    Cell,
    Column,
    Facts,
    Signature,
    Table,
    Text,
)
from services.reporting.documents.sections.channels import longest_fix, over_channels
from services.reporting.documents.shown import Shown


def cover(report: Report, whole: Report, shown: Shown) -> Iterator[Block]:
    """Body, month, revision, verdicts, and what the figures are not; `whole`: with all channels."""
    yield Facts(tuple(_about(report, shown)))
    yield Cards(tuple(_card(item, report, shown) for item in report.items))
    if not report.items:
        yield Text(shown.words("cover.no_items"), "strong")
    if left_out := len(whole.items) - len(report.items):
        yield Text(shown.words("cover.part", count=f"{left_out}"), "strong")
    yield from _notes(report, shown)
    if report.state is not State.OPEN:
        yield Facts(((shown.words("cover.content"), shown.text(report.seal.content)),), columns=1)
    if report.state in (State.CLOSED, State.CORRECTED):
        labels = ("cover.signed_by", "cover.signed_role", "cover.signed_on", "cover.signed_hand")
        yield Signature(tuple(map(shown.words, labels)))


def _notes(report: Report, shown: Shown) -> Iterator[Text]:
    """What the figures are of, and what they are not."""
    yield Text(shown.words("cover.not_a_census"), "note")
    for rule in sorted({str(item.contract.settings.get("gap_rule")) for item in report.items}):
        yield Text(shown.words(f"cover.gap_{rule}"), "note")
    for item in report.items:
        if item.contract.settings.get("evidence") == "claimed":
            yield Text(shown.words("cover.claimed", channel=shown.channel(item.channel)), "note")
    if report.state in (State.OPEN, State.PRELIMINARY):
        yield Text(shown.words(f"cover.{report.state}"), "note")


def _about(report: Report, shown: Shown) -> Iterator[tuple[str, Cell]]:
    words = shown.words
    name = report.body.name_ko if words.language == "ko" else report.body.name_en
    yield words("cover.body"), shown.text(f"{name} ({report.body.id})")
    yield words("cover.month"), shown.text(shown.month(report.month))
    yield words("cover.state"), shown.word(f"state.{report.state}")
    if report.state is not State.OPEN:
        yield words("cover.revision"), shown.count(report.revision)
    yield words("cover.from", zone=shown.zone), shown.time(report.window.start)
    yield words("cover.to", zone=shown.zone), shown.time(report.window.to)
    yield words("cover.cutoff", zone=shown.zone), shown.time(report.cutoff)
    made = "made" if report.state is State.OPEN else "sealed"
    yield words(f"cover.{made}", zone=shown.zone), shown.time(report.sealed_at)


def _card(item: Item, report: Report, shown: Shown) -> Card:
    channel = shown.channel(item.channel)
    if item.disputed:
        channel = shown.words("cover.disputed", channel=channel)
    word = shown.verdict(item.verdict, report.state)
    return Card(item.verdict, channel, word, reasons.of_item(item, report, shown))


def summary(report: Report, shown: Shown) -> Iterator[Block]:
    """A column a channel; then every objective with its verdict and reason."""
    yield from over_channels(report, shown, shown.words("summary.figures"), _figures(report, shown))
    words = shown.words
    columns = (
        Column(words("common.channel")), Column(words("summary.objective")),
        Column(words("summary.verdict")), Column(words("summary.reason"), wide=True),
    )  # fmt: skip
    rows = [
        (
            shown.text(shown.channel(item.channel)), shown.word(f"objective.{judged.objective}"),
            shown.text(shown.verdict(judged.verdict, report.state)),
            shown.text(reasons.of_objective(judged, item, report, shown)),
        )
        for item in report.items
        for judged in item.verdicts
    ]  # fmt: skip
    if rows:
        yield Table(words("summary.verdicts"), columns, tuple(rows))


def _figures(report: Report, shown: Shown) -> list[tuple[str, Callable[[Item], Cell]]]:
    return [
        ("summary.target", lambda item: shown.share(item.objective_ppm.availability)),
        ("summary.measured", lambda item: shown.percent(item.availability.measured)),
        ("summary.lowest", lambda item: shown.percent(item.availability.lowest)),
        ("summary.highest", lambda item: shown.percent(item.availability.highest)),
        ("summary.outage", lambda item: shown.spent(item.outage_min)),
        ("summary.unmeasured", lambda item: shown.count(item.minutes.unmeasured)),
        ("summary.budget", lambda item: shown.allowed(item.budget_min)),
        ("summary.used", lambda item: shown.used(item.budget_used)),
        ("summary.delivered", lambda item: shown.percent(item.probes.ratio.value)),
        ("summary.low", lambda item: shown.percent(item.probes.ratio.low)),
        ("summary.high", lambda item: shown.percent(item.probes.ratio.high)),
        ("summary.p95", lambda item: _p95(item, shown)),
        ("summary.outages", lambda item: shown.count(item.response.outages)),
        ("summary.fix", lambda item: shown.count(longest_fix(item, report))),
        ("summary.verdict", lambda item: shown.text(shown.verdict(item.verdict, report.state))),
    ]


def _p95(item: Item, shown: Shown) -> Cell:
    stage = next((each for each in item.latency if each.stage == "device"), None)
    return shown.milliseconds(stage.p95_ms) if stage and stage.n else shown.none
