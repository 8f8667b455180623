"""A provider of tests that tells results by itself and when asked, and its adapter.

Its webhook is `{"results": [{"id", "probe", "code", "at", "number"}]}` under the header `X-Word`,
whose word the account's secret holds; `probe`, `code` and `at` may be absent. A body without
results is an event of another kind.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, SecretStr, ValidationError

from services.adapters.base import Message, Report, SendResult, Surroundings, meaning
from services.contracts.catalogue import Account, Catalogue, build
from services.contracts.vocabulary import Channel, FaultDomain, ReportState
from services.runtime.errors import Refuse, SetAside
from tests.support.builders import REVISION
from tests.support.probing import a_route, an_account

NAME, WORD = "telling", "a word of tests that nobody guesses"
STATES = {
    "OK": (ReportState.DELIVERED, None),
    "NO": (ReportState.FAILED, FaultDomain.HANDSET),
    "WAIT": (ReportState.PENDING, None),
}


class _Result(BaseModel):
    id: str
    probe: UUID | None = None
    leg: int = 0
    code: str | None = None
    at: AwareDatetime | None = None


class _Body(BaseModel):
    results: list[_Result] = []


class Telling:
    """The adapter. `says`: what it answers when it is asked, as it would tell it."""

    channels = frozenset({Channel.SMS})
    proof = "word"
    secret_fields: tuple[str, ...] = (proof,)
    report_fields = frozenset({"results", "id", "probe", "leg", "code", "at", "number"})
    look_up_batch = 10
    says: ClassVar[dict[str, bytes]] = {}

    def __init__(self, surroundings: Surroundings) -> None:
        surroundings.revealed(self.secret_fields)

    async def send(self, message: Message) -> SendResult:
        raise AssertionError("ingest sends nothing")

    async def look_up(self, message_ids: Sequence[str]) -> list[Report]:
        known = [self.says[i] for i in message_ids if i in self.says]
        return [report for body in known for report in self.read_reports(body)]

    @classmethod
    def verify(cls, headers: Mapping[str, str], body: bytes, proofs: Sequence[SecretStr]) -> None:
        given = headers.get("x-word", "").encode("utf-8", "surrogatepass")
        words = [word.get_secret_value().encode() for word in proofs]
        if not any(hmac.compare_digest(given, word) for word in words):
            raise Refuse("bad_signature")

    @classmethod
    def read_reports(cls, body: bytes) -> list[Report]:
        try:
            results = _Body.model_validate_json(body).results
        except ValidationError:
            raise SetAside("fields") from None
        return [_report(result) for result in results]


def _report(result: _Result) -> Report:
    state, fault = meaning(STATES, result.code or "WAIT")
    final = state in (ReportState.DELIVERED, ReportState.FAILED)
    return Report(
        result.id, result.leg, state, result.code, fault, result.at, final, probe_id=result.probe
    )


def told(*results: Mapping[str, Any]) -> bytes:
    """The body of a webhook."""
    return json.dumps({"results": results}, default=str, ensure_ascii=False).encode()


def result(message_id: str, code: str | None = "OK", **over: UUID | datetime | Any) -> Any:
    """One result, with the receiver's number as providers have it."""
    return {"id": message_id, "code": code, "number": "01000000001"} | over


def headers(word: str = WORD) -> dict[str, str]:
    """What its webhook comes with."""
    return {"Content-Type": "application/json", "X-Word": word}


def a_telling_account(name: str = "teller") -> Account:
    """A contract with it; secret `<name>.json`."""
    return an_account(id=name, secret=name)


def a_telling_catalogue() -> Catalogue:
    """Account `teller`, used by a route, and account `idle`, used by none."""
    route = a_route(id="yongin.sms.teller", account="teller", adapter=NAME)
    accounts = [("account", a_telling_account(name)) for name in ("teller", "idle")]
    return build(REVISION, [("route", route), *accounts])
