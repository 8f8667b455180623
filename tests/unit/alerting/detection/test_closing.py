"""Closing: how long after a recovery an incident is over, and what brings it back."""

import random
from collections.abc import Iterable, Iterator
from statistics import mean

import pytest

from services.alerting.detection import closing
from services.alerting.detection.closing import Sums
from services.alerting.detection.explain import Explainer
from services.alerting.detection.likelihood import NAT, Hypothesis
from services.alerting.detection.state import Policy, State, Told
from services.alerting.detection.tick import spent, tick
from services.alerting.detection.window import Ended, Ending, Item, View, Window
from tests.unit.alerting.detection.worked import an_item, arrival, us, worked_tables

P = "platform:P"
DEAD, LOSSY, SLOW = Hypothesis.DEAD, Hypothesis.LOSSY, Hypothesis.SLOW
Fates = list[tuple[Item, Ended | None]]


def _windows(fates: Fates, ticks: Iterable[int]) -> Iterator[tuple[int, Window]]:
    window = Window()
    for now in ticks:
        shown = [pair for pair in fates if pair[0].visible <= us(now)]
        fates = [pair for pair in fates if pair[0].visible > us(now)]
        window.add(item for item, _ in shown)
        window.settle(end for _, end in shown if end)
        yield now, window


def _views(fates: Fates, ticks: Iterable[int]) -> Iterator[View]:
    for now, window in _windows(fates, ticks):
        yield window.at(us(now), worked_tables())


def _regular(per_minute: int, share: float, seed: int, until: int = 2400) -> Fates:
    """Messages lost before second 0 in that share, all well after it; arriving after 2 s."""
    dice = random.Random(seed)
    gap, phase = 60 / per_minute, dice.random() * 60 / per_minute
    fates: Fates = []
    for number in range(-round(300 / gap), round(until / gap)):
        item = an_item(round(phase + number * gap, 3))
        lost = item.start < 0 and dice.random() < share
        fates.append((item, None if lost else arrival(item)))
    return fates


def _closed_after(fates: Fates, hypothesis: Hypothesis) -> float:
    """Seconds after the recovery at 0 of an incident that was opened a minute before."""
    sums = closing.opened(hypothesis, us(-60))
    for now, view in zip(range(-59, 2400), _views(fates, range(-59, 2400)), strict=False):
        sums = closing.recovering(sums, view, P, hypothesis)
        if sums.total >= closing.WELL and us(now) - sums.since >= closing.QUIET:
            return now
    return float("inf")


@pytest.mark.parametrize(
    ("per_minute", "share", "hypothesis", "expected"),
    [
        (10, 1.0, DEAD, 160),
        (1, 1.0, DEAD, 211),
        (10, 0.3, LOSSY, 185),
        (4, 0.3, LOSSY, 400),
        (1, 0.3, LOSSY, 25 * 60),
    ],
)
def test_the_time_from_recovery_to_closing_is_as_published(
    per_minute: int, share: float, hypothesis: Hypothesis, expected: float
) -> None:
    runs = [_closed_after(_regular(per_minute, share, seed), hypothesis) for seed in range(12)]
    assert mean(runs) == pytest.approx(expected, rel=0.2)


def test_an_outage_of_one_message_a_minute_is_over_within_four_minutes_in_95_of_100() -> None:
    runs = sorted(_closed_after(_regular(1, 1.0, seed), DEAD) for seed in range(40))
    assert runs[37] == pytest.approx(240, rel=0.2)


