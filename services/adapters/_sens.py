"""Calls to SENS: signed, sent once, and judged by what is certain about them.

In:  the message of an adapter as SENS wants it. Out: its answer, judged.
Before: `sens_sms.py`, `sens_alimtalk.py`. After: `_http.py`; `_sens_wire.py` reads the answer.
There is no idempotency key, so a send whose answer is lost is never repeated.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson
from yarl import URL

from services.adapters import _sens_wire as wire
from services.adapters._http import Answer, NoAnswer, exchange
from services.adapters.base import Report, SendResult, Surroundings
from services.contracts.vocabulary import AnswerResult, Channel
from services.runtime.errors import Retry, Stop

SECRET_FIELDS: tuple[str, ...] = ("access_key", "secret_key")
LOOK_UPS_AT_ONCE = 20  # no limit is documented; as many as an account's usual connections


class Service:
    """The messages of one SENS service of an account."""

    def __init__(self, surroundings: Surroundings, api: str, channel: Channel) -> None:
        """`api` is `sms` or `alimtalk`. Raises Stop when key or service id is missing."""
        account, secret = surroundings.account, surroundings.secret
        for name in SECRET_FIELDS:
            if name not in secret:
                raise Stop("secret", f"account {account.id}: its secret has no field {name}")
        if channel not in account.services:
            raise Stop("service", f"account {account.id}: no service id for {channel}")
        self._around = surroundings
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
        if answer.status // 100 == 2:
            unread = SendResult(AnswerResult.UNCLEAR, f"http-{answer.status}")
            return accepted(answer.body) or unread
        failure = wire.read_failure(answer)
        self._stop_if_locked_out(answer, failure)
        return wire.judge(failure)

    async def ask(self, rest: str, model: type[wire.ReadModel]) -> wire.ReadModel | None:
        """A look-up; None when SENS does not know the message (yet). Raises Retry, Stop."""
        answer = await self._call("GET", rest)
        if answer.status // 100 == 2:
            body = wire.read(model, answer.body)
            if body is None:
                raise Retry("unavailable", "SENS answers a look-up with what is no answer")
            return body
        failure = wire.read_failure(answer)
        self._stop_if_locked_out(answer, failure)
        if answer.status == 429:
            raise Retry("throttled", f"SENS answers {failure.code}")
        if answer.status >= 500 or answer.status < 400:  # a redirect is no answer of SENS
            raise Retry("unavailable", f"SENS answers {failure.code}")
        return None

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

    def _stop_if_locked_out(self, answer: Answer, failure: wire.Failure) -> None:
        if failure.status not in (401, 403):
            return
        who = f"account {self._around.account.id}: SENS answers {failure.code}"
        if failure.status == 401 and wire.clock_is_off(answer.date, time.time()):
            raise Stop("clock", f"{who}, and this machine's clock differs from its own")
        if failure.status == 403 or failure.error_code == "210":
            raise Stop("permission", f"{who}: this key may not use the service")
        raise Stop("credentials", f"{who}: key or secret is wrong")


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
