"""SmsForwarder (3.5): notifications of other apps (KakaoTalk) and SMS, by bongsu's own template.

The signature covers the time only, neither body nor address: hence a bearer token besides, one
use of each signature unless the body is the same, and no trust beyond receipts. It stands in the
body, percent-encoded, and is found there before anything is parsed: quotes inside a message are
escaped, so a message cannot hold a second one. The app keeps whole seconds only.
"""

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta
from urllib.parse import unquote

from pydantic import Field

from services.contracts.evidence import Moment
from services.contracts.vocabulary import ClockSource, ObserverKind, Placement
from services.ingest.receivers import base
from services.runtime.errors import Refuse, SetAside
from services.runtime.incoming import equals_one, parse

KAKAOTALK = "com.kakao.talk"
_SIGN = re.compile(rb'(?<!\\)"sign"\s*:\s*"([\x21\x23-\x5b\x5d-\x7e]{1,400})"')
_SENT = re.compile(rb'(?<!\\)"sent_ms"\s*:\s*"([0-9]{1,15})"')
_NAMES = "v kind pkg title text uid received sent_ms sign device app net batt from sim subid"
_PERCENT = re.compile(r"(\d{1,3})\s*%?")


class _Said(base.Payload):
    kind: str = Field(max_length=20)
    batt: str | None = Field(default=None, max_length=8)


class _Posted(base.Payload):
    origin: str = Field(alias="pkg", min_length=1, max_length=200, repr=False)
    title: str = Field(default="", repr=False)
    received: Moment


class _Notification(_Posted):
    text: str = Field(repr=False)


class _Sms(_Notification):
    origin: str = Field(alias="from", max_length=200, repr=False)


_MESSAGES: dict[str, type[_Notification]] = {"app": _Notification, "sms": _Sms}


class SmsForwarder:
    """See the module."""

    kind = ObserverKind.SMSFORWARDER
    secrets: tuple[str, ...] = ("token", "secret")
    status = 200  # the only one the app takes for success
    names = frozenset(_NAMES.split())

    def verify(self, incoming: base.Incoming, keys: base.Keys, now: datetime) -> base.Stamp:
        """The bearer token and base64(HMAC-SHA256(secret, time ‖ LF ‖ secret))."""
        tokens = [b"Bearer " + token.get_secret_value().encode() for token in keys["token"]]
        known = equals_one(tokens, incoming.headers.get("authorization", ""))
        stamps, signs = _SENT.findall(incoming.body), _SIGN.findall(incoming.body)
        if not known or len(stamps) != 1 or len(signs) != 1:
            raise Refuse("bad_signature")
        stamp, sign = stamps[0].decode(), signs[0].decode()
        at = base.sent_at(stamp, 1000, now)
        wanted = [_mac(secret.get_secret_value(), stamp) for secret in keys["secret"]]
        # As it came, and percent-decoded once and twice (`+` stays a plus).
        forms = (sign, unquote(sign), unquote(unquote(sign)))
        if not any(equals_one(wanted, form) for form in forms):
            raise Refuse("bad_signature")
        # One secret makes one signature of a time: the time alone is what is used up.
        return base.Stamp(at, stamp)

    def read(self, body: bytes, stamp: base.Stamp) -> base.Said:
        """Notifications and SMS are observations, the automatic task is a sign of life; of a room
        (kind `room`) the app's template sends no content."""
        said = parse(_Said, body)
        if said.kind == "room":
            return _post(parse(_Posted, body))
        if said.kind == "cron":
            return base.SignOfLife(_battery(said.batt))
        if said.kind not in _MESSAGES:
            raise SetAside("unknown_event")
        return _seen(said.kind, parse(_MESSAGES[said.kind], body))


def _mac(secret: str, stamp: str) -> bytes:
    mac = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(mac.digest())


def _seen(kind: str, said: _Notification) -> base.Observation:
    posted = kind == "app"
    return base.Observation(
        text=said.text, title=said.title, observed_min=said.received,
        observed_max=said.received + timedelta(seconds=1), clock=ClockSource.HANDSET,
        placement=Placement.NOTIFICATION if posted else Placement.INBOX,
        platform="kakaotalk" if posted and said.origin == KAKAOTALK else None,
        links_visible=not posted,  # a notification shows no buttons, and cuts long texts
        likeness=(kind, said.origin, said.received.isoformat()),
    )  # fmt: skip


def _post(said: _Posted) -> base.RoomPost:
    if said.origin != KAKAOTALK:
        raise SetAside("unknown_event")
    return base.RoomPost(
        title=said.title, platform="kakaotalk", observed_min=said.received,
        observed_max=said.received + timedelta(seconds=1),
        likeness=("room", said.title, said.received.isoformat()),
    )  # fmt: skip


def _battery(level: str | None) -> float | None:
    match = _PERCENT.fullmatch(level or "")
    return min(int(match[1]), 100) / 100 if match else None


OBSERVER: base.Observes = SmsForwarder()
