"""What an HTTP answer of a provider means: taken, refused, unclear, or the account is locked out.

In:  an answer of `runtime/exchange.py`. Out: values, or Retry and Stop. Pure.
Before: a provider's calls (`_sens.py`, `kakao_edocument.py`). After: the adapter reads its codes.
Words of an answer are searched for a quota and go nowhere: they may hold a number.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from services.adapters.base import Report, SendResult
from services.contracts.vocabulary import AnswerResult, FaultDomain
from services.runtime.errors import Retry, Stop
from services.runtime.exchange import Answer, NoAnswer

LOOK_UPS_AT_ONCE = 20  # no limit is documented; as many as an account's usual connections
CLOCK_SLACK_S = 300  # a signed call with a stamp that is further away is refused

# Codes are short. Eight digits in a row may be a telephone number, twenty signs a key: such a
# "code" is none.
_CODE = re.compile(r"(?!.*\d{8})[A-Za-z0-9_.-]{1,12}")
_ID = re.compile(r"(?!\.+$)[A-Za-z0-9_.:-]{1,100}")  # `.` and `..` would climb in a path
_FIELD = re.compile(r"(?!.*\d{8})[A-Za-z0-9_.: -]{1,40}")
_QUOTA = re.compile(r"quota|daily|한도", re.IGNORECASE)
_GATEWAY_QUOTA = (429, "400")  # of Naver's API Gateway
_NO_PERMISSION = "210"  # of Naver's API Gateway

ReadModel = TypeVar("ReadModel", bound=BaseModel)


class Wire(BaseModel):
    """A JSON object in camel case, with numbers where text is documented, and unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that says no. `code` is `<status>/<errorCode>` as the documents write it, or
    `http-<status>`; `words` serve the search for a quota and go nowhere."""

    status: int
    code: str
    error_code: str | None
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the answers to one account. `signed`: a clock that is off explains its 401."""

    account: str
    provider: str
    signed: bool = False

    async def sent(
        self, call: Awaitable[Answer], accepted: Callable[[bytes], SendResult | None]
    ) -> SendResult:
        """The answer to a send; `accepted` reads the body of a 2xx and says None if it cannot.
        Raises Retry, Stop."""
        try:
            answer = await call
        except NoAnswer:
            return SendResult(AnswerResult.UNCLEAR)
        if answer.status // 100 == 2:
            unread = SendResult(AnswerResult.UNCLEAR, f"http-{answer.status}")
            return accepted(answer.body) or unread
        failure = read_failure(answer)
        self._stop_if_locked_out(answer, failure)
        return judge(failure)

    def told(
        self, answer: Answer, model: type[ReadModel], denying: Container[int] = (404,)
    ) -> ReadModel | None:
        """The answer to a question; None for a status in `denying`: the provider does not know
        (yet). Raises Retry for what is no answer, Stop."""
        if answer.status // 100 == 2:
            body = read(model, answer.body)
            if body is None:
                raise Retry("unavailable", f"{self.provider} answers with what is no answer")
            return body
        failure = read_failure(answer)
        self._stop_if_locked_out(answer, failure)
        if answer.status == 429:
            raise Retry("throttled", f"{self.provider} answers {failure.code}")
        if answer.status not in denying:  # a redirect is no answer of a provider
            raise Retry("unavailable", f"{self.provider} answers {failure.code}")
        return None

    def _stop_if_locked_out(self, answer: Answer, failure: Failure) -> None:
        if failure.status not in (401, 403):
            return
        who = f"account {self.account}: {self.provider} answers {failure.code}"
        if self.signed and failure.status == 401 and clock_is_off(answer.date, time.time()):
            raise Stop("clock", f"{who}, and this machine's clock differs from its own")
        if failure.status == 403 or failure.error_code == _NO_PERMISSION:
            raise Stop("permission", f"{who}: this key may not use the service")
        raise Stop("credentials", f"{who}: key or secret is wrong")


def read(model: type[ReadModel], body: bytes) -> ReadModel | None:
    """The body as a model; None when it is no such object."""
    try:
        return model.model_validate_json(body)
    except ValidationError:
        return None


def clean_code(code: str | None) -> str | None:
    """The code as given if it has a code's length and shape; None stays None."""
    return code if not code or _CODE.fullmatch(code) else "unreadable"


def clean_id(text: str | None) -> str | None:
    """An id that can be asked for again, else None."""
    return text if text is not None and _ID.fullmatch(text) else None


def believable(at: datetime | None) -> datetime | None:
    """A provider's time if evidence can hold it."""
    return at if at is not None and 1971 <= at.year < 2200 else None


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


def read_failure(answer: Answer) -> Failure:
    """Read any shape of errors that a provider documents, or a body that is none."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = None
    found: dict[str, Any] = body if isinstance(body, dict) else {}
    inner = found.get("error")
    if isinstance(inner, dict):  # of an API gateway in front of the provider
        found = inner
    given = found.get("errorCode", found.get("error_code"))
    error_code = None if given is None else clean_code(str(given))
    names = ("message", "details", "error", "errors", "errorMessage", "error_message")
    words = " ".join(str(found[name]) for name in names if name in found)
    code = f"{answer.status}/{error_code}" if error_code else f"http-{answer.status}"
    return Failure(answer.status, code, error_code, words)


def judge(failure: Failure) -> SendResult:
    """What a send's no means. Raises Retry("throttled")."""
    if says_quota(failure):
        return refused(failure.code, FaultDomain.QUOTA)
    if failure.status == 429:
        raise Retry("throttled", f"the provider answers {failure.code}")
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
    """Whether the `Date` of an answer is further from `now_s` than a signed call may be."""
    try:
        told = parsedate_to_datetime(date or "").timestamp()
    except (ValueError, OverflowError):
        return False
    return abs(told - now_s) > CLOCK_SLACK_S


async def look_up_each(
    message_ids: Sequence[str], ask: Callable[[str], Awaitable[list[Report]]]
) -> list[Report]:
    """Ask for each, LOOK_UPS_AT_ONCE at a time. One that cannot be asked is left for the next
    time; raises Retry when none could be told of for that reason, Stop at once."""
    room = asyncio.Semaphore(LOOK_UPS_AT_ONCE)

    async def one(message_id: str) -> list[Report] | Retry | Stop:
        async with room:
            try:
                return await ask(message_id)
            except (Retry, Stop) as error:
                return error

    told = await asyncio.gather(*map(one, message_ids))
    reports = [report for part in told if isinstance(part, list) for report in part]
    failures = [part for part in told if not isinstance(part, list)]
    locked_out = [failure for failure in failures if isinstance(failure, Stop)]
    if locked_out or (failures and not reports):
        raise (locked_out or failures)[0]
    return reports
