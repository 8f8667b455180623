"""A post in an observed open chat room: which route, which member, when, and nothing of it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from services.contracts.catalogue import Catalogue, Quota, Route, Sender, build
from services.contracts.evidence import ChannelObserved
from services.contracts.vocabulary import Channel
from simulators import handset_wire as wire
from tests.support.builders import REVISION, SECOND, SLOT
from tests.unit.ingest.handset import FORWARDER, NOW, SECRET, Ingest, a_receiver

ROOM = "중대재해 사이렌"


def _observing(**over: Any) -> Catalogue:
    """One route that is observed in ROOM by skt-1."""
    fields: dict[str, Any] = {
        "id": "moel.openchat.none", "body": "moel", "notice": "accident", "adapter": "none",
        "channel": Channel.OPENCHAT, "account": "none", "sender": "moel-openchat",
        "platform": "kakaotalk", "receivers": ("skt-1",), "expected_within_s": 300,
    }  # fmt: skip
    sender = Sender(
        id="moel-openchat", body="moel", account="none", channel=Channel.OPENCHAT, room=ROOM,
        quota=Quota(),
    )  # fmt: skip
    objects: list[Any] = [("receiver", a_receiver()), ("sender", sender)]
    return build(REVISION, [*objects, ("route", Route(**fields | over))])


def _a_post(title: str = ROOM, posted: Any = SLOT, now: Any = NOW, **over: Any) -> bytes:
    body = wire.forwarder_room(title, "1", "d", SECRET, posted, now)
    return json.dumps(json.loads(body) | over, ensure_ascii=False).encode()


@pytest.fixture
def watching(ingest: Ingest) -> Ingest:
    ingest.in_force = _observing()
    return ingest


async def test_a_post_is_evidence_of_the_route_that_is_observed_in_that_room(
    watching: Ingest,
) -> None:
    answer = await watching.forwarder(_a_post())
    assert (answer.status, answer.body) == (200, b'{"bongsu":"queued"}')
    (seen,) = watching.records
    assert isinstance(seen, ChannelObserved)
    assert (seen.route, seen.receiver, seen.observer) == ("moel.openchat.none", "skt-1", FORWARDER)
    assert (seen.observed_min, seen.observed_max) == (SLOT, SLOT + SECOND)


async def test_nothing_of_the_room_leaves_ingest_not_even_its_title(watching: Ingest) -> None:
    await watching.forwarder(_a_post(text="사고 사례"))
    told = watching.records[0].model_dump_json()
    assert ROOM not in told
    assert "사고" not in told


@pytest.mark.parametrize(
    "in_force",
    [
        _observing(enabled=False),
        _observing(receivers=("kt-1",)),
        _observing(platform="line"),
        _observing(adapter="sens_alimtalk", expected_within_s=None),
    ],
    ids=["disabled", "not a member", "another platform", "no observed route"],
)
async def test_a_post_that_no_route_is_observed_by_is_dropped(
    watching: Ingest, in_force: Catalogue
) -> None:
    watching.in_force = in_force
    answer = await watching.forwarder(_a_post())
    assert (answer.status, watching.records) == (200, [])
    assert watching.results(FORWARDER, "unmatched") == 1


async def test_a_post_in_another_room_is_dropped(watching: Ingest) -> None:
    await watching.forwarder(_a_post("가족"))
    assert watching.records == []
    assert watching.results(FORWARDER, "unmatched") == 1


async def test_a_room_is_known_by_its_title_however_its_letters_are_composed(
    watching: Ingest,
) -> None:
    await watching.forwarder(_a_post("\u200b중대재해 사이렌 "))
    assert len(watching.records) == 1


async def test_a_post_that_is_sent_again_is_the_same_event_and_the_next_one_another(
    watching: Ingest,
) -> None:
    await watching.forwarder(_a_post())
    watching.clock.at += timedelta(minutes=4)
    await watching.forwarder(_a_post(now=watching.clock.now()))
    later = SLOT + timedelta(minutes=1)
    await watching.forwarder(_a_post(posted=later, now=watching.clock.now() + SECOND))
    first, again, another = watching.records
    assert first.event_id == again.event_id != another.event_id


async def test_a_post_older_than_a_week_or_far_ahead_is_dropped(watching: Ingest) -> None:
    for days in (-8, 1):
        at = NOW + timedelta(seconds=days)
        await watching.forwarder(_a_post(posted=NOW + timedelta(days=days), now=at))
    assert watching.records == []


async def test_a_clock_that_is_off_bounds_the_post_by_the_time_of_its_receipt(
    watching: Ingest,
) -> None:
    off = timedelta(seconds=60)
    await watching.forwarder(_a_post(posted=SLOT + off, now=NOW + off))
    (seen,) = watching.records
    assert (seen.observed_min, seen.observed_max) == (NOW, NOW)


async def test_a_room_of_another_app_is_not_understood(watching: Ingest) -> None:
    await watching.forwarder(_a_post(pkg="com.example"))
    assert watching.results(FORWARDER, "invalid") == 1
