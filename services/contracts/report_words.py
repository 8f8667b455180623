"""What the monthly report is written with: closed sets of words, text forms of times and figures.

Times are UTC in milliseconds; ratios and minutes are strings of six digits: nothing is a float.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType


class State(StrEnum):
    """진행 중, 잠정, 확정, 정정. An open month has a preview only: its hashes are zeros."""

    OPEN = "open"
    PRELIMINARY = "preliminary"
    CLOSED = "closed"
    CORRECTED = "corrected"


class Verdict(StrEnum):
    """준수, 위반, 판정 보류(근거 부족), 해당 없음."""

    MET = "met"
    MISSED = "missed"
    INSUFFICIENT = "insufficient"
    NOT_APPLICABLE = "not_applicable"


class MinuteKind(StrEnum):
    """What a minute of the month is: exactly one of these."""

    UP = "up"
    PARTIAL = "partial"
    DOWN = "down"
    UNMEASURED = "unmeasured"
    EXCLUDED = "excluded"


Objective = Literal["availability", "fix_minutes", "delivery", "latency", "false_receipt"]
# From the sending to: the provider's answer, its final word, the device.
LatencyStage = Literal["accept", "report", "device"]
# The pinned calendar, or a date that the contract adds.
HolidaySource = Literal["calendar", "added"]
# Did the detector see the outage, or only the month's arithmetic (사후 확인)?
Origin = Literal["detected", "afterwards"]
Says = Literal["down", "recovering", "recovered"]
# How well the lag of the first notice is known: by its own time, by when bongsu saw it, not.
NoticeBound = Literal["exact", "at_most", "none"]
NoticeDuty = Literal["kept", "broken", "not_reached", "exempt"]
# Planned work announced in time, or not; then what was agreed to be excluded.
ExclusionKind = Literal[
    "maintenance", "unannounced", "force_majeure", "body_caused", "upstream", "other"
]
# What blinded a part of bongsu; account: it was logged out.
FaultKind = Literal["power", "network", "software", "account", "other"]
CorrectionKind = Literal[
    "evidence_import",
    "monitor_fault",
    "maintenance_proof",
    "exclusion",
    "declared_outage",
    "contract_fix",
]


def _real_time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _real_date(text: str) -> str:
    date.fromisoformat(text)
    return text


_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
Time = Annotated[str, Field(pattern=_TIME), AfterValidator(_real_time)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_real_date)]
Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
Ratio = Annotated[str, Field(pattern=r"^[0-9]{1,12}\.[0-9]{6}$")]
Minutes = Annotated[str, Field(pattern=r"^-?[0-9]{1,12}\.[0-9]{6}$")]
Milliseconds = Annotated[str, Field(pattern=r"^[0-9]{1,9}\.[0-9]{3}$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
# Data of the contract and of OpenSLO, as they were in force: any JSON without floats.
Value = TypeAliasType("Value", "bool | int | str | list[Value] | dict[str, Value] | None")


class Part(BaseModel):
    """Frozen, and exact: no field beyond the declared ones, `1` is no text and `true` no number."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_by_name=True, serialize_by_alias=True
    )
