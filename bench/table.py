"""The acceptance table: figures of all runs against their limits, with 95 % intervals.

In:  outcomes. Out: lines to print, and what is beyond its limit. Source: detection.md 13. Pure.
Before: `runs.py`. After: `detection.py` prints.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from bench.faults import TABLE
from bench.runs import QUIET, Outcome, Plan

NEVER = math.inf
_SIZES = ("S7", "S50", "S250")
# By kind: S7 without and with confirm probes, S50, S250; median and p95 in seconds.
_LIMITS = {
    "platform dead": ((34, 44), (24, 39), (13, 15), (13, 15), (8, 9), (8, 9)),
    "platform 30 % loss": ((119, 222), (80, 135), (36, 57), (35, 52), (22, 32), (21, 29)),
    "platform slow x10": ((75, 96), (74, 92), (70, 80), (70, 79), (70, 79), (70, 79)),
    "dealer dead": ((45, 77), (23, 50), (16, 30), (13, 30), (8, 17), (8, 16)),
    "carrier dead": ((122, 182), (62, 105), (28, 41), (24, 35), (14, 17), (14, 17)),
    "route dead": ((139, 185), (69, 114), (93, 150), (50, 85), (35, 50), (30, 42)),
    "profile blocked": ((91, 119), (27, 51), (91, 119), (24, 46), (89, 112), (23, 41)),
    "false reports": ((70, 124), (40, 70), (28, 44), (23, 34), (15, 24), (15, 24)),
    "channel dead": ((254, 309), (85, 131), (252, 309), (83, 126), (259, 310), (91, 139)),
    "flapping": ((35, 65), (25, 41), (15, 17), (14, 17), (9, 10), (8, 10)),
    "two faults": ((52, 80), (36, 54), (24, 32), (21, 30), (13, 17), (13, 16)),
    "handset dead": ((43, 59), (37, 55), (27, 41), (27, 40), (20, 27), (20, 27)),
    "worker cut off": ((19, 27), (15, 22), (8, 11), (7, 10), (6, 6), (6, 6)),
    "worker clock": ((75, 99), (59, 81), (59, 79), (53, 71), (24, 62), (24, 62)),
}
# At S50; those of random faults with confirm probes.
_EXACT = {"one random": 0.96, "two random": 0.65, "three mended": None, "wrong dealers": 0.95}
_PRECISE = {"two random": 0.97}
_PEAKS_A_YEAR, _EXTRA_SHARE = 1.5, 0.05


class Limits(NamedTuple):
    """Of a kind of fault at a size; None: no limit."""

    median: float | None
    p95: float | None
    exact: float | None


Interval = tuple[float, float]


def limits(outcome: Outcome, loose: bool) -> Limits:
    """`loose`: p95 doubled and no median, for few runs. The table's limits hold at 60 s."""
    plan = outcome.plan
    if plan.kind not in _LIMITS:
        return Limits(None, None, _EXACT[plan.kind] if _at_s50(plan) else None)
    if plan.interval_s != 60:
        return Limits(None, None, None)
    exact = 0.90 if plan.size == "S7" else 0.97
    median, p95 = _LIMITS[plan.kind][2 * _SIZES.index(plan.size) + plan.confirm]
    return Limits(None, p95 * 2, exact) if loose else Limits(median, p95, exact)


def _at_s50(plan: Plan) -> bool:
    return plan.size == "S50" and (plan.confirm or not plan.kind.endswith("random"))


