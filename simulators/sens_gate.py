"""What every call to SENS passes first: the API Gateway, the service check, modes and faults.

In:  an HTTP request. Out: `Call`, or a `Refusal` that is the answer.
Before: the network. After: `sens.py`.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from simulators import sens_wire as wire
from simulators.calls import Refusal
from simulators.carriage import Carriage, LiveWorld, utc_now
from simulators.config import AccountConfig, SimulatorConfig
from simulators.entry import Call, Entry, Refusals
from simulators.sens_records import Kind

SENS = "sens"
PROVIDER = f"provider:{SENS}"


class SensMode(BaseModel):
    """How the front end treats an account, beside the faults of the world."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    answer: Literal[
        "normal", "quota-exceeded", "throttled", "rate-limited",
        "unavailable", "unexpected", "timeout-after-send",
    ] = "normal"  # fmt: skip
    fail_codes: Mapping[Kind, str] = {}
    """Accepted, then this final code: {"alimtalk": "3018"}. LMS shares that of SMS."""
    reports: bool = True
    """False: accepted, carried, and never reported."""
    fresh_s: float = Field(1.0, ge=0)
    """How long after the send a list does not show the message ..."""
    fresh_answer: Literal["empty", "not-found"] = "empty"
    """... and what it shows instead: an empty list or a 404 with an empty body."""


REFUSING_ANSWERS: Mapping[str, Refusal] = {
    "quota-exceeded": wire.gateway_error(429, "400", "Quota Exceeded", "Daily limit is used up"),
    "throttled": wire.gateway_error(429, "410", "Throttle Limited", "Too many calls"),
    "rate-limited": wire.gateway_error(429, "420", "Rate Limited", "Too many calls"),
    "unavailable": wire.gateway_error(503, "500", "Endpoint Error", "No endpoint"),
    "unexpected": wire.gateway_error(500, "900", "Unexpected Error", "Unexpected"),
}
ENDPOINT_TIMEOUT = wire.gateway_error(504, "510", "Endpoint Timeout", "The endpoint is silent")


SensCall = Call[SensMode]


class Gate:
    """The checks, in the order of SENS. `modes` is by account id and may be set at any time."""

    def __init__(self, config: SimulatorConfig, live: LiveWorld, carriage: Carriage) -> None:
        accounts = config.accounts_of(SENS)
        self._accounts = {a.secret["access_key"].get_secret_value(): a for a in accounts}
        refusals = Refusals(ENDPOINT_TIMEOUT, REFUSING_ANSWERS["throttled"], refusal)
        self.entry = Entry(live, carriage, refusals, config.unanswered_s)
        self._phones = {phone.number: f"receiver:{phone.id}" for phone in config.handsets}
        self.modes = {account.id: SensMode() for account in accounts}

    async def enter(self, request: Request, kind: Kind) -> SensCall:
        """Raise 401, 403 or what mode and faults say; a send meets its faults when accepted."""
        now = utc_now()
        account = self._accounts.get(request.headers.get("x-ncp-iam-access-key", ""))
        if account is None:
            raise wire.unauthorised("Access key is missing or unknown")
        key, secret = (
            account.secret[name].get_secret_value() for name in ("access_key", "secret_key")
        )
        target = _path_and_query(request)
        wire.check_signature(request.headers, request.method, target, key, secret, now)
        service, mode = request.path_params["service"], self.modes[account.id]
        call = SensCall(kind, account, service, mode, now, self._phones)
        if call.service_id not in _services(account, kind):
            raise wire.forbidden()
        looks_up = request.method == "GET"
        only_sends = call.mode.answer == "quota-exceeded"
        if call.mode.answer in REFUSING_ANSWERS and not (looks_up and only_sends):
            raise REFUSING_ANSWERS[call.mode.answer]
        if looks_up:
            await self.entry.look_up(request, PROVIDER, f"account:{account.id}")
        return call


def refusal(component: str) -> Refusal:
    """How a component that refuses shows at the API."""
    if component.startswith("provider:"):
        return REFUSING_ANSWERS["unavailable"]
    if component.startswith("account:"):
        return wire.gateway_error(401, "210", "Permission Denied", "The account is suspended")
    return wire.bad_request("from", "the sender is blocked")


def _path_and_query(request: Request) -> str:
    """Byte for byte as the client sent it, because that is what it signed."""
    query = request.scope["query_string"]
    raw: bytes = request.scope["raw_path"] + (b"?" + query if query else b"")
    return raw.decode("latin-1")


def _services(account: AccountConfig, kind: Kind) -> set[str]:
    channels = ("sms", "lms") if kind == "sms" else (kind,)
    return {account.services[channel] for channel in channels if channel in account.services}
