"""All that a revision is a function of, but its lines: `context.json` beside exported evidence.

In:  what storage knew before the cutoff, or the file. Out: a `Month` per item, for the arithmetic;
what the report says beside figures. Before: contracts, slot plans, what people entered, incidents,
notices. After: `month.py` counts, `assemble.py` writes the report.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from services.contracts.model import DailyWindow
from services.contracts.report import (
    Approval,
    BodyName,
    Change,
    Correction,
    FaultPart,
    Holiday,
    Objection,
    ProviderNotice,
    Versions,
)
from services.contracts.report_item import ProviderFigure
from services.contracts.report_words import Count, Hash, Month, Part, Ratio, State, Time
from services.contracts.sla import Contract
from services.reporting import laid
from services.reporting.calendar import Window, month_window
from services.reporting.exclusions import Announcement, Exclusion, Maintenance
from services.reporting.lines import Line
from services.reporting.notices import Notice
from services.reporting.response import Incident
from services.reporting.slots import MINUTE_MS, Plan
from services.reporting.written import ms_of, ms_or_none


class PlanPart(Part):
    """A stretch of a route's life; receivers in their order."""

    route: str
    start: Time = Field(alias="from")
    to: Time
    receivers: tuple[str, ...]
    late_s: Count
    interval_s: Count


class Announced(Part):
    """One version of a notice of planned work; from = to: it was withdrawn. `seen_at` decides what
    was announced in time; `announced_at`: what the notice says of itself."""

    seen_at: Time
    announced_at: Time | None
    start: Time = Field(alias="from")
    to: Time


class Work(Part):
    """점검 on routes of the item, with every version of its notice."""

    routes: tuple[str, ...]
    versions: tuple[Announced, ...]
    reason: str
    entered_by: str
    proof: Hash | None


class Agreed(Part):
    """제외 on routes of the item, proposed by one person and approved by another."""

    routes: tuple[str, ...]
    start: Time = Field(alias="from")
    to: Time
    kind: Literal["force_majeure", "body_caused", "upstream", "other"]
    reason: str
    proposed_by: str
    approved_by: str
    approved_at: Time
    proof: Hash | None


class Admitted(Part):
    """Time in which the provider says that it was down."""

    start: Time = Field(alias="from")
    to: Time


class IncidentPart(Part):
    """An incident of the detector that hit routes of the item."""

    id: str
    routes: tuple[str, ...]
    began: Time
    ended: Time | None
    detected: Time
    acked: Time | None
    cause: str | None
    confidence: Ratio | None


class ItemContext(Part):
    """One channel: versions of its contract that touch the month or its margin, oldest first."""

    channel: str
    contracts: tuple[Contract, ...]
    plans: tuple[PlanPart, ...]
    observed: bool
    disputed: bool
    works: tuple[Work, ...]
    agreed: tuple[Agreed, ...]
    declared: tuple[Admitted, ...]
    incidents: tuple[IncidentPart, ...]
    notices: tuple[ProviderNotice, ...]
    provider_figure: ProviderFigure | None


class Context(Part):
    """A body's month and revision. `holidays`: public ones of the years the evidence touches, as
    the pinned calendar had them; `rest`: hours of rest by channel."""

    schema_: Literal["bongsu.context/1"] = Field(alias="schema")
    body: BodyName
    month: Month
    tz: str
    revision: Count
    state: State
    cutoff: Time
    sealed_at: Time
    rule: str
    versions: Versions
    holidays: tuple[Holiday, ...]
    rest: dict[str, DailyWindow]
    items: tuple[ItemContext, ...]
    monitor_faults: tuple[FaultPart, ...]
    corrections: tuple[Correction, ...]
    objections: tuple[Objection, ...]
    approval: Approval | None
    diff: tuple[Change, ...]


def month_of(context: Context, item: ItemContext, lines: Sequence[Line]) -> laid.Month:
    """What the arithmetic of one item asks for."""
    return laid.Month(
        window=window_of(context),
        cutoff=ms_of(context.cutoff),
        versions=item.contracts,
        plans=tuple(map(_plan, item.plans)),
        lines=lines,
        closed=frozenset(date.fromisoformat(each.date) for each in context.holidays),
        rest=context.rest,
        works=tuple(map(maintenance, item.works)),
        agreed=tuple(_exclusion(each) for each in item.agreed),
        declared=tuple(span(each.start, each.to) for each in item.declared),
        incidents=tuple(map(_incident, item.incidents)),
        notices=tuple(map(_notice, item.notices)),
        observed=item.observed,
    )


def window_of(context: Context) -> Window:
    """The month's minutes; those before the cutoff only while it is open."""
    whole = month_window(context.month, context.tz)
    so_far = ms_of(context.cutoff) // MINUTE_MS
    return Window(whole.start, min(whole.end, so_far)) if context.state is State.OPEN else whole


def maintenance(work: Work) -> Maintenance:
    """Planned work as the arithmetic takes it."""
    versions = (
        Announcement(ms_of(each.seen_at) // MINUTE_MS, *span(each.start, each.to))
        for each in work.versions
    )
    return Maintenance(frozenset(work.routes), tuple(versions))


def span(start: Time, to: Time) -> tuple[int, int]:
    """Minutes [start, end) since 1970 UTC; what begins within a minute takes it whole."""
    return ms_of(start) // MINUTE_MS, -(-ms_of(to) // MINUTE_MS)


def _plan(part: PlanPart) -> Plan:
    start, end = ms_of(part.start), ms_of(part.to)
    return Plan(part.route, start, end, part.receivers, part.late_s, part.interval_s)


def _exclusion(agreed: Agreed) -> Exclusion:
    return Exclusion(frozenset(agreed.routes), *span(agreed.start, agreed.to))


def _incident(part: IncidentPart) -> Incident:
    return Incident(
        part.id, frozenset(part.routes), ms_of(part.began), ms_or_none(part.ended),
        ms_of(part.detected), ms_or_none(part.acked),
    )  # fmt: skip


def _notice(part: ProviderNotice) -> Notice:
    return Notice(
        part.provider, part.says, ms_or_none(part.published_at), ms_of(part.seen_at), part.sha
    )
