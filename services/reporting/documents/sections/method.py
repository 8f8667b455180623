"""Section 11: how it was computed, with the month's own numbers."""

import json
from collections.abc import Callable, Iterator

from services.contracts.report import Report
from services.contracts.report_item import Item
from services.contracts.sla import Settings
from services.reporting.documents.blocks import Block, Cell, Column, Table, Text
from services.reporting.documents.sections.channels import over_channels
from services.reporting.documents.shown import Shown

_STEPS = ("scope", "outcome", "spans", "bridged", "minutes", "budget", "ratio", "latency", "people")
_PROBES = (
    "slots", "delivered", "late", "failover", "rejected", "undelivered", "exempt", "void",
    "unknown", "not_sent", "duplicates", "edge", "clock_suspect",
)  # fmt: skip


def method(report: Report, shown: Shown) -> Iterator[Block]:
    """The rule in plain words, this month's numbers in it, and what departs from the default."""
    words = shown.words
    for number, step in enumerate(_STEPS, start=1):
        yield Text(f"{number}. {words(f'method.{step}')}")
    for item in report.items:
        yield Text(_filled(item, shown))
    yield from over_channels(report, shown, words("method.partial"), [
        ("method.partial_full", lambda item: shown.percent(item.availability.partial_full)),
        ("method.weighted", lambda item: shown.percent(item.availability.measured)),
        ("method.partial_ignored", lambda item: shown.percent(item.availability.partial_ignored)),
    ])  # fmt: skip
    probes = [(f"probe.{name}", _probes(name, shown)) for name in _PROBES]
    yield from over_channels(report, shown, words("method.probes"), probes)
    yield from _departures(report, shown)
    yield Text(words("method.not_measured"), "note")


def _filled(item: Item, shown: Shown) -> str:
    """The formula with the month's numbers."""
    minutes = item.minutes
    measured = minutes.service - minutes.unmeasured
    return shown.words(
        "method.filled" if measured else "method.filled_none",
        channel=shown.channel(item.channel), total=f"{minutes.total:,}",
        excluded=f"{minutes.total - minutes.service:,}", service=f"{minutes.service:,}",
        unmeasured=f"{minutes.unmeasured:,}", measured=f"{measured:,}",
        outage=shown.spent(item.outage_min).shown,
        availability=shown.percent(item.availability.measured).shown,
    )  # fmt: skip


def _probes(name: str, shown: Shown) -> Callable[[Item], Cell]:
    return lambda item: shown.count(getattr(item.probes, name))


def _departures(report: Report, shown: Shown) -> Iterator[Block]:
    """Settings that are not the default: what the parties agreed otherwise."""
    usual = Settings().model_dump(mode="json")
    rows = [
        tuple(map(shown.text, (shown.channel(item.channel), name, _said(set_), _said(usual[name]))))
        for item in report.items
        for name, set_ in sorted(item.contract.settings.items())
        if name in usual and set_ != usual[name]
    ]
    if not rows:
        yield Text(shown.words("method.all_default"))
        return
    keys = ("common.channel", "method.setting", "method.set", "method.usual")
    columns = tuple(Column(shown.words(key), wide=True) for key in keys)
    yield Table(shown.words("method.departures"), columns, tuple(rows))


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
