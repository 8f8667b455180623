"""The pure parts of storing: poison by halving, signs of life, how far behind, what settles
together."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.storing.consumer import find_poison
from services.alerting.storing.lag import records_behind
from services.alerting.storing.owned import Owned, Place
from services.alerting.storing.pipeline import Stored, signs_of_life
from services.alerting.storing.sweep import TOGETHER, _together
from services.contracts import attempt, codec, topics
from services.contracts.evidence import Event, Heartbeat
from services.contracts.outcome import needed
from services.contracts.vocabulary import ObserverKind
from services.runtime.errors import Stop
from services.runtime.kafka import Address
from services.runtime.kafka_readers import Fetched
from services.storage.sink import Sign
from services.storage.sweep import Due
from tests.support import builders
from tests.support.builders import MINUTE, SECOND, SLOT

OWNED_BY_NOBODY = Address({}, "t", True)


def _stored(record: Event | Heartbeat, offset: int = 0) -> Stored:
    encoded = codec.encode(record)
    return Stored(
        record,
        Fetched("t.evidence", 0, offset, encoded.key, encoded.value, tuple(encoded.headers), SLOT),
    )


@given(st.integers(0, 200), st.sets(st.integers(0, 199), max_size=4))
def test_halving_finds_just_the_bad_records_in_order_and_in_few_tries(
    count: int, bad: set[int]
) -> None:
    records = [_stored(Heartbeat(source="worker/w", at=SLOT), n) for n in range(count)]
    tries = 0

    async def refused(some: Sequence[Stored]) -> bool:
        nonlocal tries
        tries += 1
        return any(record.fetched.offset in bad for record in some)

    found = asyncio.run(find_poison(records, refused))
    assert [record.fetched.offset for record in found] == sorted(n for n in bad if n < count)
    assert tries <= 1 + 2 * len(found) * (count.bit_length() + 1)


def test_a_heartbeat_proves_its_source_and_whoever_answered_it_by_the_brokers_time() -> None:
    beat = Heartbeat(source="worker/w1", at=SLOT - MINUTE, reached=("sens",))
    assert signs_of_life([_stored(beat)]) == [
        Sign("worker/w1", SLOT, SLOT),
        Sign("reach/w1/sens", SLOT, SLOT),
    ]


def test_a_canary_proves_that_somebody_announces_and_no_worker_alive() -> None:
    assert signs_of_life([_stored(builders.a_canary(at=SLOT - MINUTE))]) == [
        Sign("canary", SLOT, SLOT)
    ]


def test_only_devices_prove_that_something_was_reached() -> None:
    sent = builders.a_probe_sent()
    records = [sent, builders.an_answer(sent), builders.a_report(sent)]
    assert signs_of_life(map(_stored, records)) == []
    assert [sign.source for sign in signs_of_life([_stored(builders.an_opening(sent))])] == [
        "observer/skt-1/smsforwarder",
        "reached/skt-1/kakaotalk",
    ]


def test_records_behind_are_told_by_partition() -> None:
    first, second = ("t.evidence", 0), ("t.evidence", 1)
    assert records_behind({first: 7, second: 0}, {first: 7, second: 3}) == {first: 0, second: 3}


def test_a_log_that_ends_before_what_is_stored_cannot_be_gone_on_with() -> None:
    with pytest.raises(Stop, match="offset 8, but ends at 7"):
        records_behind({("t.evidence", 0): 8}, {("t.evidence", 0): 7})


def test_seconds_behind_are_those_of_the_partition_furthest_behind() -> None:
    owned = Owned(OWNED_BY_NOBODY)
    assert owned.seconds_behind(topics.EVIDENCE, SLOT) == 0.0
    owned.places = {
        ("t.evidence", 4): Place(1, SLOT - MINUTE),
        ("t.evidence", 2): Place(9, SLOT + MINUTE),
        ("t.evidence", 1): Place(None, None),
        ("t.heartbeats", 0): Place(3, SLOT - 9 * MINUTE),
    }
    assert owned.seconds_behind(topics.EVIDENCE, SLOT) == 60.0
    assert owned.evidence() == [1, 2, 4]


def _due(slot_after: timedelta) -> Due:
    sent = builders.a_probe_sent(slot=SLOT + slot_after)
    return Due(attempt.fold([sent]), 0, 1, False, SLOT)


def test_what_was_sent_far_from_the_longest_due_waits_for_the_next_round() -> None:
    oldest, near, far = _due(timedelta()), _due(TOGETHER), _due(TOGETHER + SECOND)
    assert _together([oldest, near, far]) == [oldest, near]
    assert _together([]) == []


def test_signs_are_looked_for_until_the_moment_a_silent_app_told() -> None:
    sent = builders.a_probe_sent()
    told = sent.seen_due + 60 * MINUTE
    seen = builders.a_sighting(
        sent, observer=ObserverKind.ADB, observed_min=sent.seen_due, observed_max=told
    )
    found = attempt.fold([sent, seen])
    need = needed(found)
    assert need is not None
    assert (need.start, need.end) == (sent.sent_at - 15 * MINUTE, told + 15 * MINUTE)
    assert "observer/skt-1/adb" in need.sources


def test_the_hour_of_a_sight_that_was_late_for_certain_is_not_looked_through() -> None:
    sent = builders.a_probe_sent()
    after = sent.seen_due + SECOND
    seen = builders.a_sighting(sent, observed_min=after, observed_max=after + 60 * MINUTE)
    need = needed(attempt.fold([sent, seen]))
    assert need is not None
    assert need.end == sent.seen_due + 15 * MINUTE
