"""Bytes and records: what we write we read, and what is not ours is refused in few words."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import codec
from services.contracts.codec import InvalidEvent
from services.contracts.evidence import Record
from tests.support import builders
from tests.support.strategies import records

REASONS = {"empty", "unknown_type", "invalid"}
HEARTBEAT = [("ce_type", b"bongsu.heartbeat.v1")]
REPORT = [("ce_type", b"bongsu.report.received.v1")]


@given(records())
def test_any_record_comes_back_from_its_bytes(record: Record) -> None:
    encoded = codec.encode(record)
    assert codec.decode(encoded.value, encoded.headers) == record
    assert encoded.key


@given(records())
def test_headers_follow_the_binary_mode_of_cloudevents(record: Record) -> None:
    headers = dict(codec.encode(record).headers)
    assert headers["ce_specversion"] == b"1.0"
    assert headers["content-type"] == b"application/json"
    assert headers["ce_type"].decode() == codec.type_of(type(record))
    assert headers["ce_id"]
    assert headers["ce_source"]
    assert datetime.fromisoformat(headers["ce_time"].decode()).tzinfo is not None


@given(records())
def test_fields_of_a_newer_producer_are_ignored(record: Record) -> None:
    encoded = codec.encode(record)
    newer = json.dumps(json.loads(encoded.value) | {"field_to_come": {"deep": [1]}}).encode()
    assert codec.decode(newer, encoded.headers) == record


def test_times_of_any_zone_come_back_in_utc() -> None:
    value = b'{"source": "worker/a", "at": "2026-10-15T15:30:00+09:00"}'
    at = codec.decode(value, HEARTBEAT).at  # type: ignore[attr-defined]
    assert (at, at.tzinfo) == (builders.SLOT, UTC)


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00", "1969-12-31T23:59:59.999999Z",
        "2200-01-01T00:00:00Z", "2026-10-15T15:30:00",
    ],
)  # fmt: skip
def test_a_time_that_no_arithmetic_survives_is_refused(at: str) -> None:
    assert _refusal(json.dumps({"source": "worker/a", "at": at}).encode()).reason == "invalid"


def test_a_record_without_a_value_is_empty() -> None:
    assert _refusal(None).reason == "empty"


@pytest.mark.parametrize(
    "headers",
    [
        [], [("ce_type", None)], [("ce_type", b"\xff\x00")], [("ce_type", b"bongsu.nothing.v1")],
        [("ce_type", b"bongsu.heartbeat.v2")], [("ce_id", b"bongsu.heartbeat.v1")],
    ],
)  # fmt: skip
def test_a_type_nobody_knows_is_refused(headers: list[tuple[str, bytes | None]]) -> None:
    assert _refusal(b"{}", headers).reason == "unknown_type"


def test_a_newer_version_is_named_in_the_complaint() -> None:
    assert "bongsu.heartbeat.v2" in str(_refusal(b"{}", [("ce_type", b"bongsu.heartbeat.v2")]))


_VALID = {"source": "worker/a", "at": "2026-10-15T06:30:00Z"}


@pytest.mark.parametrize(
    "value",
    [
        b"", b"{", b"null", b"[]", b'"text"', b"\x00", b"\xff\xfe", b"[" * 1_000_000,
        b'{"at":' * 200_000, b'{"at":' + b"9" * 1_000_000 + b"}", b'{"at": 1e999}',
        json.dumps(_VALID | {"source": "worker/" + "a" * 1_000_000}).encode(),
        json.dumps(_VALID | {"kind": "probe.sent"}).encode(),
        json.dumps(_VALID | {"version": 2}).encode(),
        json.dumps(_VALID | {"reached": ["\ud800"]}).encode(),
        json.dumps(_VALID | {"reached": ["Upper"]}).encode(),
    ],
)  # fmt: skip
def test_bytes_that_are_no_such_record_are_invalid(value: bytes) -> None:
    refusal = _refusal(value)
    assert refusal.reason == "invalid"
    assert len(str(refusal)) < 100


@pytest.mark.parametrize("place", ["code", "provider_message_id"])
def test_a_nul_which_postgres_cannot_store_is_invalid(place: str) -> None:
    value = json.loads(codec.encode(builders.a_report()).value)
    assert _refusal(json.dumps(value | {place: "a\0b"}).encode(), REPORT).reason == "invalid"
    nested = json.dumps(value | {"fields": {"a\0": "b"}}).encode()
    assert _refusal(nested, REPORT).reason == "invalid"


@pytest.mark.parametrize(
    ("record", "place"),
    [
        (builders.a_report(probe_id=None), "provider_message_id"),
        (builders.a_dead_letter(), "origin"),
        (builders.a_sighting(), "source_event_id"),
    ],
)
def test_what_names_a_record_is_never_empty(record: Record, place: str) -> None:
    encoded = codec.encode(record)
    nameless = json.dumps(json.loads(encoded.value) | {place: ""}).encode()
    assert _refusal(nameless, encoded.headers).reason == "invalid"


@given(st.binary(max_size=200), st.sampled_from(sorted(codec.BY_TYPE)))
def test_any_bytes_are_a_record_or_refused_with_a_known_reason(value: bytes, name: str) -> None:
    assert _refusal(value, [("ce_type", name.encode())]).reason in REASONS


SECRET = "01000000001"


@pytest.mark.parametrize(
    "damage",
    [
        {"state": SECRET}, {"fields": {SECRET: 5}}, {"fields": {"a": [SECRET]}},
        {"event_id": SECRET}, {"reported_at": SECRET + "?"}, {"leg": SECRET}, {"source": SECRET},
        {"code": SECRET * 9}, {SECRET: SECRET, "leg": 9},
    ],
)  # fmt: skip
def test_a_complaint_never_repeats_the_input(damage: dict[str, object]) -> None:
    value = json.loads(codec.encode(builders.a_report()).value) | damage
    refusal = _refusal(json.dumps(value).encode(), REPORT)
    assert refusal.__cause__ is None
    assert SECRET not in str(refusal)


def test_a_type_that_is_no_type_is_not_repeated_either() -> None:
    assert SECRET not in str(_refusal(b"{}", [("ce_type", SECRET.encode())]))


def _refusal(
    value: bytes | None,
    headers: list[tuple[str, bytes | None]] | list[tuple[str, bytes]] = HEARTBEAT,
) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        codec.decode(value, headers)
    return caught.value
