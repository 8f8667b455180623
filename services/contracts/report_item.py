"""One channel of a body in the monthly report: every figure of its month.

Before: `services/reporting/month.py` computes them. Part of `report.py`.
"""

from typing import Annotated

from pydantic import Field

from services.contracts.report_words import (
    Count,
    LatencyStage,
    Milliseconds,
    Minutes,
    Objective,
    Part,
    Ratio,
    Time,
    Value,
    Verdict,
)


class ContractPart(Part):
    """The contract item in force at the end of the month; `settings`: every one, default or not."""

    id: str
    version: Count
    grade: int | None
    counterparty: str
    settings: dict[str, Value]


class RoutePart(Part):
    route: str
    weight: Annotated[int, Field(ge=1)]
    valid: Count
    good: Count
    outage_min: Minutes


class ObjectivesPpm(Part):
    """In millionths, but the time to fix in minutes."""

    availability: Count | None
    delivery: Count | None
    false_receipt: Count | None
    fix_minutes: Count | None


class Excluded(Part):
    """Minutes out of the service time, by the first reason that holds."""

    not_in_force: Count
    outside: Count
    holiday: Count
    restricted: Count
    maintenance: Count
    agreed: Count


class MinutesPart(Part):
    """total = excluded + service; service = unmeasured + up + partial + down."""

    total: Count
    excluded: Excluded
    service: Count
    unmeasured: Count
    bridged: Count
    up: Count
    partial: Count
    down: Count


class Availability(Part):
    """Null where nothing was measured, or nothing is in the service time."""

    measured: Ratio | None
    lowest: Ratio | None
    highest: Ratio | None
    partial_full: Ratio | None
    partial_ignored: Ratio | None
    no_exclusions: Ratio | None


class Judged(Part):
    objective: Objective
    verdict: Verdict
    reason: str


class Interval(Part):
    """A ratio with its two-sided 95 % bounds; without a value nothing was counted."""

    value: Ratio | None
    low: Ratio
    high: Ratio


class Probes(Part):
    """slots in service time = the eight outcomes + not sent; the last three are counted apart."""

    slots: Count
    delivered: Count
    late: Count
    failover: Count
    rejected: Count
    undelivered: Count
    exempt: Count
    void: Count
    unknown: Count
    not_sent: Count
    duplicates: Count
    edge: Count
    clock_suspect: Count
    ratio: Interval


class Arrived(Part):
    """Quantiles of what arrived alone; null if nothing did."""

    p50_ms: Milliseconds | None
    p95_ms: Milliseconds | None
    p99_ms: Milliseconds | None


class Latency(Part):
    """Quantiles over all `n`; null: that one never arrived."""

    stage: LatencyStage
    n: Count
    never: Count
    p50_ms: Milliseconds | None
    p95_ms: Milliseconds | None
    p99_ms: Milliseconds | None
    arrived: Arrived


class ProviderFigure(Part):
    value: Ratio
    source: str


class Claims(Part):
    """What the provider said of a message, against what its device saw."""

    delivered_seen: Count
    delivered_unseen: Count
    failed_seen: Count
    failed_unseen: Count
    none_seen: Count
    none_unseen: Count
    pending: Count
    false_receipt: Interval
    provider_figure: ProviderFigure | None


class Spread(Part):
    """Minutes over `n` outages; `missing` ones have no such time and are in no mean."""

    mean: Minutes | None
    median: Minutes | None
    max: Minutes | None
    n: Count
    missing: Count


class Response(Part):
    outages: Count
    found_afterwards: Count
    mttd: Spread
    mtta: Spread
    mttr: Spread
    late_fix_min: Minutes
    late_fix_weighted: Minutes


class Fallback(Part):
    """eligible = in_time + late + never + not_started; both legs arrived: `double`, apart."""

    eligible: Count
    in_time: Count
    late: Count
    never: Count
    double: Count
    not_started: Count
    value: Ratio | None
    low: Ratio
    high: Ratio


class CreditRow(Part):
    below_ppm: Count
    credit_ppm: Count


class Credit(Part):
    row: CreditRow | None
    krw: Count | None
    claim_deadline: Time | None


class Item(Part):
    """One channel of the body, under one contract."""

    channel: str
    contract: ContractPart
    routes: tuple[RoutePart, ...]
    openslo: dict[str, Value]
    objective_ppm: ObjectivesPpm
    minutes: MinutesPart
    outage_min: Minutes
    budget_min: Minutes | None
    budget_used: Ratio | None
    availability: Availability
    verdict: Verdict
    disputed: bool
    verdicts: tuple[Judged, ...]
    edge_error_min: Minutes
    probes: Probes
    latency: tuple[Latency, ...]
    claims: Claims
    response: Response
    fallback: Fallback
    credit: Credit