def _flapping(half_s: int, until: int) -> Fates:
    """Ten messages a minute over three channels; from second 0 on what is underway in every other
    half period is lost."""
    fates: Fates = []
    for number in range(-50, until // 6):
        item = an_item(number * 6 + 1.5, f"c{number % 3}")
        arrived = arrival(item)
        down = any(at >= 0 and at // us(half_s) % 2 == 0 for at in (item.start, arrived.known))
        fates.append((item, None if down else arrived))
    return fates


def _told(fates: Fates, until: int) -> list[Told]:
    """What the detector says of it, tick by tick, updates apart."""
    state, told = State(), []
    for now, window in _windows(fates, range(-10, until)):
        view = window.at(us(now), worked_tables(), spent(state))
        state, verdicts = tick(Explainer(view), state, Policy())
        told += [verdict.told for verdict in verdicts if verdict.told is not Told.UPDATED]
    return told


@pytest.mark.parametrize("half_s", [15, 30, 60])
def test_what_comes_and_goes_within_a_minute_is_one_outage(half_s: int) -> None:
    assert _told(_flapping(half_s, 1800), 1800) == [Told.OPENED]


def test_what_comes_and_goes_every_two_minutes_reopens_fifteen_times_an_hour() -> None:
    told = _told(_flapping(120, 3600), 3600)
    assert told[0] is Told.OPENED
    assert told.count(Told.OPENED) == 1
    assert told.count(Told.REOPENED) == pytest.approx(15, rel=0.2)


def _after(fates: Fates, hypothesis: Hypothesis, until: int) -> Sums:
    sums = closing.opened(hypothesis, us(0))
    for view in _views(fates, range(1, until)):
        sums = closing.recovering(sums, view, P, hypothesis)
    return sums


def test_what_arrived_after_it_was_overdue_is_not_counted_again() -> None:
    late, well = an_item(1), an_item(60)
    fates: Fates = [(late, arrival(late, 45)), (well, arrival(well))]
    assert _after(fates, DEAD, 80).total == pytest.approx(2.9957 * NAT, abs=500)


def test_a_refusal_is_a_relapse() -> None:
    well, refused = an_item(1), an_item(30)
    fates: Fates = [(well, arrival(well)), (refused, arrival(refused, 1, Ending.REFUSED))]
    sums = _after(fates, DEAD, 40)
    assert (sums.total, sums.since, sums.arrived) == (0, us(31), frozenset())


def test_slowness_is_over_when_messages_come_within_twice_their_time() -> None:
    limit = worked_tables().slow[0] / us(1)
    slow, quick = an_item(1), an_item(30)
    fates: Fates = [(slow, arrival(slow, limit + 1)), (quick, arrival(quick, limit - 1))]
    sums = _after(fates, SLOW, 60)
    assert sums.total == pytest.approx(0.3567 * NAT, abs=500)
    assert sums.since == pytest.approx(us(1 + limit), abs=us(1))


def test_the_rate_of_loss_changes_only_with_bad_news() -> None:
    sums = closing.opened(DEAD, us(0))
    well, lost = an_item(1), an_item(4)
    views = list(_views([(well, arrival(well)), (lost, None)], range(1, 50)))
    before, after = views[10], views[-1]
    assert closing.recovering(sums, before, P, LOSSY).hypothesis is DEAD
    assert closing.recovering(sums, after, P, LOSSY).hypothesis is LOSSY


def test_what_is_lost_among_arrivals_changes_the_rate_though_others_arrive_meanwhile() -> None:
    well = [an_item(at) for at in range(0, 60, 3)]
    fates: Fates = [*((one, arrival(one)) for one in well), (an_item(10), None)]
    assert _after(sorted(fates, key=lambda pair: pair[0].start), DEAD, 60).hypothesis is DEAD
    sums = closing.opened(DEAD, us(0))
    for view in _views(sorted(fates, key=lambda pair: pair[0].start), range(1, 60)):
        sums = closing.recovering(sums, view, P, LOSSY)
    assert sums.hypothesis is LOSSY


def test_what_was_sent_before_everything_arrived_again_is_no_news() -> None:
    lost, well = an_item(1), an_item(20)
    views = list(_views([(lost, None), (well, arrival(well))], range(1, 50)))
    sums = closing.opened(DEAD, us(0))
    for view in views:
        sums = closing.recovering(sums, view, P, LOSSY)
    assert (sums.hypothesis, sums.total) == (DEAD, 0)


def test_two_overdue_messages_bring_a_closed_incident_back_unless_they_are_anothers() -> None:
    fates: Fates = [(an_item(1), None), (an_item(2), None)]
    (view,) = _views(fates, [45])
    closed = closing.opened(DEAD, us(0))
    assert closing.relapsing(closed, view, P, frozenset()).total >= closing.BACK
    assert closing.relapsing(closed, view, P, frozenset({"c1"})).total == 0


def test_a_component_without_messages_changes_no_sum() -> None:
    (view,) = _views([], [10])
    sums = closing.opened(DEAD, us(0))
    assert closing.recovering(sums, view, P, DEAD) == Sums(DEAD, us(0), us(10))
