"""Who may say that a message arrived: vectors, forgeries, rotation, replays."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from services.ingest.receive import Tickets
from services.ingest.receivers import discover
from services.ingest.receivers.base import Incoming, Stamp
from services.runtime.errors import Refuse
from simulators import handset_wire as wire
from tests.unit.ingest.handset import (
    FORWARDER,
    GATEWAY,
    KEY,
    NOW,
    OLD_KEY,
    TOKEN,
    Ingest,
    a_notification,
    an_sms,
)

VECTOR_KEY = "bongsu-test-signing-key-0001"
VECTOR_STAMP = "1795424407"
VECTOR_SIGN = "92948ddec3067a513f5352f9cde5fb0a669019aa2514bcb60399a7d5373325ae"
VECTOR_BODY = (
    r'{"id":"V1StGXR8_Z5jdHi6B-myT","webhookId":"bongsu-sms-01","event":"sms:received",'
    r'"deviceId":"ffffffffceb0b1db0000018e937c815b","payload":{"message":"[Web발신]\n[봉수] '
    r'전달 점검 BSP:7K3MQ9ZT2XWD4HNC","receivedAt":"2026-11-23T18:00:05.000+09:00",'
    r'"messageId":"5e1f3a90","sender":"15880000","recipient":"01000000000","simNumber":1,'
    r'"phoneNumber":"15880000"}}'
).encode()
VECTOR_NOW = datetime.fromtimestamp(int(VECTOR_STAMP), UTC)
FORWARDER_SECRET = "SEC-bongsu-test-0001"
FORWARDER_STAMP = "1795424408123"
FORWARDER_RAW = "HG9UZazzscU/+/rwTWYOSNHb2ecDVbNVieXpFD3M6WE="
FORWARDER_ONCE = "HG9UZazzscU%2F%2B%2FrwTWYOSNHb2ecDVbNVieXpFD3M6WE%3D"
FORWARDER_TWICE = "HG9UZazzscU%252F%252B%252FrwTWYOSNHb2ecDVbNVieXpFD3M6WE%253D"
GATEWAY_APP, FORWARDER_APP = discover()[GATEWAY], discover()[FORWARDER]


def _gateway(
    body: bytes = VECTOR_BODY,
    stamp: str = VECTOR_STAMP,
    sign: str = VECTOR_SIGN,
    now: datetime = VECTOR_NOW,
    keys: tuple[str, ...] = (VECTOR_KEY,),
) -> Stamp:
    incoming = Incoming({"x-timestamp": stamp, "x-signature": sign}, body)
    return GATEWAY_APP.verify(incoming, {"key": [SecretStr(k) for k in keys]}, now)


def _forwarder(
    sign: str = FORWARDER_ONCE,
    stamp: str = FORWARDER_STAMP,
    rest: str = '"text":"a"',
    token: str = "Bearer " + TOKEN,
    secrets: tuple[str, ...] = (FORWARDER_SECRET,),
    now: datetime = VECTOR_NOW,
) -> Stamp:
    body = f'{{"kind":"app",{rest},"sent_ms":"{stamp}","sign":"{sign}"}}'.encode()
    keys = {"secret": [SecretStr(s) for s in secrets], "token": [SecretStr(TOKEN)]}
    return FORWARDER_APP.verify(Incoming({"authorization": token}, body), keys, now)


def test_the_gateways_vector_verifies() -> None:
    assert len(VECTOR_BODY) == 361
    assert hashlib.sha256(VECTOR_BODY).hexdigest().startswith("86c3e3e752189f93")
    assert _gateway().at == VECTOR_NOW


@pytest.mark.parametrize("sign", [FORWARDER_RAW, FORWARDER_ONCE, FORWARDER_TWICE])
def test_the_forwarders_vector_verifies_however_often_it_was_encoded(sign: str) -> None:
    assert _forwarder(sign).at == datetime(2026, 11, 23, 9, 0, 8, 123000, tzinfo=UTC)


def test_any_changed_byte_of_a_gateway_body_is_a_forgery() -> None:
    for place in range(len(VECTOR_BODY)):
        changed = bytearray(VECTOR_BODY)
        changed[place] ^= 1
        with pytest.raises(Refuse, match="bad_signature"):
            _gateway(bytes(changed))


def test_any_changed_character_of_a_signature_is_a_forgery() -> None:
    for place, symbol in enumerate(VECTOR_SIGN):
        other = "0" if symbol != "0" else "1"
        with pytest.raises(Refuse, match="bad_signature"):
            _gateway(sign=VECTOR_SIGN[:place] + other + VECTOR_SIGN[place + 1 :])
    for place, symbol in enumerate(FORWARDER_RAW):
        other = "A" if symbol != "A" else "B"
        with pytest.raises(Refuse, match="bad_signature"):
            _forwarder(FORWARDER_RAW[:place] + other + FORWARDER_RAW[place + 1 :])


def test_the_forwarders_signature_does_not_cover_the_body_as_documented() -> None:
    assert _forwarder(rest='"text":"b"') == _forwarder(rest='"text":"c"')


@pytest.mark.parametrize("off_s", [-301, 301])
def test_a_stamp_outside_the_window_is_stale(off_s: int) -> None:
    now = VECTOR_NOW + timedelta(seconds=off_s)
    with pytest.raises(Refuse, match="stale"):
        _gateway(now=now)
    forwarder_at = datetime.fromtimestamp(int(FORWARDER_STAMP) / 1000, UTC)
    with pytest.raises(Refuse, match="stale"):
        _forwarder(now=forwarder_at + timedelta(seconds=off_s))
    assert _gateway(now=VECTOR_NOW + timedelta(seconds=off_s - (1 if off_s > 0 else -1)))


@pytest.mark.parametrize(
    ("stamp", "sign"),
    [
        (VECTOR_STAMP, VECTOR_SIGN.upper()),
        (VECTOR_STAMP, ""),
        ("", VECTOR_SIGN),
        ("1795424407.0", VECTOR_SIGN),
        ("-1795424407", VECTOR_SIGN),
        ("١٧٩٥٤٢٤٤٠٧", VECTOR_SIGN),
        ("9" * 13, VECTOR_SIGN),
        ("9" * 400, VECTOR_SIGN),
    ],
)
def test_a_gateway_request_without_a_proper_stamp_and_signature_is_refused(
    stamp: str, sign: str
) -> None:
    with pytest.raises(Refuse):
        _gateway(stamp=stamp, sign=sign)


@pytest.mark.parametrize(
    "changed",
    [
        {"sign": FORWARDER_RAW.replace("+", " ")},
        {"sign": FORWARDER_ONCE.replace("%2B", "+").replace("+", "%20")},
        {"sign": FORWARDER_TWICE.replace("%", "%25")},
        {"token": "Bearer another"},
        {"token": TOKEN},
        {"token": ""},
        {"stamp": "1795424408124"},
        {"secrets": ("another secret",)},
        {"rest": f'"sign":"{FORWARDER_ONCE}"'},
        {"rest": f'"sent_ms":"{FORWARDER_STAMP}"'},
    ],
)
def test_a_forwarder_request_that_is_wrong_in_one_thing_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(Refuse, match="bad_signature"):
        _forwarder(**changed)  # type: ignore[arg-type]


def test_a_message_that_quotes_a_signature_does_not_stand_in_for_it() -> None:
    assert _forwarder(rest=r'"text":"{\"sign\":\"x\",\"sent_ms\":\"1\"}"')


def test_both_keys_are_good_while_a_key_is_rotated_and_the_old_one_not_afterwards() -> None:
    assert _gateway(keys=("the new key", VECTOR_KEY))
    assert _forwarder(secrets=("the new secret", FORWARDER_SECRET))
    with pytest.raises(Refuse):
        _gateway(keys=("the new key",))


def test_the_simulated_phone_signs_as_the_vector_says() -> None:
    assert wire.forwarder_sign(FORWARDER_SECRET, FORWARDER_STAMP) == FORWARDER_ONCE
    mac = hmac.new(VECTOR_KEY.encode(), VECTOR_BODY + VECTOR_STAMP.encode(), "sha256")
    assert mac.hexdigest() == VECTOR_SIGN
    assert base64.b64decode(FORWARDER_RAW)


def test_a_ticket_is_good_once_or_again_with_the_same_body() -> None:
    tickets = Tickets()
    tickets.use(("a",), b"one", NOW)
    tickets.use(("a",), b"one", NOW)
    tickets.use(("b",), b"two", NOW)
    with pytest.raises(Refuse, match="stale"):
        tickets.use(("a",), b"two", NOW)


def test_tickets_are_bounded_in_number_and_age() -> None:
    tickets = Tickets(most=3)
    for number in range(10):
        tickets.use((str(number),), b"", NOW)
    assert len(tickets._used) == 3
    tickets.use(("late",), b"", NOW + timedelta(seconds=601))
    assert len(tickets._used) == 1


async def test_a_replayed_signature_with_another_body_is_refused(ingest: Ingest) -> None:
    first = a_notification()
    assert (await ingest.forwarder(first)).status == 200
    assert (await ingest.forwarder(first)).status == 200
    assert (await ingest.forwarder(a_notification("another text"))).status == 401
    assert ingest.results(FORWARDER, "stale") == 1
    assert len({r.event_id for r in ingest.records}) == 1


async def test_a_gateway_request_repeated_after_the_window_is_stale(ingest: Ingest) -> None:
    body, at = an_sms(), ingest.clock.now()
    assert (await ingest.gateway(body, at)).status == 202
    assert (await ingest.gateway(body, at)).status == 202
    ingest.clock.at += timedelta(seconds=301)
    assert (await ingest.gateway(body, at)).status == 401
    assert ingest.results(GATEWAY, "stale") == 1


async def test_the_old_key_is_good_while_it_stands_in_the_secret(ingest: Ingest) -> None:
    assert (await ingest.gateway(an_sms(), key=OLD_KEY)).status == 202
    assert (await ingest.gateway(an_sms(), key=KEY[:-1])).status == 401


@pytest.mark.parametrize("receiver", ["skt-2", "", "..", "%00", "x" * 3000])
async def test_a_receiver_nobody_knows_gets_the_answer_of_a_forgery(
    ingest: Ingest, receiver: str
) -> None:
    body = an_sms()
    headers = wire.gateway_headers(KEY, body, NOW)
    answer = await ingest.post(GATEWAY, body, headers, receiver=receiver)
    assert answer.status in (401, 404)
    assert answer.body in (b"", b"Not Found")
    assert ingest.records == []
