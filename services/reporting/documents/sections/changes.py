"""A changed figure in words: which channel and day, and what the figure is called elsewhere."""

import re

from services.contracts.report import Change, Report
from services.reporting.documents.shown import Shown

_PLACE = re.compile(r"(items|days|outages)\[(\d+)\]\.(.+)")
# What a figure is called in the tables, by the end of its path.
_NAMES = {
    "outage_min": "summary.outage",
    "budget_used": "summary.used",
    "availability.measured": "summary.measured",
    "availability.lowest": "summary.lowest",
    "availability.highest": "summary.highest",
    "probes.ratio.value": "summary.delivered",
    "probes.ratio.low": "summary.low",
    "probes.ratio.high": "summary.high",
    "minutes_here": "outage.here",
    "minutes_total": "outage.total",
    "fix.lower": "outage.fix_lower",
    "fix.upper": "outage.fix_upper",
    "fix.verdict": "outage.fix_verdict",
    "verdict": "summary.verdict",
}
_GROUPS = (("minutes.excluded.", "minute."), ("minutes.", "minute."), ("probes.", "probe."))


def in_words(change: Change, report: Report, shown: Shown) -> tuple[str, str | None, str | None]:
    """Which figure, before, after; a path that has no name stays as it is in the JSON."""
    path = change.path
    old, new = _value(path, change.old, shown), _value(path, change.new, shown)
    return _figure(path, report, shown), old, new


def _figure(path: str, report: Report, shown: Shown) -> str:
    match = _PLACE.fullmatch(path)
    if match is None:
        return path
    group, number, rest = match.group(1), int(match.group(2)), match.group(3)
    rows = getattr(report, group)
    if number >= len(rows):
        return path
    place = shown.channel(rows[number].channel)
    if group == "days":
        place, rest = f"{place} {rows[number].day}", f"minutes.{rest}"
    return f"{place} · {_name(rest, shown)}"


def _name(rest: str, shown: Shown) -> str:
    if (key := _NAMES.get(rest.removeprefix("minutes."), _NAMES.get(rest))) is not None:
        return shown.words(key)
    for prefix, group in _GROUPS:
        if rest.startswith(prefix):
            return shown.words.get(group + rest.removeprefix(prefix), rest)
    return rest


def _value(path: str, value: str | None, shown: Shown) -> str | None:
    if value is not None and path.endswith("verdict"):
        return shown.words.get(f"verdict.{value}", value)
    return value
