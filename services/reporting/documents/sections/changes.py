"""A changed figure in words: of which channel and day it is, what it is called elsewhere in the
document, and its value as it is printed there. What has no name stays as it is in the JSON."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from services.contracts.report import Change, Report
from services.reporting.documents.blocks import Cell
from services.reporting.documents.shown import Shown

_LIST = re.compile(r"(\w+)\[(\d+)\]\.?(.*)")
_NAMES = {
    "outage_min": "summary.outage",
    "budget_min": "summary.budget",
    "budget_used": "summary.used",
    "availability.measured": "summary.measured",
    "availability.lowest": "summary.lowest",
    "availability.highest": "summary.highest",
    "availability.partial_full": "method.partial_full",
    "availability.partial_ignored": "method.partial_ignored",
    "availability.no_exclusions": "exclusion.without",
    "ratio.value": "summary.delivered",
    "low": "summary.low",
    "high": "summary.high",
    "false_receipt.value": "claims.false_ratio",
    "t0": "outage.began",
    "end": "outage.ended",
    "minutes_here": "outage.here",
    "minutes_total": "outage.total",
    "peak_share": "outage.share",
    "fix.lower": "outage.fix_lower",
    "fix.upper": "outage.fix_upper",
    "fix.verdict": "outage.fix_verdict",
    "verdict": "summary.verdict",
    "late_fix_min": "response.late",
    "late_fix_weighted": "response.weighted",
    "found_afterwards": "response.afterwards",
    "claim_deadline": "credit.deadline",
    "good": "daily.good",
    "valid": "daily.valid",
    "n": "latency.n",
}
_PARTS = {"fallback": "section.s7", "false_receipt": "claims.false"}
_GROUPS = ("minute", "probe", "fallback", "response", "credit", "claims", "outage")
_SHARES = re.compile(
    r"availability|peak_share|confidence|(ratio|false_receipt|fallback)\.(value|low|high)"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
# Words of the arithmetic, which the verdict beside them says in words of the document.
_UNTOLD = re.compile(r"items\[\d+\]\.verdicts\[\d+\]\.reason")


class Told(NamedTuple):
    """One row: which figure, before, after."""

    figure: Cell
    old: Cell
    new: Cell


def in_words(changes: Iterable[Change], report: Report, shown: Shown) -> Iterator[Told]:
    """All figures that changed."""
    told = report.model_dump(mode="json")
    for each in changes:
        if _UNTOLD.fullmatch(each.path):
            continue
        old, new = (_value(each.path, value, shown) for value in (each.old, each.new))
        yield Told(shown.text(_figure(each.path, told, shown)), old, new)


def _figure(path: str, told: Any, shown: Shown) -> str:
    """`items[0].latency[2].p99_ms`: the channel, the stage, the quantile."""
    match = _LIST.fullmatch(path)
    if match is None:
        return _name(path, shown)
    group, number, rest = match.group(1), int(match.group(2)), match.group(3)
    rows = told.get(group, []) if isinstance(told, dict) else []
    row = rows[number] if number < len(rows) else {}
    place = _place(group, number, row, shown)
    return f"{place} · {_figure(rest, row, shown)}" if rest else place


def _place(group: str, number: int, row: Any, shown: Shown) -> str:
    words = shown.words
    match group, row:
        case "days", {"channel": channel, "day": day}:
            return f"{shown.channel(channel)} {day}"
        case "items" | "outages" | "exclusions", {"channel": channel}:
            return shown.channel(channel)
        case "latency", {"stage": stage}:
            return words(f"latency.{stage}")
        case "verdicts", {"objective": objective}:
            return words(f"objective.{objective}")
        case "routes", {"route": route}:
            return str(route)
    return f"{words.get(f'changed.{group}', group)} {number + 1}"


def _name(rest: str, shown: Shown) -> str:
    """By the longest end that has a name; what several parts have says which part it is of."""
    parts = rest.split(".")
    for part, title in _PARTS.items():
        if part in parts:
            return f"{shown.words(title)} · {_ending(parts[parts.index(part) :], rest, shown)}"
    return _ending(parts, rest, shown)


def _ending(parts: list[str], rest: str, shown: Shown) -> str:
    for first in range(len(parts)):
        if key := _NAMES.get(".".join(parts[first:])):
            return shown.words(key)
    end = "_".join(parts[1:]) if parts[0] == "response" else parts[-1]
    for group in _GROUPS:
        if (name := shown.words.get(f"{group}.{end}", "")) != "":
            return name
    return rest.removesuffix("_ms")


def _value(path: str, value: str | None, shown: Shown) -> Cell:
    if value is None:
        return shown.none
    if path.endswith("verdict"):
        return shown.text(shown.words.get(f"verdict.{value}", value))
    if path.endswith("credit.row"):
        row = {name: shown.share(ppm).shown for name, ppm in json.loads(value).items()}
        return shown.text(shown.words("contract.credit", **row))
    if value[:1] in "[{":
        return shown.text(_plain(json.loads(value), shown))
    return _number(path, value, shown)


def _number(path: str, value: str, shown: Shown) -> Cell:
    if _TIME.fullmatch(value):
        return shown.time(value)
    if value.isdecimal():
        return shown.count(int(value))
    if path.endswith("budget_used"):
        return shown.used(value)
    if re.fullmatch(r"-?\d+\.\d{6}", value):
        return shown.percent(value) if _SHARES.search(path) else shown.spent(value)
    return shown.milliseconds(value) if path.endswith("_ms") else shown.text(value)


def _plain(value: Any, shown: Shown) -> str:
    """A row that came or went, in one line that may break."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(each, shown)}" for name, each in value.items())
    if isinstance(value, list):
        return "; ".join(_plain(each, shown) for each in value)
    return shown.time(value).shown if _TIME.fullmatch(str(value)) else str(value)
