"""계약 항목: what a body was promised for one channel, and how a month is judged by it.

Part of the catalogue. Shares are whole millionths (`_ppm`), times whole minutes or seconds, money
is KRW. Where the law or the MOIS standard leaves a question open, a setting answers it, never the
code. Rules that look at more than one object live in `services/catalogue/sla.py`.

How an item changes: a version ends (`valid_to`) and the next begins; both stay in the files, side
by side, so one catalogue tells which version holds at any minute (`version_on`).
"""

from collections.abc import Iterable
from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from services.contracts.evidence import Id
from services.contracts.model import DailyWindow, Model
from services.contracts.oncall import Day
from services.contracts.vocabulary import Channel, FaultDomain

OWN = "own"  # counterparty of an item that the body promises itself, over several dealers
ALL = 1_000_000

Ppm = Annotated[int, Field(ge=0, le=ALL)]
Grade = Annotated[int, Field(ge=1, le=4)]
# The MOIS standard SLA of 2025-08-28 sets these for grades 1 and 2, and nothing for the others.
AVAILABILITY_PPM: dict[int, int] = {1: 999_200, 2: 999_000}
FIX_MIN: dict[int, int] = {1: 120, 2: 180}


class Share(Model):
    """A route of the item, and how much it weighs against the others."""

    route: Id
    weight: int = Field(default=1, ge=1, le=1_000)


class LatencyObjective(Model):
    """`q` per cent of all valid probes make this stage within `max_s`."""

    stage: Literal["accept", "report", "device"]
    q: int = Field(ge=1, le=99)
    max_s: int = Field(gt=0, le=288_000)


class Objectives(Model):
    """목표: only what is set is judged. Availability and fix time left out are the grade's."""

    availability_ppm: Ppm | None = None
    fix_min: int | None = Field(default=None, gt=0)
    delivery_ppm: Ppm | None = None
    latency: LatencyObjective | None = None
    false_receipt_ppm: Ppm | None = None


class Hours(Model):
    """서비스 시간 on each of `days`: [start, end) of that day, whose end is written 00:00."""

    days: tuple[Day, ...] = Field(min_length=1)
    start: time
    end: time


class Holidays(Model):
    """공휴일 on which weekly service hours do not hold: those of the country, with temporary ones
    (임시공휴일) in `add` and days worked all the same in `remove`."""

    country: Literal["KR"] = "KR"
    add: tuple[date, ...] = ()
    remove: tuple[date, ...] = ()


class CreditRow(Model):
    """Below this availability so much of the month's price is given back."""

    below_ppm: Ppm
    credit_ppm: Ppm


class Claim(Model):
    """Until how many days after what a credit may be claimed, without extension for holidays."""

    days: int = Field(default=30, gt=0, le=366)
    since: Literal["restored", "began"] = "restored"


class NoticeLimit(Model):
    """From `since` on (None: always) a stop this long must be announced by the provider."""

    since: date | None = None
    minutes: int = Field(gt=0)


NOTICE_LIMITS = (NoticeLimit(minutes=240), NoticeLimit(since=date(2025, 3, 28), minutes=120))


class Settings(Model):
    """Answers to what the rules leave open. `late_s` is none of them: it belongs to the channel or
    route, for an outcome is decided once and for all who read it."""

    partial: Literal["weighted", "full", "ignore"] = "weighted"
    partial_min_share_ppm: Ppm = 0
    gap_rule: Literal["bounds", "coverage"] = "bounds"
    coverage_min_ppm: Ppm = 990_000
    maintenance_lead_min: int = Field(default=1_440, ge=0)
    maintenance_cap_min: int | None = Field(default=None, ge=0)
    excluded_domains: tuple[FaultDomain, ...] = ()
    fix_from: Literal["start", "detected", "notified"] = "start"
    fix_minutes_of: Literal["service", "clock"] = "service"
    fix_min_share_ppm: Ppm = 0
    late_fix_weight_ppm: int = Field(default=ALL, ge=0, le=10 * ALL)
    availability_weight_ppm: Ppm = 300_000
    penalty_cap_ppm: Ppm = 200_000
    notice_limits: tuple[NoticeLimit, ...] = NOTICE_LIMITS
    notice_exempt: bool = False
    fallback_max_s: int = Field(default=600, gt=0)
    failover_counts: Literal["bad", "good"] = "bad"
    evidence: Literal["observed", "claimed"] = "observed"
    receipt_mode: Literal["realtime", "polling", "push"] | None = None
    close_working_days: int = Field(default=0, ge=0, le=20)


def _always(said: Any) -> Any:
    return () if said == "always" else said


class Contract(Model):
    """One version of one body's item for one channel. `id` is `<body>.<channel>.v<version>`.

    It holds from `valid_from` to `valid_to`, both days included, in `tz`. `counterparty` is a
    provider, or `own`. `service_hours` are `always` (empty) or weekly; `restricted` left out are
    the hours of rest of its channel.
    """

    id: Id
    version: int = Field(default=1, ge=1)
    valid_from: date
    valid_to: date | None = None
    body: Id
    channel: Channel
    counterparty: Id
    grade: Grade | None = None
    routes: tuple[Share, ...] = Field(min_length=1)
    tz: str = "Asia/Seoul"
    objectives: Objectives = Field(default=Objectives(), validate_default=True)
    service_hours: Annotated[tuple[Hours, ...], BeforeValidator(_always)] = ()
    holidays: Holidays = Holidays()
    restricted: DailyWindow | None = None
    credit_table: tuple[CreditRow, ...] = ()
    claim: Claim = Claim()
    monthly_price_krw: int | None = Field(default=None, ge=0)
    settings: Settings = Settings()

    @field_validator("objectives")
    @classmethod
    def _of_the_grade(cls, said: Objectives, info: ValidationInfo) -> Objectives:
        """Written into the object, so that a month's terms do not change with these tables."""
        grade = info.data.get("grade") or 0
        own = said.model_dump(exclude_none=True)
        given = {"availability_ppm": AVAILABILITY_PPM.get(grade), "fix_min": FIX_MIN.get(grade)}
        return said.model_copy(update={k: v for k, v in given.items() if k not in own})

    @property
    def item(self) -> str:
        """What all versions have in common: `<body>.<channel>`, the name of its SLO too."""
        return f"{self.body}.{self.channel}"

    @property
    def availability_ppm(self) -> int | None:
        """The objective in minutes; None: not judged."""
        return self.objectives.availability_ppm

    @property
    def share_ppm(self) -> int | None:
        """By which share budgets burn while the month goes on: of messages if that is promised,
        else of minutes."""
        own = self.objectives.delivery_ppm
        return self.availability_ppm if own is None else own

    @property
    def fix_min(self) -> int | None:
        """Within how many minutes each outage must be over; None: not judged."""
        return self.objectives.fix_min

    def holds_on(self, day: date) -> bool:
        """Is this version in force on that day of its time zone?"""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def credit_ppm(self, availability_ppm: int) -> int:
        """What the table gives back at that availability: of the rows above it the lowest; 0 if
        there is none."""
        rows = [row for row in self.credit_table if availability_ppm < row.below_ppm]
        return min(rows, key=lambda row: row.below_ppm).credit_ppm if rows else 0


def version_on(versions: Iterable[Contract], day: date) -> Contract | None:
    """The version of an item in force on a day of its time zone, of which checked files have at
    most one; None where no contract holds."""
    return next((one for one in versions if one.holds_on(day)), None)