def at(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share does not exceed."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


def bootstrapped(values: Sequence[float], share: float) -> Interval:
    """95 % interval of that quantile."""
    dice, ordered = np.random.default_rng(len(values)), np.array(values)
    drawn = np.sort(ordered[dice.integers(len(values), size=(1000, len(values)))], axis=1)
    found = drawn[:, max(math.ceil(share * len(values)) - 1, 0)].tolist()
    return at(found, 0.025), at(found, 0.975)


def binomial(count: int, of: int) -> Interval:
    """95 % interval of a share, by Wilson."""
    z, share = 1.96, count / of
    middle, scale = share + z * z / (2 * of), 1 + z * z / of
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max((middle - half) / scale, 0), min((middle + half) / scale, 1)


class Report:
    """Lines, and what is beyond its limit."""

    def __init__(self, outcomes: Iterable[Outcome], loose: bool = False) -> None:
        self.lines: list[str] = []
        self.beyond: list[str] = []
        self._loose = loose
        groups: defaultdict[tuple[str, bool], dict[str, list[Outcome]]] = defaultdict(dict)
        for one in outcomes:
            group = groups[one.plan.size, one.plan.confirm]
            group.setdefault(one.plan.kind, []).append(one)
        for (size, confirm), kinds in groups.items():
            self._group(f"{size} {'C2' if confirm else 'C1'}", kinds)

    def _group(self, where: str, kinds: dict[str, list[Outcome]]) -> None:
        title = ("median s [95 %] limit", "p95 s [95 %] limit", "exact [95 %] limit")
        self.lines += [
            "",
            f"{where:<20} {title[0]:<24} {title[1]:<24} {title[2]:<25} pages  k-of-n",
        ]
        for kind, found in kinds.items():
            self._row(f"{where} {kind}", kind, found)
        if kinds.keys() >= TABLE.keys():
            self._sum(where, [one for kind in TABLE for one in kinds[kind]])

    def _row(self, name: str, kind: str, found: list[Outcome]) -> None:
        if kind == QUIET:
            self._quiet(name, found)
        elif kind.startswith(("slow", "world")):
            self._silent(name, kind, found)
        else:
            self._named(name, kind, found)

    def _named(self, name: str, kind: str, found: list[Outcome]) -> None:
        limit = limits(found[0], self._loose)
        delays = [NEVER if one.delay is None else float(one.delay) for one in found]
        exact = sum(one.exact for one in found)
        cells = [
            self._cell(name, "median", at(delays, 0.5), bootstrapped(delays, 0.5), limit.median),
            self._cell(name, "p95", at(delays, 0.95), bootstrapped(delays, 0.95), limit.p95),
            self._share(name, exact, len(found), limit.exact),
        ]
        rule = [NEVER if one.rule_delay is None else one.rule_delay for one in found]
        pages = np.mean([one.rule_pages for one in found])
        baseline = f"{at(rule, 0.5):.0f}/{at(rule, 0.95):.0f}, {pages:.0f} pages"
        row = f"{kind:<20} {cells[0]:<24} {cells[1]:<24} {cells[2]:<25}"
        self.lines.append(f"{row} {_pages(found):.2f}   {baseline}")
        self._check(f"{name} outages", sum(one.outages for one in found), 0)
        if kind in _PRECISE:
            self._precise(name, found, _PRECISE[kind] if _at_s50(found[0].plan) else None)

    def _precise(self, name: str, found: list[Outcome], least: float | None) -> None:
        pages = [page for one in found for page in one.pages]
        right = sum(page.right for page in pages)
        self.lines.append(f"  precision {self._share(name, right, max(len(pages), 1), least)}")

    def _silent(self, name: str, kind: str, found: list[Outcome]) -> None:
        pages = sum(len(one.pages) for one in found)
        rule = sum(one.rule_pages for one in found)
        self.lines.append(
            f"{kind:<20} {pages} pages in {len(found)} runs, limit 0; k-of-n {rule} pages"
        )
        self._check(f"{name} pages", pages, 0)

    def _quiet(self, name: str, found: list[Outcome]) -> None:
        years = sum(one.channel_days for one in found) / 365.25
        pages, peaks = sum(len(one.pages) for one in found), sum(one.peaks for one in found)
        highest = max(one.highest for one in found)
        extra = sum(one.asked for one in found) / sum(one.sent for one in found)
        rule = sum(one.rule_pages for one in found)
        self.lines.append(
            f"{QUIET:<20} {years:.2f} channel-years: {pages} pages (limit 0), highest W "
            f"{highest:.1f} (18.4), {peaks / years:.2f} peaks a channel-year ({_PEAKS_A_YEAR}), "
            f"{extra:.1%} more messages ({_EXTRA_SHARE:.0%}); k-of-n {rule} pages"
        )
        self._check(f"{name} pages", pages, 0)
        self._check(f"{name} extra messages", extra, _EXTRA_SHARE)
        if not found[0].plan.confirm:  # confirm probes look where suspicion is, and find less
            self._check(f"{name} highest W", highest, 18.4)
            self._check(f"{name} peaks", peaks / years, _PEAKS_A_YEAR)

    def _sum(self, where: str, found: list[Outcome]) -> None:
        plan, exact, pages = found[0].plan, sum(one.exact for one in found), _pages(found)
        small, judged = plan.size == "S7", plan.interval_s == 60
        most, least = 1.10 if small else 1.03, 0.98 if small and judged else None
        cell = self._share(f"{where} mean", exact, len(found), least)
        told = f" (limit {most})" if judged else ""
        self.lines.append(f"  all kinds: exact {cell}, pages {pages:.2f}{told}")
        self._check(f"{where} pages a fault", pages, most if judged else None)

    def _cell(
        self, name: str, what: str, value: float, between: Interval, limit: float | None
    ) -> str:
        told = "" if limit is None else f" /{limit:.0f}"
        mark = self._check(f"{name} {what}", value, limit)
        return f"{value:.0f}{mark} [{between[0]:.0f}..{between[1]:.0f}]{told}"

    def _share(self, name: str, count: int, of: int, least: float | None) -> str:
        low, high = binomial(count, of)
        told = "" if least is None else f" /{least:.2f}"
        mark = self._check(f"{name} exact", -count / of, None if least is None else -least)
        return f"{count / of:.3f}{mark} [{low:.2f}..{high:.2f}]{told}"

    def _check(self, what: str, value: float, limit: float | None) -> str:
        if limit is None or value <= limit:
            return ""
        self.beyond.append(f"{what}: {abs(value):.3g}, limit {abs(limit):.3g}")
        return "!"


def _pages(found: Sequence[Outcome]) -> float:
    return sum(len(one.pages) for one in found) / sum(one.wanted for one in found)
