"""The letter of SENS: signature, errors, request bodies, times, result codes.

In and out: values of the wire contract (Naver Cloud documentation, SMS v2, Alimtalk v2, Brand
Message v2, API Gateway signature v2, read 2025-11 to 2026-10). Pure. `sens.py` is the behaviour
built on it.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from simulators import texts
from simulators.calls import Refusal
from simulators.config import KST
from simulators.journey import Reason

SIGNATURE_WINDOW_MS = 300_000
SMS_BYTES, LMS_BYTES, SUBJECT_BYTES = 90, 2000, 40
BRAND_CHARS = 1_300

SMS_RESULTS: Mapping[str, tuple[str, str]] = {
    Reason.DELIVERED: ("0", "성공"),
    Reason.NO_SUBSCRIBER: ("3001", "결번"),
    Reason.CARRIER_REFUSED: ("3011", "이동통신사 서버 오류"),
}
KAKAO_RESULTS: Mapping[str, tuple[str, str]] = {
    Reason.DELIVERED: ("0000", "성공"),
    Reason.NOT_A_USER: ("3019", "카카오톡 사용자 아님"),
    Reason.PLATFORM_REFUSED: ("9998", "서비스 제공 불가"),
    "1028": ("1028", "타겟팅 옵션 사용 불가"),
    "3018": ("3018", "메시지를 전송할 수 없음"),
    "3022": ("3022", "발송 가능 시간이 아님"),
    "3050": ("3050", "무료수신거부 정보 없음"),
    "B004": ("B004", "발송 한도 초과"),
}


def gateway_error(status: int, code: str, message: str, details: str) -> Refusal:
    """An answer of the API Gateway in front of SENS."""
    error = {"errorCode": code, "message": message, "details": details}
    return Refusal(status, {"error": error})


def unauthorised(details: str) -> Refusal:
    return gateway_error(401, "200", "Authentication Failed", details)


def bad_request(field: str, message: str) -> Refusal:
    """An answer of SENS itself; names the field, never its value."""
    return Refusal(400, {"status": 400, "errors": field, "errorMessage": message})


def forbidden() -> Refusal:
    message = "Do not have access to this 'serviceId'"
    return Refusal(403, {"status": 403, "error": "Forbidden", "message": message})


def not_found() -> Refusal:
    return Refusal(404, {"status": 404, "error": "Not Found", "message": "No such message"})


def signature(method: str, path_and_query: str, ts_ms: str, access_key: str, secret: str) -> str:
    """Signature v2 over method, path with query exactly as on the wire, time and key."""
    text = f"{method} {path_and_query}\n{ts_ms}\n{access_key}"
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def check_signature(
    headers: Mapping[str, str],
    method: str,
    path_and_query: str,
    access_key: str,
    secret: str,
    now: datetime,
) -> None:
    """Raise the gateway's 401 unless the headers are signed with this key within 5 minutes."""
    stamp = headers.get("x-ncp-apigw-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit()):
        raise unauthorised("Timestamp is missing or not a number")
    if abs(int(now.timestamp() * 1000) - int(stamp)) > SIGNATURE_WINDOW_MS:
        raise unauthorised("Timestamp is more than 5 minutes away")
    wanted = signature(method, path_and_query, stamp, access_key, secret)
    given = headers.get("x-ncp-apigw-signature-v2", "")
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        raise unauthorised("Signature does not match")


Number = Annotated[str, StringConstraints(pattern=r"^\d{1,20}$")]
Upper = StringConstraints(to_upper=True)
BrandType = Literal[
    "TEXT", "IMAGE", "WIDE_IMAGE", "WIDE_ITEM_LIST",
    "COMMERCE", "CAROUSEL_COMMERCE", "CAROUSEL_FEED", "PREMIUM_VIDEO",
]  # fmt: skip


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class SmsRecipient(_Body):
    to: Number
    subject: str | None = None
    content: str | None = None


class SmsBody(_Body):
    type: Annotated[str, Upper, Field(pattern="^(SMS|LMS|MMS)$")]
    content_type: Literal["COMM", "AD"] = Field("COMM", alias="contentType")
    country_code: str = Field("82", alias="countryCode")
    sender: Number = Field(alias="from")
    subject: str = ""
    content: Annotated[str, Field(min_length=1)]
    messages: Annotated[tuple[SmsRecipient, ...], Field(min_length=1, max_length=100)]


class FailoverConfig(_Body):
    type: Annotated[str, Upper, Field(pattern="^(SMS|LMS)$")] | None = None
    sender: Number | None = Field(None, alias="from")
    subject: str | None = None
    content: str | None = None


class KakaoRecipient(_Body):
    country_code: str = Field("82", alias="countryCode")
    to: Number
    content: str
    use_sms_failover: bool | None = Field(None, alias="useSmsFailover")
    failover: FailoverConfig = Field(FailoverConfig(), alias="failoverConfig")


class AlimtalkBody(_Body):
    plus_friend_id: str = Field(alias="plusFriendId")
    template_code: str = Field(alias="templateCode")
    messages: Annotated[tuple[KakaoRecipient, ...], Field(min_length=1, max_length=100)]


class BrandRecipient(KakaoRecipient):
    content: Annotated[str, Field(min_length=1, max_length=BRAND_CHARS)]


class BrandBody(_Body):
    """Free form. Of the types with pictures only the text is read."""

    plus_friend_id: str = Field(alias="plusFriendId")
    message_type: BrandType = Field(alias="messageType")
    targeting: Literal["M", "N", "I"] = "I"
    messages: Annotated[tuple[BrandRecipient, ...], Field(min_length=1, max_length=100)]


def euc_kr_bytes(field: str, text: str) -> int:
    """Length as carriers count it; characters outside the charset are refused."""
    if (count := texts.euc_kr_bytes(text)) is None:
        raise bad_request(field, "contains characters that cannot be sent")
    return count


def check_text(kind: str, content: str, subject: str) -> None:
    limit = SMS_BYTES if kind == "SMS" else LMS_BYTES
    if euc_kr_bytes("content", content) > limit:
        raise bad_request("content", f"is longer than {limit} bytes")
    if euc_kr_bytes("subject", subject) > SUBJECT_BYTES:
        raise bad_request("subject", f"is longer than {SUBJECT_BYTES} bytes")


def iso_ms(at: datetime) -> str:
    return at.astimezone(KST).replace(tzinfo=None).isoformat(timespec="milliseconds")


def iso_s(at: datetime) -> str:
    return at.astimezone(KST).replace(tzinfo=None).isoformat(timespec="seconds")


def plain_s(at: datetime) -> str:
    return iso_s(at).replace("T", " ")
