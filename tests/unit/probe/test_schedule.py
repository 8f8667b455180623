"""Step 1: which probes are due."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.catalogue import Catalogue, LadderProbe, Route
from services.contracts.slots import within
from services.contracts.vocabulary import Channel, Purpose
from services.probe.schedule import (
    MOST_LATE,
    TICK,
    Due,
    NotSent,
    PlannedProbe,
    Wheel,
    due_probes,
    owned_routes,
)
from tests.support.builders import SLOT
from tests.support.probing import ADAPTER, a_catalogue, a_route

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def _many(count: int, interval_s: int = 60) -> Catalogue:
    return a_catalogue(*(a_route(id=f"r{n}", interval_s=interval_s) for n in range(count)))


def _wheel(catalogue: Catalogue, now: datetime = SLOT) -> Wheel:
    wheel = Wheel()
    wheel.set_routes(catalogue.routes, now)
    return wheel


def _turns(
    wheel: Wheel, catalogue: Catalogue, start: datetime, span: timedelta
) -> Iterator[tuple[datetime, Due]]:
    """Turns as the worker makes them: always at the next tick that is not empty."""
    now = start
    while True:
        following = wheel.next_at()
        assert following is not None
        now = max(now, following)
        if now > start + span:
            return
        yield now, due_probes(wheel, catalogue, now)


def _probes(
    wheel: Wheel, catalogue: Catalogue, start: datetime, span: timedelta
) -> list[PlannedProbe]:
    return [p for _, due in _turns(wheel, catalogue, start, span) for p in due.probes]


@given(
    names=st.sets(st.text("abcdefgh0123.-", min_size=1, max_size=12), min_size=1, max_size=20),
    interval_s=st.integers(1, 600),
    start=st.integers(0, 10**9).map(lambda ms: SLOT + timedelta(milliseconds=ms)),
)
@settings(deadline=None, max_examples=60)
def test_every_owned_route_is_probed_exactly_once_in_each_interval(
    names: set[str], interval_s: int, start: datetime
) -> None:
    routes = [a_route(id=f"r{name}", interval_s=interval_s) for name in names]
    catalogue = a_catalogue(*routes)
    wheel = _wheel(catalogue, start)
    interval = timedelta(seconds=interval_s)
    end = start + 3 * interval
    probes = [p for p in _probes(wheel, catalogue, start, 3 * interval + TICK) if p.slot <= end]
    for name in catalogue.routes:
        slots = [p.slot for p in probes if p.route.id == name]
        assert len(slots) == 3
        assert slots[1] - slots[0] == slots[2] - slots[1] == interval
        assert slots[0] > start


@given(start=st.integers(0, 10**9).map(lambda ms: SLOT + timedelta(milliseconds=ms)))
@settings(deadline=None, max_examples=40)
def test_no_probe_starts_before_its_slot_nor_a_tick_after_it(start: datetime) -> None:
    catalogue = _many(20)
    wheel = _wheel(catalogue, start)
    for now, due in _turns(wheel, catalogue, start, MINUTE):
        assert all(timedelta() <= now - p.slot < TICK for p in due.probes)
        assert not due.not_sent.total()


def test_a_thousand_routes_are_spread_evenly_over_the_minute() -> None:
    catalogue = _many(1000)
    probes = _probes(_wheel(catalogue), catalogue, SLOT, MINUTE)
    by_second = Counter((p.slot - SLOT) // SECOND for p in probes)
    assert len(probes) == 1000
    assert len(by_second) == 60
    assert max(by_second.values()) < 40


@given(pause_s=st.integers(3, 3600))
@settings(deadline=None, max_examples=40)
def test_after_a_pause_missed_slots_are_counted_and_none_is_made_up_for(pause_s: int) -> None:
    catalogue = _many(600)
    wheel = _wheel(catalogue)
    pause = timedelta(seconds=pause_s)
    first = due_probes(wheel, catalogue, SLOT + pause)
    assert all(p.slot > SLOT + pause - MOST_LATE - TICK for p in first.probes)
    assert len(first.probes) <= 600 * 2 / 60 * 2.5
    missed = first.not_sent[Channel.SMS, NotSent.MISSED]
    assert abs(missed + len(first.probes) - 600 * pause_s / 60) <= 600
    in_the_next_second = _probes(wheel, catalogue, SLOT + pause, SECOND)
    assert len(in_the_next_second) <= 600 / 60 * 3


def test_each_missed_slot_of_a_route_is_counted_once() -> None:
    catalogue = a_catalogue(a_route(interval_s=10))
    wheel = _wheel(catalogue)
    due = due_probes(wheel, catalogue, SLOT + 10 * MINUTE)
    assert len(due.probes) + due.not_sent[Channel.SMS, NotSent.MISSED] == 60


def test_receivers_take_turns() -> None:
    catalogue = a_catalogue()
    probes = _probes(_wheel(catalogue), catalogue, SLOT, 6 * MINUTE)
    receivers = [p.receiver for p in probes]
    assert set(receivers[::2]) != set(receivers[1::2])
    assert set(receivers) == {"skt-01", "kt-01"}


def test_in_the_restricted_hours_nothing_is_sent_and_every_slot_is_counted() -> None:
    catalogue = a_catalogue(night=True)
    wheel = _wheel(catalogue)
    window = catalogue.channels["sms"].restricted
    assert window is not None
    counted: Counter[NotSent] = Counter()
    sent = 0
    for _, due in _turns(wheel, catalogue, SLOT, timedelta(days=1)):
        sent += len(due.probes)
        counted.update({reason: n for (_, reason), n in due.not_sent.items()})
        assert not any(within(window.start, window.end, window.zone, p.slot) for p in due.probes)
    assert counted == {NotSent.RESTRICTED: 11 * 60}
    assert sent == 13 * 60


def test_shards_part_the_routes_without_rest() -> None:
    catalogue = _many(200)
    parts = [owned_routes(catalogue, {ADAPTER}, {shard}, 24) for shard in range(24)]
    assert sum(map(len, parts)) == 200
    assert set().union(*parts) == set(catalogue.routes)


def test_disabled_routes_and_routes_without_an_adapter_do_not_run() -> None:
    catalogue = a_catalogue(
        a_route(id="off", enabled=False), a_route(id="other", adapter="none"), a_route(id="on")
    )
    assert set(owned_routes(catalogue, {ADAPTER}, {0}, 1)) == {"on"}


def test_a_changed_interval_counts_from_the_next_slot_and_other_routes_keep_theirs() -> None:
    changing, staying = a_route(id="changing"), a_route(id="staying")
    wheel = _wheel(a_catalogue(changing, staying))
    changed: dict[str, Route] = {
        "changing": a_route(id="changing", interval_s=5),
        "staying": a_route(id="staying", late_s=7),
    }
    wheel.set_routes(changed, SLOT + SECOND)
    catalogue = a_catalogue(*changed.values())
    probes = _probes(wheel, catalogue, SLOT + SECOND, MINUTE)
    counts = Counter(p.route.id for p in probes)
    assert counts == {"changing": 12, "staying": 1}
    assert {p.route.late_s for p in probes if p.route.id == "staying"} == {7}


def test_a_route_that_goes_and_comes_back_runs_each_slot_once() -> None:
    catalogue = a_catalogue()
    wheel = _wheel(catalogue)
    wheel.set_routes({}, SLOT)
    assert not due_probes(wheel, catalogue, SLOT + MINUTE).probes
    wheel.set_routes(catalogue.routes, SLOT + MINUTE)
    wheel.set_routes({}, SLOT + MINUTE)
    wheel.set_routes(catalogue.routes, SLOT + MINUTE)
    assert len(_probes(wheel, catalogue, SLOT + MINUTE, MINUTE)) == 1


def test_a_ladder_is_drilled_in_slots_of_its_own_beside_the_scheduled_ones() -> None:
    drill = LadderProbe(receiver="phone", every_s=300)
    catalogue = a_catalogue(a_route(id="r1", ladder_probe=drill))

    probes = _probes(_wheel(catalogue), catalogue, SLOT, 10 * MINUTE)

    drills = [p for p in probes if p.purpose is Purpose.DRILL]
    assert [p.receiver for p in drills] == ["phone", "phone"]
    assert drills[1].slot - drills[0].slot == 5 * MINUTE
    assert len(probes) - len(drills) == 10
    again = _probes(_wheel(catalogue), catalogue, SLOT, 10 * MINUTE)
    assert [(p.slot, p.purpose) for p in again] == [(p.slot, p.purpose) for p in probes]


def test_a_drill_that_is_taken_back_ends_and_the_schedule_goes_on() -> None:
    drill = LadderProbe(receiver="phone", every_s=300)
    wheel = _wheel(a_catalogue(a_route(id="r1", ladder_probe=drill)))
    plain = a_catalogue(a_route(id="r1"))
    wheel.set_routes(plain.routes, SLOT)

    probes = _probes(wheel, plain, SLOT, 10 * MINUTE)

    assert {p.purpose for p in probes} == {Purpose.SCHEDULED}
    assert len(probes) == 10
