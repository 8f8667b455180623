"""SENS: how it is called (signed, each send once), and the letter of what it says.

In:  the message of an adapter as SENS wants it. Out: its answer, judged.
Before: `sens_sms.py`, `_sens_kakao.py`. After: `_judge.py`.
Documents: Naver Cloud SENS overview and API Gateway common pages (api.ncloud-docs.com
`sens-overview`, `common-ncpapi`, `api-call-lgc-errorhandling`), read 2025-11 to 2026-10.
Oddities: the body is not signed; times have no zone (`_korea.py`); errors come in three shapes
(`_judge.py`); there is no idempotency key, so a send whose answer is lost is never repeated.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from urllib.parse import quote

from yarl import URL

from services.adapters._judge import Judge, ReadModel
from services.adapters.base import SendResult, Surroundings
from services.contracts.vocabulary import Channel
from services.runtime.errors import Stop
from services.runtime.exchange import Answer, exchange

SECRET_FIELDS: tuple[str, ...] = ("access_key", "secret_key")


def signature(method: str, path_and_query: str, at_ms: str, access_key: str, secret: str) -> str:
    """Signature v2 in base64 over method, path and query as on the wire, time and key."""
    words = f"{method} {path_and_query}\n{at_ms}\n{access_key}"
    mac = hmac.new(secret.encode(), words.encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def escaped(message_id: str) -> str:
    """An id as it stands in a path or query."""
    return quote(message_id, safe="")


class Service:
    """The messages of one SENS service of an account."""

    def __init__(self, surroundings: Surroundings, api: str, channel: Channel) -> None:
        """`api`: what it is called in addresses. Raises Stop when key or service id is missing."""
        account = surroundings.account
        surroundings.revealed(SECRET_FIELDS)
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
        return await self._judge.sent(self._call("POST", "", request), accepted)

    async def ask(self, rest: str, model: type[ReadModel]) -> ReadModel | None:
        """A look-up; None when SENS does not know the message (yet). Raises Retry, Stop."""
        return self._judge.told(await self._call("GET", rest), model)

    async def _call(self, method: str, rest: str, body: object = None) -> Answer:
        url = URL(self._messages + rest, encoded=True)  # nothing is escaped anew: it is signed
        at_ms = str(time.time_ns() // 1_000_000)
        access, secret = self._around.revealed(SECRET_FIELDS)
        headers = {
            "x-ncp-apigw-timestamp": at_ms,
            "x-ncp-iam-access-key": access,
            "x-ncp-apigw-signature-v2": signature(method, url.raw_path_qs, at_ms, access, secret),
        }
        return await exchange(self._around, method, url, headers, body)
