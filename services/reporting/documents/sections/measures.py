"""Sections 5 to 9: providers' words, latency, substitutes, detection and response, credits."""

from collections.abc import Callable, Iterator

from services.contracts.report import Report
from services.contracts.report_item import Item, Latency, Spread
from services.reporting.documents.blocks import Block, Cell, Chart, Column, Table, Text
from services.reporting.documents.sections.channels import Figure, over_channels
from services.reporting.documents.shown import PPM, Shown

_SAYS = ("delivered", "failed", "none")
_QUANTILES = ("p50_ms", "p95_ms", "p99_ms")


def claims(report: Report, shown: Shown) -> Iterator[Block]:
    """What the provider said of messages, against what their devices saw."""
    words = shown.words
    yield Text(words("claims.meaning"), "note")
    columns = (
        Column(words("common.channel"), wide=True), Column(words("claims.says"), wide=True),
        Column(words("claims.seen")), Column(words("claims.unseen")),
    )  # fmt: skip
    rows = [_claim(item, says, shown) for item in report.items for says in _SAYS]
    yield Table(words("claims.table"), columns, tuple(rows))
    for item in report.items:
        yield _claims_chart(item, shown)
    yield from over_channels(report, shown, words("claims.false"), [
        ("claims.false_ratio", lambda item: shown.percent(item.claims.false_receipt.value)),
        ("summary.low", lambda item: shown.percent(item.claims.false_receipt.low)),
        ("summary.high", lambda item: shown.percent(item.claims.false_receipt.high)),
        ("claims.false_failure", lambda item: shown.count(item.claims.failed_seen)),
        ("claims.pending", lambda item: shown.count(item.claims.pending)),
        ("claims.own_figure", lambda item: _own_figure(item, shown)),
        ("claims.difference", lambda item: _difference(item, shown)),
    ])  # fmt: skip
    for item in report.items:
        if item.claims.provider_figure:
            channel, source = shown.channel(item.channel), item.claims.provider_figure.source
            yield Text(words("claims.source", channel=channel, source=source), "note")


def _claim(item: Item, says: str, shown: Shown) -> tuple[Cell, ...]:
    counts = (getattr(item.claims, f"{says}_{end}") for end in ("seen", "unseen"))
    channel = shown.text(shown.channel(item.channel))
    return (channel, shown.word(f"claims.{says}"), *map(shown.count, counts))


def _claims_chart(item: Item, shown: Shown) -> Chart:
    told = item.claims
    claimed = told.delivered_seen + told.delivered_unseen
    seen = told.delivered_seen + told.failed_seen + told.none_seen
    bars = [
        {"word": shown.words("claims.bar_claimed"), "count": claimed, "shown": f"{claimed:,}"},
        {"word": shown.words("claims.bar_seen"), "count": seen, "shown": f"{seen:,}"},
    ]
    channel = shown.channel(item.channel)
    alt = ", ".join(f"{bar['word']} {bar['shown']}" for bar in bars)
    title = shown.words("claims.chart", channel=channel)
    return Chart("claims", title, f"{channel}: {alt}", {"bars": bars})


def _own_figure(item: Item, shown: Shown) -> Cell:
    figure = item.claims.provider_figure
    return shown.percent(figure.value) if figure else shown.none


def _difference(item: Item, shown: Shown) -> Cell:
    """How much more the provider counts as delivered than devices saw."""
    figure, seen = item.claims.provider_figure, item.probes.ratio.value
    if figure is None or seen is None:
        return shown.none
    return shown.percent(f"{float(figure.value) - float(seen):.6f}")


def latency(report: Report, shown: Shown) -> Iterator[Block]:
    """Quantiles over all messages, and over those that arrived."""
    words = shown.words
    yield Text(words("latency.meaning"), "note")
    stages = [(item, stage) for item in report.items for stage in item.latency]
    if not stages:
        yield Text(words("common.nothing"))
        return
    columns = (
        Column(words("common.channel"), wide=True), Column(words("latency.stage"), wide=True),
        Column(words("latency.n")), Column(words("latency.lost")), Column("p50"), Column("p95"),
        Column("p99"), *(Column(words(f"latency.arrived_{q}")) for q in ("p50", "p95", "p99")),
    )  # fmt: skip
    yield Table(words("latency.table"), columns, tuple(_stage(*each, shown) for each in stages))
    rows = [_range(item, stage, shown) for item, stage in stages if stage.n > stage.never]
    if rows:
        data = {"rows": rows, "never": words("latency.never"), "second": words("latency.second")}
        yield Chart("latency", words("latency.chart"), words("latency.alt"), data)


