"""Calls to SENS: signed, sent once, and judged by what is certain about them.

In:  the message of an adapter as SENS wants it. Out: its answer, judged.
Before: `sens_sms.py`, `_sens_kakao.py`. After: `_http.py`; `_sens_wire.py` reads the answer.
There is no idempotency key, so a send whose answer is lost is never repeated.
"""

import time
from collections.abc import Callable, Mapping

import orjson
from yarl import URL

from services.adapters import _sens_wire as wire
from services.adapters._http import Answer, NoAnswer, exchange
from services.adapters._judge import LOOK_UPS_AT_ONCE, Judge, ReadModel, look_up_each
from services.adapters.base import SendResult, Surroundings
from services.contracts.vocabulary import AnswerResult, Channel
from services.runtime.errors import Stop

__all__ = ["LOOK_UPS_AT_ONCE", "SECRET_FIELDS", "Service", "look_up_each"]

SECRET_FIELDS: tuple[str, ...] = ("access_key", "secret_key")


class Service:
    """The messages of one SENS service of an account."""

    def __init__(self, surroundings: Surroundings, api: str, channel: Channel) -> None:
        """`api`: what it is called in addresses. Raises Stop when key or service id is missing."""
        account, secret = surroundings.account, surroundings.secret
        for name in SECRET_FIELDS:
            if name not in secret:
                raise Stop("secret", f"account {account.id}: its secret has no field {name}")
        if channel not in account.services:
            raise Stop("service", f"account {account.id}: no service id for {channel}")
        self._around = surroundings
        self._judge = Judge(account.id, "SENS", signed=True)
        service = account.services[channel]
        self._messages = f"{surroundings.base_url}/{api}/v2/services/{service}/messages"

    async def send(
        self, request: Mapping[str, object], accepted: Callable[[bytes], SendResult | None]
    ) -> SendResult:
        """Send once; `accepted` reads the body of a 2xx answer and says None if it cannot."""
        try:
            answer = await self._call("POST", "", orjson.dumps(request))
        except NoAnswer:
            return SendResult(AnswerResult.UNCLEAR)
        return self._judge.sent(answer, accepted)

    async def ask(self, rest: str, model: type[ReadModel]) -> ReadModel | None:
        """A look-up; None when SENS does not know the message (yet). Raises Retry, Stop."""
        return self._judge.told(await self._call("GET", rest), model)

    async def _call(self, method: str, rest: str, body: bytes | None = None) -> Answer:
        around = self._around
        url = URL(self._messages + rest, encoded=True)  # nothing is escaped anew: it is signed
        at_ms = str(time.time_ns() // 1_000_000)
        access = around.secret["access_key"].get_secret_value()
        secret = around.secret["secret_key"].get_secret_value()
        headers = {
            "x-ncp-apigw-timestamp": at_ms,
            "x-ncp-iam-access-key": access,
            "x-ncp-apigw-signature-v2": wire.signature(
                method, url.raw_path_qs, at_ms, access, secret
            ),
        }
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return await exchange(around.session, method, url, headers, body, around.proxy)
