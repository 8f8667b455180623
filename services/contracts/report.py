"""The monthly report as JSON `bongsu.report/1`: what every document is made of, and what is hashed.

One object a body, month and revision. Every field is required; what may be absent is null. Its
canonical text: `services/reporting/canonical.py`; its hashes: `services/reporting/chain.py`.
"""

from typing import Literal

from pydantic import Field

from services.contracts.report_item import Item
from services.contracts.report_words import (
    CorrectionKind,
    Count,
    Day,
    ExclusionKind,
    FaultKind,
    Hash,
    HolidaySource,
    Minutes,
    Month,
    NoticeBound,
    NoticeDuty,
    Origin,
    Part,
    Ratio,
    Says,
    State,
    Time,
    Verdict,
)


class BodyName(Part):
    id: str
    name_ko: str
    name_en: str


class Window(Part):
    """Half-open; `minutes` by the clock of the report's `tz`."""

    start: Time = Field(alias="from")
    to: Time
    minutes: Count


class Versions(Part):
    tzdata: str
    holidays: str
    catalogue: Hash


class Holiday(Part):
    date: Day
    name: str
    source: HolidaySource


class Fix(Part):
    """Minutes to restoration, at least and at most; the upper bound of an outage still open is
    its lower one, and its verdict never `met`."""

    lower: Count
    upper: Count
    limit: Count | None
    verdict: Verdict


class ProviderNotice(Part):
    provider: str
    says: Says
    published_at: Time | None
    seen_at: Time
    sha: Hash


class Outage(Part):
    """`t0`: first counted minute; `end`: null while it lasts; `samples`: ids of probes."""

    id: str
    channel: str
    incidents: tuple[str, ...]
    origin: Origin
    t0: Time
    end: Time | None
    minutes_here: Minutes
    minutes_total: Minutes
    peak_share: Ratio
    fix: Fix
    detected_at: Time | None
    acked_at: Time | None
    notices: tuple[ProviderNotice, ...]
    notice_lag_min: int | None
    notice_bound: NoticeBound
    notice_duty: NoticeDuty
    cause: str | None
    confidence: Ratio | None
    samples: tuple[str, ...]


class Exclusion(Part):
    """`counted`: its minutes stay in the service time all the same, as unannounced work does."""

    channel: str
    start: Time = Field(alias="from")
    to: Time
    minutes: Count
    kind: ExclusionKind
    reason: str
    proposed_by: str
    approved_by: str | None
    approved_at: Time | None
    announced_at: Time | None
    seen_at: Time | None
    proof: Hash | None
    counted: bool


class FaultPart(Part):
    component: str
    start: Time = Field(alias="from")
    to: Time
    kind: FaultKind


class Change(Part):
    """One figure that differs from the revision before; null: it was not there."""

    path: str
    old: str | None
    new: str | None


class Correction(Part):
    number: Count
    kind: CorrectionKind
    reason: str
    proposed_by: str
    approved_by: str
    approved_at: Time
    diff: tuple[Change, ...]


class Objection(Part):
    id: str
    by: str
    at: Time
    about: str
    attachment: Hash | None
    decision: str | None


class Approval(Part):
    by: str
    role: str
    at: Time
    words: str


class DayPart(Part):
    """One channel on one day of `tz`; `evidence` is the hash of its `evidence_count` lines."""

    channel: str
    day: Day
    service: Count
    unmeasured: Count
    up: Count
    partial: Count
    down: Count
    outage_min: Minutes
    valid: Count
    good: Count
    evidence_count: Count
    evidence: Hash


class Seal(Part):
    """SHA-256 of the inputs' figures, the evidence, the content; the entry before and this one."""

    figures: Hash
    evidence: Hash
    content: Hash
    prev: Hash
    entry: Hash


class Report(Part):
    """월간 메시지 전달 신뢰도 보고서 of one body and month, one revision."""

    schema_: Literal["bongsu.report/1"] = Field(alias="schema")
    body: BodyName
    month: Month
    tz: str
    window: Window
    revision: Count
    state: State
    cutoff: Time
    sealed_at: Time
    rule: str
    versions: Versions
    holidays: tuple[Holiday, ...]
    items: tuple[Item, ...]
    outages: tuple[Outage, ...]
    exclusions: tuple[Exclusion, ...]
    monitor_faults: tuple[FaultPart, ...]
    corrections: tuple[Correction, ...]
    objections: tuple[Objection, ...]
    approval: Approval | None
    diff: tuple[Change, ...]
    days: tuple[DayPart, ...]
    seal: Seal
