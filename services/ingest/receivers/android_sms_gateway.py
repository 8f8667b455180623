"""SMS Gateway for Android (capcom6, 1.68): SMS and MMS of a handset, signed over the raw body.

`receivedAt` is the service centre's time, so the arrival lies between it and `X-Timestamp`. The
body is written with HTML escapes: only the raw bytes verify. `mms:received` announces a message
that is not loaded yet: a sign of life, never delivery.
"""

import hashlib
import hmac
from datetime import datetime

from pydantic import AliasPath, Field

from services.contracts.evidence import Moment
from services.contracts.vocabulary import ClockSource, ObserverKind, Placement
from services.ingest.receivers import base
from services.runtime.errors import Refuse, SetAside
from services.runtime.incoming import equals_one, parse

_NAMES = (
    "id webhookId event deviceId payload message receivedAt messageId sender recipient simNumber"
    " phoneNumber transactionId subject size contentClass body attachments health status checks"
)
SIGNS_OF_LIFE = ("mms:received", "system:ping", "app:started")


class _Event(base.Payload):
    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    event: str = Field(max_length=40)


class _Mms(base.Payload):
    text: str | None = Field(None, validation_alias=AliasPath("payload", "body"), repr=False)
    subject: str | None = Field(None, validation_alias=AliasPath("payload", "subject"), repr=False)
    sender: str | None = Field(None, validation_alias=AliasPath("payload", "sender"), repr=False)
    received_at: Moment = Field(validation_alias=AliasPath("payload", "receivedAt"))


class _Sms(_Mms):
    text: str = Field(validation_alias=AliasPath("payload", "message"), repr=False)


class _Ping(base.Payload):
    battery_percent: float | None = Field(
        None, ge=0, le=100,
        validation_alias=AliasPath("payload", "health", "checks", "battery:level", "observedValue"),
    )  # fmt: skip


_MESSAGES = {"sms:received": _Sms, "mms:downloaded": _Mms}


class AndroidSmsGateway:
    """See the module."""

    kind = ObserverKind.ANDROID_SMS_GATEWAY
    secrets: tuple[str, ...] = ("key",)
    status = 202
    names = frozenset(_NAMES.split())

    def verify(self, incoming: base.Incoming, keys: base.Keys, now: datetime) -> base.Stamp:
        """HMAC-SHA256 in lower-case hex over the body and then the decimal X-Timestamp."""
        stamp = incoming.headers.get("x-timestamp", "")
        sign = incoming.headers.get("x-signature", "")
        at = base.sent_at(stamp, 1, now)
        signed = incoming.body + stamp.encode()
        wanted = [
            hmac.new(key.get_secret_value().encode(), signed, hashlib.sha256).hexdigest().encode()
            for key in keys["key"]
        ]
        if not equals_one(wanted, sign):
            raise Refuse("bad_signature")
        return base.Stamp(at, sign)

    def read(self, body: bytes, stamp: base.Stamp) -> base.Said:
        """SMS and loaded MMS are observations; pings and announcements are signs of life."""
        event = parse(_Event, body)
        if event.event in SIGNS_OF_LIFE:
            return base.SignOfLife(_battery(body))
        if event.event not in _MESSAGES:
            raise SetAside("unknown_event")
        said = parse(_MESSAGES[event.event], body)
        return base.Observation(
            text=said.text or "", title=said.subject or "", own_id=event.id,
            observed_min=said.received_at, observed_max=stamp.at, clock=ClockSource.SMSC,
            placement=Placement.INBOX, sender=said.sender,
        )  # fmt: skip


def _battery(body: bytes) -> float | None:
    """A ping is a sign of life whatever its health section looks like."""
    try:
        percent = parse(_Ping, body).battery_percent
    except SetAside:
        return None
    return None if percent is None else percent / 100


OBSERVER: base.Observes = AndroidSmsGateway()
