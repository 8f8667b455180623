"""What every call to NHN Cloud passes first: appkey, secret, mode, faults.

In:  an HTTP request. Out: `Call`, or a `Refusal` that is the answer.
Before: the network. After: `nhn.py`.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from secrets import compare_digest
from typing import Literal

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from simulators import nhn_wire as wire
from simulators.carriage import Carriage, LiveWorld, utc_now
from simulators.config import SimulatorConfig
from simulators.entry import Call, Entry, Refusals
from simulators.webhooks import WebhookMode

NHN = "nhn"
SAME_KEY_WITHIN = timedelta(minutes=10)
MOST_KEYS = 10_000


class NhnMode(BaseModel):
    """How the front end treats an account, beside the faults of the world."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    answer: Literal["normal", "quota-exceeded", "timeout-after-send"] = "normal"
    fail_codes: Mapping[str, str] = {}
    """Accepted, then this final code, by channel: {"alimtalk": "3018"}."""
    webhooks: WebhookMode = WebhookMode()


NhnCall = Call[NhnMode]


class Gate:
    """The checks, in order. `modes` is by account id and may be set at any time."""

    def __init__(self, config: SimulatorConfig, live: LiveWorld, carriage: Carriage) -> None:
        accounts = config.accounts_of(NHN)
        self._accounts = {
            (wire.PRODUCTS[kind], account.services[channel]): account
            for account in accounts
            for kind, channel in wire.CHANNELS.items()
            if channel in account.services
        }
        self._phones = {phone.number: f"receiver:{phone.id}" for phone in config.handsets}
        self.modes = {account.id: NhnMode() for account in accounts}
        self.entries = {
            kind: Entry(
                live,
                carriage,
                Refusals(wire.down(504), product.full, product.refusal),
                config.unanswered_s,
            )
            for kind, product in wire.PRODUCTS.items()
        }
        self._keys: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    async def enter(self, request: Request, kind: str) -> NhnCall:
        """Raise what secret, mode and faults say; a send meets its faults when accepted."""
        product, app_key = wire.PRODUCTS[kind], request.path_params["app_key"]
        account = self._accounts.get((product, app_key))
        if account is None:
            raise product.app_key
        wanted = account.secret["secret_key"].get_secret_value()
        if not compare_digest(request.headers.get("x-secret-key", "").encode(), wanted.encode()):
            raise product.secret
        call = NhnCall(kind, account, app_key, self.modes[account.id], utc_now(), self._phones)
        if request.method == "GET":
            components = f"provider:{NHN}", f"account:{account.id}"
            await self.entries[kind].look_up(request, *components)
        elif not request.headers.get("content-type", "").startswith("application/json"):
            raise wire.no(-9996, "Only application/json Content-type is supported.")
        elif call.mode.answer == "quota-exceeded":
            raise product.quota
        return call

    def use_key(self, call: NhnCall, key: str) -> None:
        """Raise for an idempotency key with which this account sent a moment ago."""
        used = self._keys.get((call.service_id, key))
        if used is not None and call.now - used < SAME_KEY_WITHIN:
            raise wire.no(-1005, "The same key was used within the last 10 minute.")
        self._keys[call.service_id, key] = call.now
        if len(self._keys) > MOST_KEYS:
            self._keys.popitem(last=False)
