"""The letter of NHN Cloud: envelope, what is refused and how, request bodies, times, result codes.

In and out: values of the wire contract (NHN Cloud documentation, KakaoTalk Bizmessage v2.3 and SMS
v3.0, read 2026-06). Pure. `nhn.py` is the behaviour built on it.
Where the documentation is silent: a wrong secret of SMS is a wrong appkey; a detail of SMS that
nobody sent has no body; the status of an Alimtalk before its end is PROCESSING.
"""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from simulators.calls import Refusal
from simulators.config import KST
from simulators.journey import Reason, Report
from simulators.texts import euc_kr_bytes

# What carriers show of a text (bytes), and what the API takes (characters): title, body.
SHOWN_BYTES = {"sms": (0, 90), "mms": (40, 2_000)}
MOST_CHARS = {"sms": (0, 255), "mms": (120, 4_000)}

SUCCESS = "1000"
UNFIT = "3016"  # Kakao's code of a text that does not fit its template
RESULTS: Mapping[str, str] = {
    Reason.DELIVERED: SUCCESS,
    Reason.NO_SUBSCRIBER: "3001",
    Reason.CARRIER_REFUSED: "3000",
    Reason.NOT_A_USER: "3019",
    Reason.PLATFORM_REFUSED: "3012",
}
CHANNELS = {"sms": "sms", "mms": "lms", "alimtalk": "alimtalk"}
"""The channel of each kind of message, as World and configuration name it."""


def code_of(report: Report) -> str:
    """The code of a final result."""
    return RESULTS.get(report.reason, report.reason)


def header(code: int = 0, words: str = "SUCCESS") -> dict[str, Any]:
    return {"header": {"isSuccessful": code == 0, "resultCode": code, "resultMessage": words}}


def no(code: int, words: str) -> Refusal:
    """An answer of the service: HTTP 200, whatever is wrong."""
    return Refusal(200, header(code, words))


def down(status: int) -> Refusal:
    """An answer of the load balancer in front of it."""
    return Refusal(status, None)


@dataclass(frozen=True, eq=False)
class Product:
    """How one product of NHN Cloud spells what is wrong with a call.

    `fields` are the codes of what is wrong in a body by the field's name, `body` that of the rest;
    `adapter` is where ingest is told of it.
    """

    name: str
    adapter: str
    app_key: Refusal
    secret: Refusal
    account: Refusal
    sender: Refusal
    quota: Refusal
    full: Refusal
    body: int
    fields: Mapping[str, int]

    def refusal(self, component: str) -> Refusal:
        """How a component that refuses shows at the API."""
        if component.startswith("provider:"):
            return down(503)
        return self.account if component.startswith("account:") else self.sender

    def wrong(self, where: str, words: str) -> Refusal:
        """Names the field and what is wrong with it, never its value."""
        name = where.rpartition(".")[2]
        return no(self.fields.get(name, self.body), f"{where}: {words}")


SMS = Product(
    name="SMS",
    adapter="nhn_sms",
    app_key=no(-1001, "Service is not exist."),
    secret=no(-1000, "Invalid appKey."),
    account=no(-1008, "Service is blocked."),
    sender=no(-2313, "This sendno is blocked."),
    quota=no(-2052, "Blocked by organization message sending count exceed."),
    full=no(-2021, "System error. Failed insert queue."),
    body=-9997,
    fields={"recipientList": -2001, "recipientNo": -2019, "body": -2014, "title": -2014},
)
KAKAO = Product(
    name="KakaoTalk Bizmessage",
    adapter="nhn_alimtalk",
    app_key=no(-1000, "Invalid appKey."),
    secret=no(-1001, "Invalid secretKey."),
    account=no(-4005, "Appkey is disabled status."),
    sender=no(-1027, "The sender is blocked status."),
    quota=no(-1017, "The daily sending limit is exceeded."),
    full=no(-9999, "System error."),
    body=4,
    fields={"recipientNo": -5000},
)
PRODUCTS = {"sms": SMS, "mms": SMS, "alimtalk": KAKAO}
MISMATCH = -3010
ALL_FAILED = header(-1031, "All of receivers are failed to send.")

Number = Annotated[str, StringConstraints(pattern=r"^\d{1,20}$")]
Key = Annotated[str, StringConstraints(max_length=100)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class SmsRecipient(_Body):
    to: Number = Field(alias="recipientNo")
    country: str = Field("82", alias="countryCode")
    key: Key | None = Field(None, alias="recipientGroupingKey")


class SmsBody(_Body):
    title: str = ""
    body: Annotated[str, Field(min_length=1)]
    number: str = Field("", alias="sendNo")
    key: Key | None = Field(None, alias="senderGroupingKey")
    to: tuple[SmsRecipient, ...] = Field(alias="recipientList", min_length=1)


class Resend(_Body):
    """The wish for a substitute. Without `wanted` the setting of the sender counts."""

    wanted: bool | None = Field(None, alias="isResend")
    type: Literal["SMS", "LMS"] | None = Field(None, alias="resendType")
    title: str | None = Field(None, alias="resendTitle")
    content: str | None = Field(None, alias="resendContent")
    number: str | None = Field(None, alias="resendSendNo")


class KakaoRecipient(_Body):
    to: Annotated[Number, Field(alias="recipientNo", max_length=15)]
    content: Annotated[str, Field(max_length=1_300)] = ""
    resend: Resend = Field(Resend(), alias="resendParameter")
    key: Key | None = Field(None, alias="recipientGroupingKey")


class KakaoBody(_Body):
    sender_key: Annotated[str, Field(alias="senderKey", min_length=1, max_length=40)]
    template: Annotated[str, Field(alias="templateCode", min_length=1, max_length=20)]
    key: Key | None = Field(None, alias="senderGroupingKey")
    to: tuple[KakaoRecipient] = Field(alias="recipientList")


def names(number: str, sender_key: str | None, recipient_key: str | None) -> dict[str, Any]:
    """What names a message: here, there, and in the words of its sender."""
    return {
        "recipientSeq": 1,
        "recipientNo": number,
        "senderGroupingKey": sender_key,
        "recipientGroupingKey": recipient_key,
    }


def check_text(kind: str, title: str, body: str) -> None:
    """Raise for what the API does not take; what it takes may still be cut."""
    for text, most in zip((title, body), MOST_CHARS[kind], strict=True):
        if len(text) > most:
            raise no(-2015, "Title or Body exceed maximum byte.")
        if euc_kr_bytes(text) is None:
            raise no(-2023, "Unacceptable characters in title and body")


def cut(text: str, most: int) -> str:
    """The part of a text that carriers carry."""
    return text.encode("euc-kr")[:most].decode("euc-kr", errors="ignore")


def post(product: Product, app_key: str, hook: object, now: datetime) -> dict[str, object]:
    """A webhook around one result; each post has an id of its own."""
    return {
        "hooksId": new_id(now),
        "productName": product.name,
        "appKey": app_key,
        "event": "MESSAGE_RESULT_UPDATE",
        "hooks": [hook],
    }


def new_id(at: datetime) -> str:
    """An id of a request or a hook: the time in Korea, and 11 letters and digits."""
    letters = string.ascii_letters + string.digits
    return f"{at.astimezone(KST):%Y%m%d%H%M%S}" + "".join(
        secrets.choice(letters) for _ in range(11)
    )


def plain(at: datetime) -> str:
    """As look-ups of SMS show a time."""
    return f"{at.astimezone(KST):%Y-%m-%d %H:%M:%S}.0"


def bare(at: datetime) -> str:
    """As look-ups of Alimtalk show a time."""
    return plain(at).removesuffix(".0")
