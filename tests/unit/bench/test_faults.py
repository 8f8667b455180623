"""What breaks in the made-up worlds: whom it hits, and when."""

import random
from dataclasses import replace

import pytest

from bench import faults
from bench.faults import ALL, KAKAO, TABLE, Break, Fault
from bench.traffic import Message, Traffic
from bench.world import world
from services.alerting.detection.window import ACCEPTANCE, DELIVERY

PLACE = world("S7")
EVERY_ROUTE = frozenset(range(28))
DEAD = Break(KAKAO, DELIVERY, PLACE.truly(KAKAO))


def _messages(*breaks: Break, slots: int = 40) -> list[Message]:
    traffic = Traffic(PLACE, Fault(breaks), [3])
    return [message for slot in range(-4, slots) for message in traffic.slot(slot)]


def _over_kakao(messages: list[Message]) -> list[Message]:
    return [message for message in messages if message.call.route in DEAD.routes]


def test_a_dead_platform_loses_what_is_in_flight_and_nothing_that_had_arrived() -> None:
    alive, broken = _over_kakao(_messages()), _over_kakao(_messages(DEAD))
    assert all(message.arrived is None or message.arrived < 0 for message in broken)
    assert [m for m in broken if m.arrived is not None] == [
        m for m in alive if m.arrived is not None and m.arrived < 0
    ]


def test_other_messages_are_the_same_whatever_breaks() -> None:
    alive, broken = _messages(), _messages(DEAD)
    others = EVERY_ROUTE - DEAD.routes
    assert [m for m in alive if m.call.route in others] == [
        m for m in broken if m.call.route in others
    ]


def test_a_lossy_platform_loses_its_share() -> None:
    sent = [m for m in _over_kakao(_messages(replace(DEAD, lost=0.3), slots=200)) if m.call.at > 0]
    lost = sum(m.arrived is None for m in sent)
    assert lost / len(sent) == pytest.approx(0.3, abs=0.03)


def test_a_flapping_platform_loses_what_meets_half_a_minute_of_each() -> None:
    flapping = replace(DEAD, down=30.0, up=30.0)
    assert flapping.underway(-1, 1)
    assert flapping.underway(29, 31)
    assert not flapping.underway(31, 59)
    assert flapping.underway(31, 61)
    assert not flapping.underway(-5, -1)


def test_a_slow_platform_delivers_late_while_it_lasts() -> None:
    slow = _over_kakao(_messages(replace(DEAD, lost=0.0, slow=10.0, until=60.0)))
    for before, after in zip(_over_kakao(_messages()), slow, strict=True):
        if before.arrived is not None and before.answered is not None and after.arrived is not None:
            times = 10 if 0 <= before.answered <= 60 else 1
            assert after.arrived - before.answered == pytest.approx(
                times * (before.arrived - before.answered)
            )


def test_a_refusing_sender_answers_no_and_nothing_is_delivered() -> None:
    (broken,) = ALL["profile blocked"](PLACE, random.Random(1)).breaks
    hit = [m for m in _messages(broken) if m.call.route in broken.routes and m.call.at > 0]
    assert len(broken.routes) == 2
    assert all((m.refused, m.arrived) == (True, None) for m in hit if m.answered is not None)


def test_a_worker_cut_off_sends_nothing_and_is_silent_and_others_go_on() -> None:
    (broken,) = ALL["worker cut off"](PLACE, random.Random(1)).breaks
    sent = [m for m in _messages(broken) if m.call.at > 0]
    assert all(m.answered is None for m in sent if m.call.worker == broken.worker)
    assert sum(m.answered is None for m in sent if m.call.worker != broken.worker) <= 2
    beats = [b for b in Traffic(PLACE, Fault((broken,)), [3]).beats(5) if b.known is None]
    assert {beat.source for beat in beats} == {broken.silent}
    assert len(beats) == 6


