"""The letter of SENS as an adapter reads it: signature, times, codes, answers that say no.

In and out: values. Pure. `_sens.py` makes the calls, the adapters know what the codes mean.
Documents: Naver Cloud SENS overview and API Gateway common pages (api.ncloud-docs.com
`sens-overview`, `common-ncpapi`, `api-call-lgc-errorhandling`), read 2025-11 to 2026-10.
Oddities: the body is not signed; times have no zone; errors come in three shapes.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from services.adapters._http import Answer
from services.adapters.base import SendResult
from services.contracts.vocabulary import AnswerResult, FaultDomain
from services.runtime.errors import Retry

# No document states the zone of SENS times. Korean time is assumed everywhere, here alone.
ASSUMED_ZONE = ZoneInfo("Asia/Seoul")
CLOCK_SLACK_S = 300  # the gateway refuses a timestamp that is further away than this

# Codes have four signs. Eight digits in a row may be a telephone number, twenty signs a key: such
# a "code" is none.
_CODE = re.compile(r"(?!.*\d{8})[A-Za-z0-9_.-]{1,12}")
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_FIELD = re.compile(r"(?!.*\d{8})[A-Za-z0-9_.: -]{1,40}")
_QUOTA = re.compile(r"quota|daily|한도", re.IGNORECASE)
_GATEWAY_QUOTA = (429, "400")

ReadModel = TypeVar("ReadModel", bound="Wire")


class Wire(BaseModel):
    """A JSON object of SENS: camel case, numbers where text is documented, unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )


def read(model: type[ReadModel], body: bytes) -> ReadModel | None:
    """The body as a model; None when it is no such object."""
    try:
        return model.model_validate_json(body)
    except ValidationError:
        return None


def signature(method: str, path_and_query: str, at_ms: str, access_key: str, secret: str) -> str:
    """Signature v2 in base64 over method, path and query as on the wire, time and key."""
    words = f"{method} {path_and_query}\n{at_ms}\n{access_key}"
    mac = hmac.new(secret.encode(), words.encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def parse_time(text: str | None) -> datetime | None:
    """A SENS time (with blank or T, with or without parts of a second) in UTC; None if none."""
    try:
        at = datetime.fromisoformat(text or "")
        at = (at if at.tzinfo else at.replace(tzinfo=ASSUMED_ZONE)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if 1971 <= at.year < 2200 else None  # what evidence can hold


def clean_code(code: str | None) -> str | None:
    """The code as given if it has a code's length and shape; None stays None."""
    return code if not code or _CODE.fullmatch(code) else "unreadable"


def clean_id(text: str | None) -> str | None:
    """An id that can be asked for again, else None."""
    return text if text is not None and _ID.fullmatch(text) else None


def kept(**fields: str | None) -> dict[str, str]:
    """The allow-listed raw fields that are there and hold a plain word or time."""
    return {name: text for name, text in fields.items() if text and _FIELD.fullmatch(text)}


def refused(code: str | None, fault: FaultDomain | None) -> SendResult:
    """The answer is no."""
    return SendResult(AnswerResult.REFUSED, code, fault)


def fault_of_status(status: str | int | None) -> FaultDomain:
    """Whose fault a status of HTTP's kind is, where nothing more exact is known."""
    first = str(status or "")[:1]
    if str(status) == "429":
        return FaultDomain.QUOTA
    return {"4": FaultDomain.BODY, "5": FaultDomain.PROVIDER}.get(first, FaultDomain.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that says no. `code` is `<status>/<errorCode>` as the documents write it, or
    `http-<status>`; `words` serve the search for a quota and go nowhere."""

    status: int
    code: str
    error_code: str | None
    words: str = field(repr=False)


def read_failure(answer: Answer) -> Failure:
    """Read any of the three shapes of errors, or a body that is none."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = None
    found: dict[str, Any] = body if isinstance(body, dict) else {}
    inner = found.get("error")
    if isinstance(inner, dict):  # the API Gateway's; the others are of SENS itself
        found = inner
    error_code = clean_code(str(found["errorCode"])) if "errorCode" in found else None
    names = ("message", "details", "error", "errors", "errorMessage")
    words = " ".join(str(found[name]) for name in names if name in found)
    code = f"{answer.status}/{error_code}" if error_code else f"http-{answer.status}"
    return Failure(answer.status, code, error_code, words)


def judge(failure: Failure) -> SendResult:
    """What a send's no means. Raises Retry("throttled")."""
    if says_quota(failure):
        return refused(failure.code, FaultDomain.QUOTA)
    if failure.status == 429:
        raise Retry("throttled", f"SENS answers {failure.code}")
    if failure.status in (502, 504):  # the endpoint behind the gateway may have sent it
        return SendResult(AnswerResult.UNCLEAR, failure.code)
    return refused(failure.code, fault_of_status(failure.status))


def says_quota(failure: Failure) -> bool:
    """Used up for the day (no use trying again), as against too fast."""
    if failure.status not in (400, 429):
        return False
    quota = (failure.status, failure.error_code) == _GATEWAY_QUOTA
    return quota or _QUOTA.search(failure.words) is not None


def clock_is_off(date: str | None, now_s: float) -> bool:
    """Whether the `Date` of an answer is further from `now_s` than the gateway allows."""
    try:
        told = parsedate_to_datetime(date or "").timestamp()
    except (ValueError, OverflowError):
        return False
    return abs(told - now_s) > CLOCK_SLACK_S


def escaped(message_id: str) -> str:
    """An id as it stands in a path or query."""
    return quote(message_id, safe="")
