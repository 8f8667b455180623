"""What every call to NHN Cloud passes first: appkey, secret, mode, faults.

In:  an HTTP request. Out: `Call`, or a `Refusal` that is the answer.
Before: the network. After: `nhn.py`.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import compare_digest
from typing import Literal

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from simulators import nhn_wire as wire
from simulators.carriage import Carriage, LiveWorld, utc_now
from simulators.config import AccountConfig, SimulatorConfig
from simulators.entry import Entry, Refusals
from simulators.webhooks import WebhookMode

NHN = "nhn"
PROVIDER = f"provider:{NHN}"
CHANNELS = {"sms": "sms", "mms": "lms", "alimtalk": "alimtalk"}
"""The channel of each kind of message, as World and configuration name it."""
SAME_KEY_WITHIN = timedelta(minutes=10)
MOST_KEYS = 10_000


class NhnMode(BaseModel):
    """How the front end treats an account, beside the faults of the world."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    answer: Literal["normal", "quota-exceeded", "timeout-after-send"] = "normal"
    fail_codes: Mapping[str, str] = {}
    """Accepted, then this final code, by channel: {"alimtalk": "3018"}."""
    webhooks: WebhookMode = WebhookMode()


@dataclass(frozen=True)
class Call:
    """An authentic call: who makes it, for which kind, when. `phones`: who has a number."""

    kind: str
    app_key: str
    account: AccountConfig
    mode: NhnMode
    now: datetime
    phones: Mapping[str, str]


class Gate:
    """The checks, in order. `modes` is by account id and may be set at any time."""

    def __init__(self, config: SimulatorConfig, live: LiveWorld, carriage: Carriage) -> None:
        accounts = config.accounts_of(NHN)
        self._accounts = {
            (wire.PRODUCTS[kind].name, account.services[channel]): account
            for account in accounts
            for kind, channel in CHANNELS.items()
            if channel in account.services
        }
        self._phones = {phone.number: f"receiver:{phone.id}" for phone in config.handsets}
        self.modes = {account.id: NhnMode() for account in accounts}
        self._entries = {
            product.name: Entry(
                live,
                carriage,
                Refusals(wire.down(504), product.full, product.refusal),
                config.unanswered_s,
            )
            for product in (wire.SMS, wire.KAKAO)
        }
        self._keys: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    async def enter(self, request: Request, kind: str) -> Call:
        """Raise what secret, mode and faults say; a send meets its faults when accepted."""
        product, app_key = wire.PRODUCTS[kind], request.path_params["app_key"]
        account = self._accounts.get((product.name, app_key))
        if account is None:
            raise product.app_key
        wanted = account.secret["secret_key"].get_secret_value()
        if not compare_digest(request.headers.get("x-secret-key", "").encode(), wanted.encode()):
            raise product.secret
        call = Call(kind, app_key, account, self.modes[account.id], utc_now(), self._phones)
        if request.method == "GET":
            await self.entry_of(call).look_up(request, PROVIDER, f"account:{account.id}")
        elif not request.headers.get("content-type", "").startswith("application/json"):
            raise wire.NOT_JSON
        elif call.mode.answer == "quota-exceeded":
            raise product.quota
        return call

    def entry_of(self, call: Call) -> Entry:
        """The API that a call came by."""
        return self._entries[wire.PRODUCTS[call.kind].name]

    def use_key(self, call: Call, key: str | None) -> None:
        """Raise for an idempotency key with which this account sent a moment ago."""
        used = self._keys.get((call.app_key, key or ""))
        if used is not None and call.now - used < SAME_KEY_WITHIN:
            raise wire.REPEATED
        if key:
            self._keys[call.app_key, key] = call.now
        if len(self._keys) > MOST_KEYS:
            self._keys.popitem(last=False)

    def stop(self) -> None:
        """End all silence."""
        for entry in self._entries.values():
            entry.stop()