def test_a_wrong_clock_stamps_acceptances_20_s_early_and_delays_nothing() -> None:
    (broken,) = ALL["worker clock"](PLACE, random.Random(1)).breaks
    for right, wrong in zip(_messages(), _messages(broken), strict=True):
        assert (right.answered, right.arrived) == (wrong.answered, wrong.arrived)
        if wrong.answered is not None:
            its = wrong.call.worker == broken.worker and wrong.answered >= 0
            assert wrong.answered - wrong.stamped == pytest.approx(20 if its else 0)


@pytest.mark.parametrize("seed", range(30))
def test_two_faults_have_two_routes_each_that_the_other_has_not(seed: int) -> None:
    fault = ALL["two faults"](PLACE, random.Random(seed))
    first, second = fault.breaks
    assert min(len(first.routes - second.routes), len(second.routes - first.routes)) >= 2
    assert (first.since, 0 <= second.since <= 20) == (0, True)
    assert len(faults.truths(PLACE, fault)) == 2


@pytest.mark.parametrize("kind", TABLE)
def test_every_fault_hits_somebody_and_has_a_name(kind: str) -> None:
    fault = ALL[kind](PLACE, random.Random(4))
    assert all(broken.routes for broken in fault.breaks)
    assert faults.truths(PLACE, fault)


@pytest.mark.parametrize(("kind", "times", "lasts"), [("slow x2", 2, 300), ("slow x3", 3, 60)])
def test_a_shared_part_may_be_somewhat_slow_for_a_while(kind: str, times: int, lasts: int) -> None:
    shared = {KAKAO, *PLACE.of_kind("carrier:"), *PLACE.of_kind("provider:dealer")}
    for seed in range(20):
        fault = ALL[kind](PLACE, random.Random(seed))
        (broken,) = fault.breaks
        assert broken.component in shared
        assert (broken.lost, broken.slow, broken.since, broken.until) == (0, times, 0, lasts)
        assert not faults.truths(PLACE, fault)
        assert fault.horizon_s > lasts


def test_a_world_twice_as_slow_takes_twice_the_time_for_everything() -> None:
    fault = ALL["world x2 slow"](PLACE, random.Random(1))
    slow = [m for slot in range(-4, 7) for m in Traffic(PLACE, fault, [3]).slot(slot)]
    assert (fault.horizon_s, fault.named) == (420, False)
    for usual, late in zip(_messages(slots=7), slow, strict=True):
        if usual.answered is not None and late.answered is not None:
            took = usual.answered - usual.call.at
            assert late.answered - late.call.at == pytest.approx(2 * took)
            if usual.arrived is not None and late.arrived is not None:
                took = usual.arrived - usual.answered
                assert late.arrived - late.answered == pytest.approx(2 * took)


def test_a_random_fault_is_any_one_of_the_tables_and_two_come_within_20_s() -> None:
    one = {ALL["one random"](PLACE, random.Random(seed)).breaks[0] for seed in range(60)}
    assert {broken.plane for broken in one} == {ACCEPTANCE, DELIVERY}
    assert len({broken.component.partition(":")[0] for broken in one}) == 9
    for seed in range(20):
        first, second = ALL["two random"](PLACE, random.Random(seed)).breaks
        assert first.since == 0 <= second.since <= 20


def test_half_of_the_dead_dealers_take_no_requests_and_half_deliver_none() -> None:
    dice = random.Random(5)
    planes = [ALL["dealer dead"](PLACE, dice).breaks[0].plane for _ in range(200)]
    assert planes.count(ACCEPTANCE) == pytest.approx(100, abs=25)


def test_names_are_the_same_where_they_mean_the_same_routes_and_bongsu_has_its_own() -> None:
    function, whole = f"{KAKAO}/alimtalk", KAKAO
    assert faults.name_of(PLACE, function, DELIVERY) == faults.name_of(PLACE, whole, DELIVERY)
    assert faults.name_of(PLACE, whole, ACCEPTANCE) != faults.name_of(PLACE, whole, DELIVERY)
    app = "observer:h1/smsforwarder"
    assert faults.name_of(PLACE, app, DELIVERY) == faults.name_of(PLACE, "receiver:h1", ACCEPTANCE)