def _stage(item: Item, stage: Latency, shown: Shown) -> tuple[Cell, ...]:
    everything = (getattr(stage, quantile) for quantile in _QUANTILES)
    arrived = (getattr(stage.arrived, quantile) for quantile in _QUANTILES)
    nothing = stage.n == stage.never
    return (
        shown.text(shown.channel(item.channel)), shown.word(f"latency.{stage.stage}"),
        shown.count(stage.n), shown.count(stage.never),
        *(shown.milliseconds(each) if stage.n else shown.none for each in everything),
        *(shown.none if nothing else shown.milliseconds(each) for each in arrived),
    )  # fmt: skip


def _range(item: Item, stage: Latency, shown: Shown) -> dict[str, object]:
    name = f"{shown.channel(item.channel)} · {shown.words(f'latency.{stage.stage}')}"
    values = [getattr(stage, quantile) for quantile in _QUANTILES]
    return {"name": name, "values": [None if each is None else float(each) for each in values]}


def fallback(report: Report, shown: Shown) -> Iterator[Block]:
    """What became of messages whose own channel failed and that had a substitute."""
    yield Text(shown.words("fallback.meaning"), "note")
    keys = ("eligible", "in_time", "late", "never", "not_started", "double")
    yield from over_channels(report, shown, shown.words("fallback.table"), [
        *((f"fallback.{key}", _fallback(key, shown)) for key in keys),
        ("fallback.value", lambda item: shown.percent(item.fallback.value)),
        ("summary.low", lambda item: shown.percent(item.fallback.low)),
        ("summary.high", lambda item: shown.percent(item.fallback.high)),
    ])  # fmt: skip


def _fallback(key: str, shown: Shown) -> Callable[[Item], Cell]:
    return lambda item: shown.count(getattr(item.fallback, key))


def response(report: Report, shown: Shown) -> Iterator[Block]:
    """How soon outages were detected, taken on and over."""
    words = shown.words
    yield Text(words("response.meaning"), "note")
    yield from over_channels(report, shown, words("response.table"), list(_response(shown)))


def _response(shown: Shown) -> Iterator[Figure]:
    yield "response.outages", lambda item: shown.count(item.response.outages)
    yield "response.afterwards", lambda item: shown.count(item.response.found_afterwards)
    for name in ("mttd", "mtta", "mttr"):
        for part in ("mean", "median", "max"):
            yield f"response.{name}_{part}", _spread(name, part, shown)
        yield f"response.{name}_missing", _missing(name, shown)
    yield "response.late", lambda item: shown.spent(item.response.late_fix_min)
    yield "response.weighted", lambda item: shown.spent(item.response.late_fix_weighted)


def _spread(name: str, part: str, shown: Shown) -> Callable[[Item], Cell]:
    return lambda item: shown.spent(getattr(_named(item, name), part))


def _missing(name: str, shown: Shown) -> Callable[[Item], Cell]:
    return lambda item: shown.count(_named(item, name).missing)


def _named(item: Item, name: str) -> Spread:
    spreads = {"mttd": item.response.mttd, "mtta": item.response.mtta, "mttr": item.response.mttr}
    return spreads[name]


def credits_due(report: Report, shown: Shown) -> Iterator[Block]:
    """Which row of the contract's table applies, and until when it may be claimed."""
    yield Text(shown.words("credit.not_advice"), "strong")
    yield from over_channels(report, shown, shown.words("credit.table"), [
        ("summary.measured", lambda item: shown.percent(item.availability.measured)),
        ("credit.below", lambda item: _row(item, "below_ppm", shown)),
        ("credit.share", lambda item: _row(item, "credit_ppm", shown)),
        ("credit.price", lambda item: _price(item, shown)),
        ("credit.krw", lambda item: shown.count(item.credit.krw)),
        ("credit.deadline", lambda item: shown.time(item.credit.claim_deadline)),
        ("response.weighted", lambda item: shown.spent(item.response.late_fix_weighted)),
        ("credit.cap", lambda item: _setting(item, "penalty_cap_ppm", shown)),
    ])  # fmt: skip
    yield Text(shown.words("credit.meaning"), "note")


def _row(item: Item, part: str, shown: Shown) -> Cell:
    row = item.credit.row
    return shown.word("credit.no_row") if row is None else shown.share(getattr(row, part))


def _price(item: Item, shown: Shown) -> Cell:
    price = item.contract.settings.get("monthly_price_krw")
    return shown.count(price) if isinstance(price, int) else shown.none


def _setting(item: Item, name: str, shown: Shown) -> Cell:
    value = item.contract.settings.get(name)
    return shown.share(value) if isinstance(value, int) and 0 <= value <= PPM else shown.none
