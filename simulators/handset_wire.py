"""The letter of the two Android apps: bodies, headers, signatures.

In:  what the phone saw. Out: the exact bytes and headers of the app's webhook.
Written after SMS Gateway for Android 1.68.0 and SmsForwarder 3.5.0 as set up for bongsu. Pure.
"""

import base64
import hashlib
import hmac
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from simulators.config import KST

KAKAOTALK_PACKAGE = "com.kakao.talk"
FORWARDER_VERSION = "3.5.0"
# Gson writes these characters of a string as escapes, in lower-case hexadecimal.
_GSON = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "=": "\\u003d", "'": "\\u0027"}
_GSON_ESCAPES = str.maketrans(_GSON)


def gson(value: Mapping[str, Any]) -> bytes:
    """JSON as Gson with HTML escaping writes it: compact, Korean as plain UTF-8."""
    return orjson.dumps(value).decode().translate(_GSON_ESCAPES).encode()


def gateway_headers(key: str, body: bytes, now: datetime) -> dict[str, str]:
    """Signed over the body and then the decimal seconds, anew at every attempt."""
    stamp = str(int(now.timestamp()))
    mac = hmac.new(key.encode(), body + stamp.encode(), hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "User-Agent": "me.capcom.smsgateway/1.68.0",
        "X-Timestamp": stamp,
        "X-Signature": mac.hexdigest(),
    }


def gateway_sms(
    text: str, subject: str | None, sender: str, number: str, accepted: datetime
) -> dict[str, Any]:
    """The payload of sms:received, or with a subject that of mms:downloaded.

    `accepted` is when the carrier took the message: that is what the app gives as receivedAt.
    """
    stamp = accepted.astimezone(KST).replace(microsecond=0).isoformat(timespec="milliseconds")
    digest = f"{zlib.crc32(f'{sender}{stamp}{text}'.encode()):08x}"
    said = {"message": text} if subject is None else {"body": text, "subject": subject}
    rest: dict[str, Any] = {"attachments": []} if subject is not None else {}
    return {
        **said,
        **rest,
        "receivedAt": stamp,
        "messageId": digest,
        "sender": sender,
        "recipient": number,
        "simNumber": 1,
        "phoneNumber": sender,
    }


def gateway_health(pending: int) -> dict[str, Any]:
    """The payload of system:ping: a plugged-in phone with a connection."""

    values = (
        ("battery:level", "Battery level in percent", "percent", 100),
        ("battery:charging", "Is the phone charging?", "flags", 4),
        ("connection:status", "Internet connection status", "boolean", 1),
        ("messages:failed", "Failed messages for last hour", "messages", 0),
        ("webhooks:pending", "Events waiting for upload", "events", pending),
    )
    checks = {
        name: {"description": words, "observedUnit": unit, "observedValue": value, "status": "pass"}
        for name, words, unit, value in values
    }
    return {"health": {"status": "pass", "checks": checks}}


def forwarder_sign(secret: str, stamp_ms: str) -> str:
    """The [sign] of a JSON body: over time and secret only, percent-encoded."""
    mac = hmac.new(secret.encode(), f"{stamp_ms}\n{secret}".encode(), hashlib.sha256)
    return quote(base64.b64encode(mac.digest()).decode(), safe="")


def forwarder_headers(token: str, receiver: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {token}",
        "X-Bongsu-Receiver": receiver,
    }


def forwarder_notification(
    title: str, text: str, uid: str, posted: datetime, device: str, secret: str, now: datetime
) -> bytes:
    """The notification template; `posted` loses its milliseconds, as in the app."""
    said = {"kind": "app", "pkg": KAKAOTALK_PACKAGE, "title": title, "text": text, "uid": uid}
    return _posted(said, device, secret, posted, now)


def forwarder_room(
    title: str, uid: str, device: str, secret: str, posted: datetime, now: datetime
) -> bytes:
    """The template of an observed open chat room: its title, and no content."""
    said = {"kind": "room", "pkg": KAKAOTALK_PACKAGE, "title": title, "uid": uid}
    return _posted(said, device, secret, posted, now)


def forwarder_cron(device: str, secret: str, now: datetime) -> bytes:
    """The automatic task that serves as heartbeat."""
    said = {"v": 1, "kind": "cron", "device": device}
    return orjson.dumps({**said, **_signed(secret, now), **_STATE})


def _posted(
    said: Mapping[str, str], device: str, secret: str, posted: datetime, now: datetime
) -> bytes:
    received = posted.astimezone(KST).strftime("%Y-%m-%dT%H:%M:%S%z")
    told = {"v": 1, **said, "received": received, **_signed(secret, now)}
    return orjson.dumps({**told, "device": device, **_STATE})


def _signed(secret: str, now: datetime) -> dict[str, str]:
    stamp = str(int(now.timestamp() * 1000))
    return {"sent_ms": stamp, "sign": forwarder_sign(secret, stamp)}


_STATE = {"app": FORWARDER_VERSION, "net": "WIFI", "batt": "100%"}
