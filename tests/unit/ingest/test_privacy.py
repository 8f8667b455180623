"""No number, no text: nothing of a message leaves ingest, whatever a body looks like."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contracts.evidence import DeadLetter
from services.ingest import receive
from simulators import handset_wire as wire
from tests.unit.ingest.handset import (
    CANARY_NUMBER,
    CANARY_WORD,
    NOW,
    SECRET,
    TEXT,
    Ingest,
    a_notification,
    an_sms,
    left_behind,
    write_secrets,
)

CANARIES = (CANARY_NUMBER, CANARY_WORD)
_LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
_WORD = st.text(max_size=20) | st.sampled_from(
    [*CANARIES, "event", "payload", "message", "receivedAt", "id", "kind", "text", "pkg", "health"]
)
ANY_JSON = st.recursive(
    _LEAF | _WORD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORD, inner, max_size=6),
    max_leaves=12,
)


@contextmanager
def _fresh() -> Iterator[Ingest]:
    """hypothesis runs many examples in one test: each gets an ingest of its own."""
    with TemporaryDirectory() as folder:
        yield Ingest(write_secrets(Path(folder)))


def _from(number: str) -> dict[str, Any]:
    return {"from": number}  # a word Python keeps for itself


def _hostile(kind: str) -> list[bytes]:
    message = f"{TEXT} {CANARY_WORD} {CANARY_NUMBER}"
    if kind == "gateway":
        return [
            an_sms(message),
            an_sms(f"{CANARY_WORD} {CANARY_NUMBER}"),
            an_sms(message, event="sms:sent"),
            an_sms(message, event=CANARY_WORD),
            an_sms(payload={"message": message, CANARY_NUMBER: CANARY_WORD}),
            json.dumps({CANARY_NUMBER: {CANARY_WORD: CANARY_NUMBER}}).encode(),
            CANARY_WORD.encode() + CANARY_NUMBER.encode(),
        ]
    return [
        a_notification(message, title=CANARY_WORD),
        a_notification(message, kind="sms", **_from(CANARY_NUMBER)),
        a_notification(message, kind=CANARY_WORD),
        a_notification(message, received=CANARY_NUMBER),
        a_notification(message, batt=CANARY_NUMBER),
        a_notification(message, pkg=CANARY_WORD, uid=CANARY_NUMBER),
    ]


@pytest.mark.parametrize("number", range(7))
async def test_a_gateway_body_leaves_neither_number_nor_text_behind(
    ingest: Ingest, lines: list[Any], number: int
) -> None:
    answer = await ingest.gateway(_hostile("gateway")[number])
    left = left_behind(ingest, lines) + answer.body.decode()
    assert not [canary for canary in CANARIES if canary in left]


@pytest.mark.parametrize("number", range(6))
async def test_a_forwarder_body_leaves_neither_number_nor_text_behind(
    ingest: Ingest, lines: list[Any], number: int
) -> None:
    answer = await ingest.forwarder(_hostile("forwarder")[number])
    left = left_behind(ingest, lines) + answer.body.decode()
    assert not [canary for canary in CANARIES if canary in left]


async def test_a_refused_body_leaves_nothing_in_the_log(ingest: Ingest, lines: list[Any]) -> None:
    body = an_sms(f"{TEXT} {CANARY_WORD}")
    headers = {"Content-Type": "application/json", "X-Signature": CANARY_WORD, "X-Timestamp": "1"}
    await ingest.post("android-sms-gateway", body, headers, receiver=CANARY_NUMBER)
    assert len(lines) == 1
    assert not [canary for canary in CANARIES if canary in left_behind(ingest, lines)]


async def test_the_search_finds_what_is_not_redacted(
    ingest: Ingest, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(body: bytes, reason: str, *_: Any) -> DeadLetter:
        return DeadLetter(
            source="ingest/ingest-a", at=NOW, origin="receipts/a/b", reason=reason, size=1,
            digest="0" * 64, raw=body.decode(),
        )  # fmt: skip

    monkeypatch.setattr(receive, "dead_letter", careless)
    await ingest.gateway(an_sms(CANARY_WORD, event="sms:sent"))
    structlog.get_logger().info("careless", message=CANARY_NUMBER)
    left = left_behind(ingest, lines)
    assert [canary for canary in CANARIES if canary in left] == list(CANARIES)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=ANY_JSON, app=st.sampled_from(["gateway", "forwarder"]))
async def test_any_json_is_answered_and_leaks_nothing(body: Any, app: str) -> None:
    with _fresh() as ingest, structlog.testing.capture_logs() as lines:
        if app == "gateway":
            answer = await ingest.gateway(json.dumps(body).encode())
        else:
            stamp = str(int(NOW.timestamp() * 1000))
            signed = {"sent_ms": stamp, "sign": wire.forwarder_sign(SECRET, stamp)}
            whole = (body if isinstance(body, dict) else {"text": body}) | signed
            answer = await ingest.forwarder(json.dumps(whole).encode())
        assert answer.status in (200, 202)
        assert not [canary for canary in CANARIES if canary in left_behind(ingest, lines)]


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=300))
async def test_any_bytes_are_answered(body: bytes) -> None:
    with _fresh() as ingest:
        assert (await ingest.gateway(body)).status == 202
        assert (await ingest.forwarder(body)).status == 401
