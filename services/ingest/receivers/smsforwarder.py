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

KAKAOTALK = "com.kakao.talk"
_SIGN = re.compile(rb'(?<!\\)"sign"\s*:\s*"([\x21\x23-\x5b\x5d-\x7e]{1,400})"')
_SENT = re.compile(rb'(?<!\\)"sent_ms"\s*:\s*"([0-9]{1,15})"')
_NAMES = "v kind pkg title text uid received sent_ms sign device app net batt from sim subid"
_PERCENT = re.compile(r"(\d{1,3})\s*%?")


class _Said(Payload):
    kind: str = Field(max_length=20)
    batt: str | None = Field(default=None, max_length=8)


class _Message(Payload):
    text: str = Field(repr=False)
    title: str = Field(default="", repr=False)
    received: Moment


class _Notification(_Message):
    pkg: str = Field(min_length=1, max_length=200, repr=False)


class _Sms(_Message):
    sender: str = Field(alias="from", max_length=200, repr=False)


class SmsForwarder:
    """See the module."""

    kind = ObserverKind.SMSFORWARDER
    secrets: tuple[str, ...] = ("token", "secret")
    status = 200  # the only one the app takes for success
    names = frozenset(_NAMES.split())

    def verify(self, incoming: Incoming, keys: Keys, now: datetime) -> Stamp:
        """The bearer token and base64(HMAC-SHA256(secret, time ‖ LF ‖ secret))."""
        tokens = [b"Bearer " + token.get_secret_value().encode() for token in keys["token"]]
        known = equals_one(tokens, incoming.headers.get("authorization", ""))
        stamps, signs = _SENT.findall(incoming.body), _SIGN.findall(incoming.body)
        if not known or len(stamps) != 1 or len(signs) != 1:
            forged()
        stamp = stamps[0].decode()
        at = sent_at(stamp, 1000, now)
        wanted = [_mac(secret.get_secret_value(), stamp) for secret in keys["secret"]]
        if sum(equals_one(wanted, form) for form in _decoded(signs[0].decode())) == 0:
            forged()
        # One secret makes one signature of a time: the time alone is what is used up.
        return Stamp(at, stamp)

    def read(self, body: bytes, stamp: Stamp) -> list[Said]:
        """Notifications and SMS are observations, the automatic task is a sign of life."""
        said = parse(_Said, body)
        alive = SignOfLife(_battery(said.batt))
        if said.kind == "cron":
            return [alive]
        if said.kind == "app":
            post = parse(_Notification, body)
            return [_seen(post, "app", post.pkg)]
        if said.kind == "sms":
            sms = parse(_Sms, body)
            return [_seen(sms, "sms", sms.sender)]
        raise SetAside("unknown_event")


def _mac(secret: str, stamp: str) -> bytes:
    mac = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(mac.digest())


def _decoded(sign: str) -> list[str]:
    """As it came and percent-decoded once and twice (`+` stays a plus)."""
    once = unquote(sign)
    return [sign, once, unquote(once)]


def _seen(message: _Message, kind: str, origin: str) -> Observation | Misconfigured:
    nonce = ids.read_nonce(message.text) or ids.read_nonce(message.title)
    if nonce is None and looks_redacted(message.text + message.title):
        return Misconfigured()
    name = ids.write_nonce(*nonce) if nonce else ""
    return Observation(
        nonce=nonce,
        text=message.text,
        observed_min=message.received,
        observed_max=message.received + timedelta(seconds=1),
        clock=ClockSource.HANDSET,
        placement=Placement.NOTIFICATION if kind == "app" else Placement.INBOX,
        platform="kakaotalk" if origin == KAKAOTALK and kind == "app" else None,
        links_visible=kind == "sms",  # a notification shows no buttons, and cuts long texts
        likeness=(kind, origin, name, message.received.isoformat()),
    )


def _battery(level: str | None) -> float | None:
    match = _PERCENT.fullmatch(level or "")
    return min(int(match[1]), 100) / 100 if match else None


OBSERVER: Observes = SmsForwarder()
