"""Ten thousand broken bodies at each handset door: nothing gets worse than unread."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.contracts.evidence import DeadLetter, DeviceSeen, Heartbeat
from simulators import handset_wire as wire
from tests.support.mutants import mutants
from tests.unit.ingest import handset
from tests.unit.ingest.handset import NOW, PROBE, TEXT, Ingest

COUNT = 10_000
ANSWERS = {200, 202, 401}


def gateway_body(event: str, payload: dict[str, Any]) -> bytes:
    return wire.gson(
        {"id": "n" * 21, "webhookId": "w", "event": event, "deviceId": "d", "payload": payload}
    )


def notification(number: int = 0) -> bytes:
    """Each with a time of its own, for a used signature is refused with another body."""
    sent = NOW + number * timedelta(milliseconds=1)
    return wire.forwarder_notification("거제시", TEXT, "10001", NOW, "skt-1", handset.SECRET, sent)


def sms(_: int = 0) -> bytes:
    payload = wire.gateway_sms(f"[Web발신]\n{TEXT}", None, "0550000000", "01000000001", NOW)
    return gateway_body("sms:received", payload)


def mms(_: int = 0) -> bytes:
    payload = wire.gateway_sms(f"[Web발신]\n{TEXT}", "제목", "0550000000", "01000000001", NOW)
    return gateway_body("mms:downloaded", payload)


async def check(ingest: Ingest, kind: str, body: Callable[[int], bytes]) -> Counter[str]:
    """What became of the mutants, after a look at each: the body's own event or none."""
    (original,) = await published(ingest, kind, body(0))
    assert isinstance(original, DeviceSeen)
    became: Counter[str] = Counter()
    for number in range(1, COUNT + 1):
        (mutant,) = mutants(body(number), number, 1)
        records = await published(ingest, kind, mutant)
        became[records[0].kind if records else "nothing"] += 1
        for record in records:
            assert not isinstance(record, Heartbeat) or kind == handset.GATEWAY, mutant
            if isinstance(record, DeviceSeen):
                assert (record.probe_id, record.leg) == (PROBE, original.leg), mutant
                assert record.placement == original.placement
                assert record.receiver == original.receiver
            else:
                assert isinstance(record, DeadLetter | Heartbeat)
    return became


async def published(ingest: Ingest, kind: str, body: bytes) -> list[Any]:
    before = len(ingest.records)
    send = ingest.gateway if kind == handset.GATEWAY else ingest.forwarder
    answer = await send(body)
    assert answer.status in ANSWERS, body
    return ingest.records[before:]


@pytest.mark.parametrize(
    ("kind", "body"),
    [(handset.GATEWAY, sms), (handset.GATEWAY, mms), (handset.FORWARDER, notification)],
    ids=["sms", "mms", "notification"],
)
async def test_a_broken_body_is_its_own_event_or_set_aside_or_refused(
    ingest: Ingest, kind: str, body: Callable[[int], bytes]
) -> None:
    became = await check(ingest, kind, body)
    assert became["device.seen"] > 100, "most mutants never came to the parser"
    assert became["dead.letter"] > 100
    assert became["nothing"] > 100


async def test_a_mutated_body_under_the_old_signature_is_refused(ingest: Ingest) -> None:
    body = sms()
    headers = wire.gateway_headers(handset.KEY, body, NOW)
    for mutant in mutants(body, 7, 1_000):
        assert (await ingest.post(handset.GATEWAY, mutant, headers)).status == 401
    assert ingest.records == []


def test_mutants_are_the_same_for_a_seed_and_none_is_the_body() -> None:
    body = json.dumps({"a": [1, {"b": "c"}]}).encode()
    made = list(mutants(body, 1, 500))
    assert made == list(mutants(body, 1, 500))
    assert body not in made
    assert len(set(made)) > 100
