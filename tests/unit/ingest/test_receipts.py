"""What a phone says becomes evidence, a sign of life, a dead letter, or nothing."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.contracts import ids, text
from services.contracts.evidence import DeadLetter, DeviceSeen, Heartbeat
from services.contracts.vocabulary import ClockSource, ObserverKind, Placement
from services.ingest.receive import Witness, device_seen
from services.ingest.receivers import smsforwarder
from services.ingest.receivers.base import Observation, Stamp
from simulators import handset_wire as wire
from tests.support.builders import CONTENT_KEY, SLOT, a_probe_id
from tests.unit.ingest.handset import (
    FORWARDER,
    GATEWAY,
    KEEPER,
    KEY,
    NOW,
    PROBE,
    SECRET,
    TEXT,
    Ingest,
    a_catalogue,
    a_notification,
    a_receiver,
    an_sms,
)


async def test_an_sms_is_seen_between_the_carriers_time_and_the_upload(ingest: Ingest) -> None:
    answer = await ingest.gateway(an_sms(f"[Web발신]\n{TEXT}"))
    assert (answer.status, json.loads(answer.body)) == (202, {"bongsu": "queued"})
    (seen,) = ingest.records
    assert isinstance(seen, DeviceSeen)
    assert (seen.probe_id, seen.leg, seen.receiver) == (PROBE, 0, "skt-1")
    assert (seen.observer, seen.platform) == (ObserverKind.ANDROID_SMS_GATEWAY, "skt")
    assert (seen.observed_min, seen.observed_max) == (SLOT, NOW)
    assert (seen.clock, seen.placement) == (ClockSource.SMSC, Placement.INBOX)
    assert seen.source_event_id == "V1StGXR8_Z5jdHi6B-myT"
    assert seen.text_digest == text.digest(CONTENT_KEY, TEXT)
    assert (seen.text_chars, seen.source) == (len(TEXT), "ingest/ingest-a")


async def test_a_kakaotalk_notification_is_seen_within_its_second(ingest: Ingest) -> None:
    answer = await ingest.forwarder(a_notification())
    assert (answer.status, answer.body) == (200, b'{"bongsu":"queued"}')
    (seen,) = ingest.records
    assert (seen.platform, seen.placement) == ("kakaotalk", Placement.NOTIFICATION)
    assert (seen.observed_min, seen.observed_max) == (SLOT, SLOT + timedelta(seconds=1))
    assert seen.clock is ClockSource.HANDSET
    assert len(seen.source_event_id) == 64


async def test_a_notification_of_another_app_came_by_the_carrier(ingest: Ingest) -> None:
    await ingest.forwarder(a_notification(pkg="com.samsung.android.messaging"))
    assert ingest.records[0].platform == "skt"


async def test_links_are_compared_where_they_can_be_seen(ingest: Ingest) -> None:
    linked = TEXT + " https://www.geoje.go.kr/a"
    await ingest.gateway(an_sms(linked))
    await ingest.forwarder(a_notification(linked))
    by_sms, by_notification = ingest.records
    assert by_sms.link_digest == text.link_digest(CONTENT_KEY, linked)
    assert by_notification.link_digest is None


async def test_an_lms_carries_its_nonce_in_text_or_subject(ingest: Ingest) -> None:
    for own_id, body, subject in (("a", TEXT, "안내"), ("b", "본문", TEXT)):
        payload = wire.gateway_sms(body, subject, "15880000", "01000000001", SLOT)
        event: dict[str, Any] = {"event": "mms:downloaded", "payload": payload}
        await ingest.gateway(an_sms(own_id=own_id, **event))
    assert [r.probe_id for r in ingest.records] == [PROBE, PROBE]


async def test_a_retry_makes_the_same_event(ingest: Ingest) -> None:
    await ingest.gateway(an_sms())
    ingest.clock.at += timedelta(minutes=4)
    await ingest.gateway(an_sms())
    await ingest.forwarder(a_notification(now=ingest.clock.now()))
    ingest.clock.at += timedelta(minutes=4)
    await ingest.forwarder(a_notification(now=ingest.clock.now()))
    assert len(ingest.records) == 4
    assert len({r.event_id for r in ingest.records}) == 2


async def test_a_repost_a_second_later_is_another_sight_of_the_same_probe(ingest: Ingest) -> None:
    await ingest.forwarder(a_notification())
    later = NOW + timedelta(seconds=1)
    await ingest.forwarder(a_notification(now=later, posted=SLOT + timedelta(seconds=1)))
    assert len({r.source_event_id for r in ingest.records}) == 2


@pytest.mark.parametrize(("off_s", "clock"), [(1.5, "handset"), (2.5, "ingest"), (-290, "ingest")])
async def test_a_clock_more_than_two_seconds_off_is_not_believed(
    ingest: Ingest, off_s: float, clock: str
) -> None:
    off = timedelta(seconds=off_s)
    await ingest.forwarder(a_notification(now=NOW + off, posted=SLOT + off))
    (seen,) = ingest.records
    assert seen.clock == clock
    assert seen.observed_min <= seen.observed_max <= NOW + timedelta(seconds=2)
    offset = ingest.count(
        "bongsu_receiver_clock_offset_seconds", receiver="skt-1", kind=FORWARDER, carrier="skt"
    )
    assert offset == pytest.approx(off_s, abs=0.001)


@pytest.mark.parametrize(
    "message",
    [
        "안녕하세요",
        TEXT[:20],
        text.probe_text(a_probe_id(NOW + timedelta(minutes=11)), 0),
        text.probe_text(a_probe_id(NOW - timedelta(days=7, seconds=1)), 0),
    ],
)
async def test_what_is_no_probe_of_ours_is_dropped_without_a_word(
    ingest: Ingest, lines: list[Any], message: str
) -> None:
    assert (await ingest.gateway(an_sms(message))).status == 202
    assert (await ingest.forwarder(a_notification(message))).status == 200
    assert ingest.records == []
    assert lines == []
    assert ingest.results(GATEWAY, "unmatched") == ingest.results(FORWARDER, "unmatched") == 1


async def test_pings_and_tasks_are_signs_of_life_with_a_battery(ingest: Ingest) -> None:
    await ingest.gateway(an_sms(event="system:ping", payload=wire.gateway_health(3)))
    await ingest.forwarder(wire.forwarder_cron("d", SECRET, NOW))
    assert [r.source for r in ingest.records] == [
        f"observer/skt-1/{GATEWAY}", f"observer/skt-1/{FORWARDER}",
    ]  # fmt: skip
    assert all(isinstance(r, Heartbeat) and r.at == NOW for r in ingest.records)
    labels = {"receiver": "skt-1", "kind": GATEWAY, "carrier": "skt"}
    assert ingest.count("bongsu_receiver_battery_ratio", **labels) == 1.0
    assert ingest.count("bongsu_receiver_last_seen_timestamp_seconds", **labels) == NOW.timestamp()


@pytest.mark.parametrize("payload", [{}, {"health": {"checks": {"battery:level": 7}}}, None, "x"])
async def test_a_ping_is_a_sign_of_life_whatever_it_says(ingest: Ingest, payload: Any) -> None:
    await ingest.gateway(an_sms(event="system:ping", payload=payload))
    assert isinstance(ingest.records[0], Heartbeat)


async def test_an_announced_mms_is_a_sign_of_life_and_never_delivery(ingest: Ingest) -> None:
    await ingest.gateway(an_sms(event="mms:received", payload={"subject": TEXT}))
    assert [type(r) for r in ingest.records] == [Heartbeat]


@pytest.mark.parametrize("shown", ["Sensitive notification content hidden", "민감한 알림 숨김"])
async def test_a_phone_that_hides_messages_is_misconfigured_and_no_evidence(
    ingest: Ingest, shown: str
) -> None:
    assert (await ingest.forwarder(a_notification(shown))).status == 200
    assert (await ingest.gateway(an_sms(shown))).status == 202
    assert ingest.records == []
    assert ingest.results(FORWARDER, "misconfigured") == 1
    assert ingest.results(GATEWAY, "misconfigured") == 1


@pytest.mark.parametrize(
    ("body", "reason", "fields"),
    [
        (b"{", "not_json", {}),
        (b"\xff\xfe", "not_json", {}),
        (b"[" * 50_000, "not_json", {}),
        (b"[1]", "fields", {"": "list"}),
        (b'{"id":"a"}', "fields", {"id": "str"}),
        (an_sms(event="sms:sent"), "unknown_event", {"event": "str", "payload.message": "str"}),
        (an_sms(payload={"message": 5}), "fields", {"payload.message": "int"}),
        (an_sms(surprise=1), None, {}),
        (an_sms(payload={"message": "x", "receivedAt": "1900-01-01T00:00:00Z"}), "fields", {}),
    ],
)
async def test_what_is_authentic_and_not_understood_becomes_a_dead_letter(
    ingest: Ingest, body: bytes, reason: str | None, fields: dict[str, str]
) -> None:
    assert (await ingest.gateway(body)).status == 202
    (record,) = ingest.records
    if reason is None:
        assert isinstance(record, DeviceSeen)
        return
    assert isinstance(record, DeadLetter)
    assert (record.reason, record.size, record.raw) == (reason, len(body), None)
    assert fields.items() <= record.fields.items()
    assert ingest.count("bongsu_dead_letters_total", topic="receipts", reason=reason) == 1
    assert ingest.results(GATEWAY, "invalid") == 1


async def test_a_broken_template_of_the_forwarder_is_a_dead_letter_not_a_forgery(
    ingest: Ingest,
) -> None:
    stamp = str(int(NOW.timestamp() * 1000))
    sign = wire.forwarder_sign(SECRET, stamp)
    broken = f'{{"kind":"app","text":"a " quote","sent_ms":"{stamp}","sign":"{sign}"}}'
    assert (await ingest.forwarder(broken.encode())).status == 200
    assert isinstance(ingest.records[0], DeadLetter)


@pytest.mark.parametrize("missing", ["pkg", "text", "received", "kind"])
async def test_a_forwarder_body_without_a_field_is_a_dead_letter(
    ingest: Ingest, missing: str
) -> None:
    whole = json.loads(a_notification())
    del whole[missing]
    assert (await ingest.forwarder(json.dumps(whole).encode())).status == 200
    assert isinstance(ingest.records[0], DeadLetter)


async def test_while_kafka_is_away_the_phone_keeps_everything(ingest: Ingest) -> None:
    ingest.published.away = True
    for body in (an_sms(), an_sms(event="system:ping"), b"{"):
        answer = await ingest.gateway(body)
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert (await ingest.forwarder(a_notification())).status == 503
    ingest.published.away = False
    assert (await ingest.forwarder(a_notification())).status == 200
    assert ingest.results(GATEWAY, "unavailable") == 3


async def test_before_the_catalogue_is_known_nobody_is_turned_away(ingest: Ingest) -> None:
    ingest.in_force = None
    assert (await ingest.gateway(an_sms())).status == 503


async def test_a_secret_that_is_missing_is_our_fault_and_the_phone_keeps_the_message(
    ingest: Ingest, lines: list[Any]
) -> None:
    ingest.in_force = a_catalogue(a_receiver("kt-1"))
    body = an_sms()
    headers = wire.gateway_headers(KEY, body, NOW)
    assert (await ingest.post(GATEWAY, body, headers, receiver="kt-1")).status == 503
    assert [line["event"] for line in lines] == ["receipt cannot be verified"]


async def test_series_of_receivers_that_left_the_catalogue_go(ingest: Ingest) -> None:
    await ingest.gateway(an_sms())
    labels = {"receiver": "skt-1", "kind": GATEWAY, "carrier": "skt"}
    ingest.metrics.keep_only(a_catalogue())
    assert ingest.count("bongsu_receiver_last_seen_timestamp_seconds", **labels)
    ingest.metrics.keep_only(a_catalogue(a_receiver("kt-1")))
    assert not ingest.count("bongsu_receiver_last_seen_timestamp_seconds", **labels)


async def test_a_happening_without_an_id_is_named_by_a_keyed_hash(ingest: Ingest) -> None:
    number, received = "01000000001", "2026-10-15T15:30:00+0900"
    sms: dict[str, Any] = {"kind": "sms", "from": number, "received": received}
    await ingest.forwarder(a_notification(**sms))
    (seen,) = ingest.records
    likeness = ("sms", number, SLOT.isoformat(), ids.write_nonce(PROBE, 0))
    plain = "\n".join(likeness).encode()
    assert seen.source_event_id != hashlib.sha256(plain).hexdigest()
    stranger = replace(KEEPER, id_key=b"the id key of somebody else's bongsu")
    item = smsforwarder.OBSERVER.read(a_notification(**sms), Stamp(NOW, ""))
    assert isinstance(item, Observation)
    assert number not in repr(item)
    by = Witness(a_receiver(), smsforwarder.OBSERVER.kind, stranger, NOW)
    other = device_seen(item, ids.Nonce(PROBE, 0), by)
    assert other.source_event_id != seen.source_event_id
