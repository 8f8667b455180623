"""The figures of one item, as the report writes them.

In:  the item's context, `Figures`. Out: an `Item`. Rounding is done: here figures only get their
form. Before: `month.py`. Part of `assemble.py`.
"""

from collections.abc import Mapping
from typing import Any

from services.contracts.report_item import (
    Arrived,
    Availability,
    Claims,
    ContractPart,
    Credit,
    CreditRow,
    Excluded,
    Fallback,
    Interval,
    Item,
    Judged,
    Latency,
    MinutesPart,
    ObjectivesPpm,
    Probes,
    Response,
    RoutePart,
    Spread,
)
from services.contracts.report_words import LatencyStage, Part
from services.contracts.sla import Contract
from services.reporting import credit, ratio, response, written
from services.reporting.context import ItemContext
from services.reporting.counts import Probes as Counts
from services.reporting.latency import Latencies
from services.reporting.minutes import ALL
from services.reporting.month import Figures
from services.reporting.openslo import openslo
from services.reporting.sums import Sums
from services.reporting.totals import STAGES, OfRoute
from services.reporting.written import minutes, minutes_or_none, ratio_or_none

_QUANTILES = (500_000, 950_000, 990_000)
_NO_TERMS = {"id", "version", "body", "channel", "counterparty", "grade", "routes", "tz"}


def item(context: ItemContext, figures: Figures) -> Item:
    """One channel of the report."""
    whole, contract = figures.totals, figures.contract
    sums, claims, fallback = whole.sums, whole.claims, whole.fallback
    judged = contract.availability_ppm is not None
    return Item(
        channel=context.channel,
        contract=_contract(contract),
        routes=_routes(contract, whole.routes),
        openslo=openslo(contract),
        objective_ppm=_objectives(contract),
        minutes=_minutes(sums),
        outage_min=minutes(sums.counted),
        budget_min=minutes(sums.budget) if judged else None,
        budget_used=ratio_or_none(sums.budget_used) if judged else None,
        availability=_availability(sums),
        verdict=figures.verdict,
        disputed=context.disputed,
        verdicts=tuple(
            Judged(objective=objective, verdict=ruling.verdict, reason=ruling.reason)
            for objective, ruling in figures.rulings.items()
        ),
        edge_error_min=minutes(figures.interval_min * ALL),
        probes=_probes(whole.probes, figures.delivery),
        latency=tuple(_latency(stage, whole.latencies[stage]) for stage in STAGES),
        claims=Claims(
            **_numbers(claims, Claims),
            false_receipt=_interval(
                ratio.raised(claims.false, claims.claimed), figures.false_receipts
            ),
            provider_figure=context.provider_figure,
        ),
        response=_response(figures.response),
        fallback=Fallback(
            **_numbers(fallback, Fallback),
            **_bounds(ratio.floored(fallback.in_time, fallback.eligible), figures.fallback),
        ),
        credit=_credit(figures.credit),
    )


def _contract(contract: Contract) -> ContractPart:
    """Every term of it, a default too: what a setting was is read here and nowhere else."""
    told = contract.model_dump(mode="json")
    terms = told.pop("settings") | {n: v for n, v in told.items() if n not in _NO_TERMS}
    return ContractPart(
        id=contract.id, version=contract.version, grade=contract.grade,
        counterparty=contract.counterparty, settings=terms,
    )  # fmt: skip


def _routes(contract: Contract, found: Mapping[str, OfRoute]) -> tuple[RoutePart, ...]:
    counted = ((share, found.get(share.route, OfRoute())) for share in contract.routes)
    return tuple(
        RoutePart(
            route=share.route, weight=share.weight, valid=own.valid, good=own.good,
            outage_min=minutes(own.outage),
        )
        for share, own in counted
    )  # fmt: skip


def _objectives(contract: Contract) -> ObjectivesPpm:
    return ObjectivesPpm(
        availability=contract.availability_ppm,
        delivery=contract.objectives.delivery_ppm,
        false_receipt=contract.objectives.false_receipt_ppm,
        fix_minutes=contract.fix_min,
    )


def _minutes(sums: Sums) -> MinutesPart:
    return MinutesPart(excluded=Excluded(**_numbers(sums, Excluded)), **_numbers(sums, MinutesPart))


def _availability(sums: Sums) -> Availability:
    return Availability(
        measured=ratio_or_none(sums.availability),
        lowest=ratio_or_none(sums.lowest),
        highest=ratio_or_none(sums.highest),
        partial_full=ratio_or_none(sums.if_full),
        partial_ignored=ratio_or_none(sums.if_ignored),
        no_exclusions=ratio_or_none(sums.if_bare),
    )


def _probes(counts: Counts, delivery: ratio.Interval) -> Probes:
    value = ratio.floored(counts.good, counts.valid)
    return Probes(**_numbers(counts, Probes), ratio=_interval(value, delivery))


def _latency(stage: LatencyStage, times: Latencies) -> Latency:
    return Latency(
        stage=stage, n=times.n, never=times.never,
        **_quantiles(times), arrived=Arrived(**_quantiles(times.arrived)),
    )  # fmt: skip


def _quantiles(times: Latencies) -> dict[str, Any]:
    shown = map(written.milliseconds, times.quantiles(*_QUANTILES))
    return dict(zip(("p50_ms", "p95_ms", "p99_ms"), shown, strict=True))


def _interval(value: int | None, bounds: ratio.Interval) -> Interval:
    return Interval(**_bounds(value, bounds))


def _bounds(value: int | None, bounds: ratio.Interval) -> dict[str, Any]:
    low, high = map(written.ratio, bounds.printed())
    return {"value": ratio_or_none(value), "low": low, "high": high}


def _response(told: response.Response) -> Response:
    return Response(
        outages=told.outages,
        found_afterwards=told.found_afterwards,
        mttd=_spread(told.to_detect),
        mtta=_spread(told.to_acknowledge),
        mttr=_spread(told.to_restore),
        late_fix_min=minutes(told.late_min * ALL),
        late_fix_weighted=minutes(told.late_weighted),
    )


def _spread(told: response.Spread) -> Spread:
    return Spread(
        mean=minutes_or_none(told.mean), median=minutes_or_none(told.median),
        max=minutes_or_none(told.longest), n=told.n, missing=told.missing,
    )  # fmt: skip


def _credit(told: credit.Credit) -> Credit:
    row, until = told.row, told.deadline
    return Credit(
        row=CreditRow(below_ppm=row.below_ppm, credit_ppm=row.credit_ppm) if row else None,
        krw=told.krw,
        claim_deadline=None if until is None else written.time(int(until.timestamp()) * 1_000),
    )


def _numbers(counted: object, part: type[Part]) -> dict[str, Any]:
    """The whole numbers that both have, by name."""
    return {
        name: getattr(counted, name)
        for name, field in part.model_fields.items()
        if hasattr(counted, name) and isinstance(getattr(counted, name), int)
    }
