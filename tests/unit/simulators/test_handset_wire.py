"""The letter of the two Android apps, against their signature vectors."""

import hashlib
from datetime import UTC, datetime

import orjson

from simulators import handset_wire as wire

VECTOR_BODY = (
    '{"id":"V1StGXR8_Z5jdHi6B-myT","webhookId":"bongsu-sms-01","event":"sms:received",'
    '"deviceId":"ffffffffceb0b1db0000018e937c815b","payload":{"message":'
    '"[Web발신]\\n[봉수] 전달 점검 BSP:7K3MQ9ZT2XWD4HNC","receivedAt":'
    '"2026-11-23T18:00:05.000+09:00","messageId":"5e1f3a90","sender":"15880000",'
    '"recipient":"01000000000","simNumber":1,"phoneNumber":"15880000"}}'
).encode()


def test_the_gateway_vector_holds() -> None:
    digest = "86c3e3e752189f933cdbd7f09b7e2ba6f38742e40c6734fd83e519f3b0428e8f"
    assert hashlib.sha256(VECTOR_BODY).hexdigest() == digest
    at = datetime.fromtimestamp(1795424407.9, UTC)
    headers = wire.gateway_headers("bongsu-test-signing-key-0001", VECTOR_BODY, at)
    assert headers["X-Timestamp"] == "1795424407"
    assert headers["X-Signature"] == (
        "92948ddec3067a513f5352f9cde5fb0a669019aa2514bcb60399a7d5373325ae"
    )


def test_the_gateway_writes_the_vector_byte_for_byte() -> None:
    payload = wire.gateway_sms(
        "[Web발신]\n[봉수] 전달 점검 BSP:7K3MQ9ZT2XWD4HNC",
        None,
        "15880000",
        "01000000000",
        datetime(2026, 11, 23, 9, 0, 5, 700_000, tzinfo=UTC),
    )
    body = {
        "id": "V1StGXR8_Z5jdHi6B-myT",
        "webhookId": "bongsu-sms-01",
        "event": "sms:received",
        "deviceId": "ffffffffceb0b1db0000018e937c815b",
        "payload": payload | {"messageId": "5e1f3a90"},
    }
    assert wire.gson(body) == VECTOR_BODY


def test_the_gateway_escapes_as_gson_does() -> None:
    written = wire.gson({"message": "<a href='x'>&=한"})
    assert written == (
        '{"message":"\\u003ca href\\u003d\\u0027x\\u0027\\u003e\\u0026\\u003d한"}'.encode()
    )
    assert orjson.loads(written) == {"message": "<a href='x'>&=한"}


def test_a_long_message_travels_as_mms_with_body_and_subject() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    payload = wire.gateway_sms("text", "subject", "15880000", "01000000000", at)
    assert (payload["body"], payload["subject"], payload["attachments"]) == ("text", "subject", [])
    assert "message" not in payload


def test_the_forwarder_vector_holds() -> None:
    sign = wire.forwarder_sign("SEC-bongsu-test-0001", "1795424408123")
    assert sign == "HG9UZazzscU%2F%2B%2FrwTWYOSNHb2ecDVbNVieXpFD3M6WE%3D"


def test_the_forwarder_keeps_whole_seconds_of_the_phones_zone() -> None:
    posted = datetime(2026, 11, 23, 9, 0, 7, 999_000, tzinfo=UTC)
    sent = datetime.fromtimestamp(1795424408.123, UTC)
    secret = "SEC-bongsu-test-0001"
    raw = wire.forwarder_notification("봉수", "BSP:X", "10001", posted, "skt-01", secret, sent)
    body = orjson.loads(raw)
    assert list(body)[:9] == [
        *("v", "kind", "pkg", "title", "text", "uid", "received", "sent_ms", "sign"),
    ]
    assert list(body)[9:] == ["device", "app", "net", "batt"]
    assert (body["v"], body["kind"], body["pkg"]) == (1, "app", "com.kakao.talk")
    assert body["received"] == "2026-11-23T18:00:07+0900"
    assert body["sent_ms"] == "1795424408123"
    assert body["sign"] == wire.forwarder_sign(secret, "1795424408123")


def test_the_heartbeats_have_the_shape_ingest_expects() -> None:
    health = wire.gateway_health(3)["health"]
    assert health["status"] == "pass"
    assert {check["status"] for check in health["checks"].values()} == {"pass"}
    cron = orjson.loads(wire.forwarder_cron("skt-01", "s", datetime(2026, 1, 1, tzinfo=UTC)))
    assert list(cron) == ["v", "kind", "device", "sent_ms", "sign", "app", "net", "batt"]
    assert cron["kind"] == "cron"
