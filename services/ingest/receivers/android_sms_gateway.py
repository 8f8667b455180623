"""SMS Gateway for Android (capcom6, 1.68): SMS and MMS of a handset, signed over the raw body.

`receivedAt` is the service centre's time, so the arrival lies between it and `X-Timestamp`. The
body is written with HTML escapes: only the raw bytes verify. `mms:received` announces a message
that is not loaded yet: a sign of life, never delivery.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Annotated

from pydantic import Field, ValidationError

from services.contracts import ids
from services.contracts.evidence import Moment
from services.contracts.vocabulary import ClockSource, ObserverKind, Placement
from services.ingest.receivers.base import (
    Incoming,
    Keys,
    Misconfigured,
    Observation,
    Observes,
    Payload,
    Said,
    SignOfLife,
    Stamp,
    equals_one,
    forged,
    looks_redacted,
    parse,
    sent_at,
)
from services.runtime.errors import SetAside

_NAMES = (
    "id webhookId event deviceId payload message receivedAt messageId sender recipient simNumber"
    " phoneNumber transactionId subject size contentClass body attachments health status checks"
)
SIGNS_OF_LIFE = ("mms:received", "system:ping", "app:started")


class _Event(Payload):
    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    event: str = Field(max_length=40)


class _Sms(Payload):
    message: str = Field(repr=False)
    receivedAt: Moment  # noqa: N815 - the app's own name


class _Mms(Payload):
    body: str | None = Field(default=None, repr=False)
    subject: str | None = Field(default=None, repr=False)
    receivedAt: Moment  # noqa: N815 - the app's own name


class _SmsEvent(_Event):
    payload: _Sms


class _MmsEvent(_Event):
    payload: _Mms


class _Battery(Payload):
    observedValue: Annotated[float, Field(ge=0, le=100)]  # noqa: N815 - the app's own name


class _Checks(Payload):
    battery: _Battery | None = Field(default=None, alias="battery:level")


class _Health(Payload):
    checks: _Checks


class _HealthPayload(Payload):
    health: _Health


class _Ping(_Event):
    payload: _HealthPayload


class AndroidSmsGateway:
    """See the module."""

    kind = ObserverKind.ANDROID_SMS_GATEWAY
    secrets: tuple[str, ...] = ("key",)
    status = 202
    names = frozenset(_NAMES.split())

    def verify(self, incoming: Incoming, keys: Keys, now: datetime) -> Stamp:
        """HMAC-SHA256 in lower-case hex over the body and then the decimal X-Timestamp."""
        stamp = incoming.headers.get("x-timestamp", "")
        at = sent_at(stamp, 1, now)
        signed = incoming.body + stamp.encode()
        wanted = [
            hmac.new(key.get_secret_value().encode(), signed, hashlib.sha256).hexdigest().encode()
            for key in keys["key"]
        ]
        if not equals_one(wanted, incoming.headers.get("x-signature", "")):
            forged()
        return Stamp(at, stamp + "." + incoming.headers["x-signature"])

    def read(self, body: bytes, stamp: Stamp) -> list[Said]:
        """SMS and loaded MMS are observations; pings and announcements are signs of life."""
        event = parse(_Event, body).event
        if event == "sms:received":
            sms = parse(_SmsEvent, body)
            return [_seen(sms.id, sms.payload.message, None, sms.payload.receivedAt, stamp)]
        if event == "mms:downloaded":
            mms = parse(_MmsEvent, body)
            said = mms.payload
            return [_seen(mms.id, said.body or "", said.subject, said.receivedAt, stamp)]
        if event in SIGNS_OF_LIFE:
            return [SignOfLife(_battery(body))]
        raise SetAside("unknown_event")


def _seen(
    own_id: str, text: str, subject: str | None, received_at: datetime, stamp: Stamp
) -> Observation | Misconfigured:
    nonce = ids.read_nonce(text) or ids.read_nonce(subject or "")
    if nonce is None and looks_redacted(text):
        return Misconfigured()
    return Observation(
        nonce=nonce, text=text, observed_min=received_at, observed_max=stamp.at,
        clock=ClockSource.SMSC, placement=Placement.INBOX, own_id=own_id,
    )  # fmt: skip


def _battery(body: bytes) -> float | None:
    """A ping is a sign of life whatever its health section looks like."""
    try:
        level = _Ping.model_validate_json(body).payload.health.checks.battery
    except ValidationError:
        return None
    return level.observedValue / 100 if level else None


OBSERVER: Observes = AndroidSmsGateway()
