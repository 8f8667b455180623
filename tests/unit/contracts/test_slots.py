"""Slots: arithmetic that any worker does alike."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import slots
from tests.support.strategies import names, slot_times

intervals = st.integers(1, 86_400).map(lambda seconds: timedelta(seconds=seconds))


@given(names, intervals, slot_times)
def test_the_next_slot_is_strictly_later_and_within_one_interval(
    route: str, interval: timedelta, now: datetime
) -> None:
    slot = slots.next_slot(route, interval, now)
    assert now < slot <= now + interval
    assert slots.next_slot(route, interval, slot) == slot + interval


@given(names, intervals, slot_times, st.floats(0, 1))
def test_a_worker_that_takes_over_continues_the_same_slots(
    route: str, interval: timedelta, now: datetime, share: float
) -> None:
    slot = slots.next_slot(route, interval, now)
    moment = now + share * (slot - now)
    if moment < slot:
        assert slots.next_slot(route, interval, moment) == slot


@given(names, intervals, slot_times)
def test_slots_are_numbered_without_gaps(route: str, interval: timedelta, now: datetime) -> None:
    slot = slots.next_slot(route, interval, now)
    number = slots.number_of(route, interval, slot)
    assert slots.number_of(route, interval, slot - timedelta(microseconds=1)) == number - 1
    assert slots.number_of(route, interval, slot + interval) == number + 1


@given(names, intervals, slot_times, st.integers(1, 5))
def test_receivers_take_turns_evenly(
    route: str, interval: timedelta, now: datetime, many: int
) -> None:
    receivers = [f"r{n}" for n in range(many)]
    first = slots.next_slot(route, interval, now)
    turns = [
        slots.receiver_of(route, interval, first + n * interval, receivers) for n in range(3 * many)
    ]
    assert Counter(turns) == dict.fromkeys(receivers, 3)
    assert turns[:many] == turns[many : 2 * many]


def test_routes_of_one_interval_spread_over_it() -> None:
    minute = timedelta(minutes=1)
    tenths = Counter(slots.phase(f"route-{n}", minute) // (minute / 10) for n in range(1000))
    assert set(tenths) == set(range(10))
    assert max(tenths.values()) < 150


@pytest.mark.parametrize(
    ("start", "end", "at", "inside"),
    [
        # 20:00-08:00 in Seoul is 11:00-23:00 UTC.
        (time(20), time(8), datetime(2026, 10, 15, 10, 59, 59, tzinfo=UTC), False),
        (time(20), time(8), datetime(2026, 10, 15, 11, 0, tzinfo=UTC), True),
        (time(20), time(8), datetime(2026, 10, 15, 15, 0, tzinfo=UTC), True),
        (time(20), time(8), datetime(2026, 10, 15, 22, 59, 59, tzinfo=UTC), True),
        (time(20), time(8), datetime(2026, 10, 15, 23, 0, tzinfo=UTC), False),
        (time(9), time(18), datetime(2026, 10, 15, 0, 0, tzinfo=UTC), True),
        (time(9), time(18), datetime(2026, 10, 15, 9, 0, tzinfo=UTC), False),
        (time(9), time(9), datetime(2026, 10, 15, 0, 0, tzinfo=UTC), False),
    ],
)
def test_a_window_is_half_open_local_and_may_pass_midnight(
    start: time, end: time, at: datetime, inside: bool
) -> None:
    assert slots.within(start, end, "Asia/Seoul", at) is inside
