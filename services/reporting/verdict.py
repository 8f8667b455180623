"""Verdicts: met, missed, or not to be told from what was seen; and one word why.

In:  sums of minutes, fixes, intervals, quantiles, and the objectives of the contract. Out: a ruling
each. Whole numbers are compared, never their prints. Pure.
Before: `sums.py`, `outages.py`, `ratio.py`, `latency.py`. After: `month.py`.
"""

from collections.abc import Iterable
from typing import NamedTuple

from services.contracts.report_words import Verdict
from services.contracts.sla import Contract
from services.reporting.minutes import ALL
from services.reporting.ratio import PPM
from services.reporting.sums import Sums

MET, MISSED, INSUFFICIENT = Verdict.MET, Verdict.MISSED, Verdict.INSUFFICIENT
_WORST_FIRST = (MISSED, INSUFFICIENT, MET)
_SHORTEST = 3  # intervals: a shorter outage is none


class Ruling(NamedTuple):
    """What became of an objective, and why."""

    verdict: Verdict
    reason: str


def of(known: bool | None) -> Verdict:
    """Kept, not kept, or not known."""
    return {True: MET, False: MISSED, None: INSUFFICIENT}[known]


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Of several objectives; not applicable without any."""
    given = set(verdicts)
    return next((each for each in _WORST_FIRST if each in given), Verdict.NOT_APPLICABLE)


def availability(sums: Sums, contract: Contract, interval_min: int) -> Ruling:
    """Of the minutes; `interval_min`: the longest interval among the item's routes.

    Where the shortest outage that counts is longer than the budget, probing is too thin to prove
    anything but a miss.
    """
    if not sums.service:
        return Ruling(Verdict.NOT_APPLICABLE, "no_service_time")
    by_coverage = contract.settings.gap_rule == "coverage"
    told = _by_coverage(sums, contract) if by_coverage else _by_bounds(sums)
    if told.verdict is MET and _SHORTEST * interval_min * ALL > sums.budget:
        return Ruling(INSUFFICIENT, "thin_probing")
    return told


def _by_bounds(sums: Sums) -> Ruling:
    """It must hold whatever happened in the unmeasured minutes."""
    if sums.most <= sums.budget:
        return Ruling(MET, "within_budget")
    if sums.least > sums.budget:
        return Ruling(MISSED, "beyond_budget")
    return Ruling(INSUFFICIENT, "unmeasured")


def _by_coverage(sums: Sums, contract: Contract) -> Ruling:
    """Enough was measured, and that is judged; else only a miss can be proven."""
    enough = sums.measured * PPM >= contract.settings.coverage_min_ppm * sums.service
    if sums.counted > (sums.measured_budget if enough else sums.budget):
        return Ruling(MISSED, "beyond_budget")
    return Ruling(MET, "within_budget") if enough else Ruling(INSUFFICIENT, "unmeasured")


def fixes(verdicts: Iterable[Verdict]) -> Ruling:
    """Of all outages of the month; met without any."""
    told = worst([MET, *verdicts])
    return Ruling(told, {MET: "in_time", MISSED: "too_late", INSUFFICIENT: "unmeasured"}[told])


def ratio(known: bool | None) -> Ruling:
    """Of an interval against its objective."""
    told = of(known)
    return Ruling(told, {MET: "proven", MISSED: "refuted", INSUFFICIENT: "interval"}[told])


def latency(shown_us: int | None, n: int, max_s: int) -> Ruling:
    """Of a quantile over `n` valid probes; None: that one never came."""
    if not n:
        return Ruling(INSUFFICIENT, "no_probes")
    if shown_us is None:
        return Ruling(MISSED, "not_delivered")
    in_time = shown_us <= max_s * 1_000_000
    return Ruling(MET, "in_time") if in_time else Ruling(MISSED, "too_slow")
