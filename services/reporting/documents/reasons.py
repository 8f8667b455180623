"""Why a verdict is what it is, in one sentence that its figures bear out. Pure.

In:  one channel of the report. Out: a sentence an objective, and the one that decides the channel.
"""

from collections.abc import Iterable
from decimal import Decimal

from services.contracts.report import Outage, Report
from services.contracts.report_item import Item, Judged
from services.contracts.report_words import Verdict
from services.reporting.documents.shown import PPM, Shown

_GRAVITY = (Verdict.MISSED, Verdict.INSUFFICIENT, Verdict.MET, Verdict.NOT_APPLICABLE)
_COUNTABLE = 3  # intervals of the shortest outage that rule s1 counts


def of_item(item: Item, report: Report, shown: Shown) -> str:
    """The sentence of the objective that decided."""
    judged = [each for each in item.verdicts if each.verdict == item.verdict]
    if judged:
        return of_objective(judged[0], item, report, shown)
    return shown.words("why.nothing_in_service" if not item.minutes.service else "why.no_objective")


def of_objective(judged: Judged, item: Item, report: Report, shown: Shown) -> str:
    """One sentence; what the catalogue has no words for says the verdict alone."""
    if judged.verdict is Verdict.NOT_APPLICABLE:
        return shown.words("why.not_judged")
    if judged.verdict is Verdict.INSUFFICIENT and item.minutes.unmeasured == item.minutes.service:
        return shown.words("why.no_evidence")
    match judged.objective:
        case "availability":
            return _availability(judged.verdict, item, shown)
        case "fix_minutes":
            return _fix(judged.verdict, item, report.outages, shown)
        case "delivery":
            return _ratio("delivery", judged.verdict, item, shown)
        case "false_receipt":
            return _ratio("false", judged.verdict, item, shown)
        case "latency":
            return shown.words(f"why.latency_{judged.verdict}")


def _availability(verdict: Verdict, item: Item, shown: Shown) -> str:
    told = item.availability
    fields = {
        "objective": shown.share(item.objective_ppm.availability).shown,
        "measured": shown.percent(told.measured).shown,
        "low": shown.percent(told.lowest).shown,
        "high": shown.percent(told.highest).shown,
        "covered": shown.percent(_covered(item)).shown,
        "outage": shown.spent(item.outage_min).shown,
        "budget": shown.allowed(item.budget_min).shown,
        "shortest": shown.spent(str(_COUNTABLE * Decimal(item.edge_error_min))).shown,
    }
    return shown.words(f"why.availability_{_kind(verdict, item)}", **fields)


def _kind(verdict: Verdict, item: Item) -> str:
    """Which sentence: an insufficient one differs by what it lacks."""
    coverage = item.contract.settings.get("gap_rule") == "coverage"
    if verdict is not Verdict.INSUFFICIENT:
        sure = item.minutes.unmeasured == 0
        return f"{verdict}_coverage" if coverage else f"{verdict}_sure" if sure else f"{verdict}"
    if _thin(item):
        return "insufficient_thin"
    if coverage:
        return "insufficient_coverage"
    return "insufficient_below" if _below(item) else "insufficient"


def _thin(item: Item) -> bool:
    """Could a whole countable outage pass unseen?"""
    shortest = _COUNTABLE * Decimal(item.edge_error_min)
    return item.budget_min is not None and shortest > Decimal(item.budget_min)


def _below(item: Item) -> bool:
    """Measured below the objective and not missed: D is divided by what was measured alone."""
    measured, objective = item.availability.measured, item.objective_ppm.availability
    return None not in (measured, objective) and Decimal(measured or 0) * PPM < (objective or 0)


def _covered(item: Item) -> str:
    seen = item.minutes.service - item.minutes.unmeasured
    return f"{seen * PPM // item.minutes.service / PPM:.6f}"


def _fix(verdict: Verdict, item: Item, outages: Iterable[Outage], shown: Shown) -> str:
    here = [each for each in outages if each.channel == item.channel]
    if not here:
        return shown.words("why.fix_none")
    worst = min(here, key=lambda each: (_GRAVITY.index(each.fix.verdict), -each.fix.upper))
    lower, upper, limit = worst.fix.lower, worst.fix.upper, worst.fix.limit or 0
    kind = f"{verdict}_open" if worst.end is None else str(verdict)
    return shown.words(
        f"why.fix_{kind}", lower=f"{lower:,}", upper=f"{upper:,}", limit=f"{limit:,}",
        over=f"{max(lower - limit, 0):,}",
    )  # fmt: skip


def _ratio(kind: str, verdict: Verdict, item: Item, shown: Shown) -> str:
    delivery = kind == "delivery"
    ratio = item.probes.ratio if delivery else item.claims.false_receipt
    objectives = item.objective_ppm
    objective = objectives.delivery if delivery else objectives.false_receipt
    return shown.words(
        f"why.{kind}_{verdict}", objective=shown.share(objective).shown,
        low=shown.percent(ratio.low).shown, high=shown.percent(ratio.high).shown,
    )  # fmt: skip
