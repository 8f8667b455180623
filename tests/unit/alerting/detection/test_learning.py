"""Quarantine: an outage teaches nothing, however long it lasts."""

import random
from dataclasses import replace

import numpy as np
import pytest

from services.alerting.detection import closing, law
from services.alerting.detection.explain import Entry
from services.alerting.detection.items import Observation
from services.alerting.detection.law import Row
from services.alerting.detection.learning import admitted
from services.alerting.detection.likelihood import Hypothesis
from services.alerting.detection.state import Incident, State
from tests.unit.alerting.detection.worked import MEDIUM, an_item, us

HOUR = 3600
C1 = Row(MEDIUM, "c1")
OUTAGE = (10 * HOUR, 16 * HOUR)


def _state(component: str, opened: int, closed: int | None = None) -> State:
    entry = Entry(component, Hypothesis.DEAD, 0, us(opened), 4, 4, 0, (), frozenset({"c1"}))
    sums = closing.opened(Hypothesis.DEAD, us(opened))
    incident = Incident("1", entry, us(opened), us(opened), us(opened), entry.routes, sums)
    if closed is None:
        return State(open=(incident,))
    return State(closed=(replace(incident, closed=us(closed)),))


def _taught(start: float, state: State) -> bool:
    return bool(list(admitted([Observation(an_item(start), 40)], state)))


@pytest.mark.parametrize(
    ("start", "taught"), [(39, True), (40, False), (100, False), (200, False), (201, True)]
)
def test_what_started_from_a_minute_before_the_onset_to_the_closing_teaches_nothing(
    start: int, taught: bool
) -> None:
    assert _taught(start, _state("platform:P", 100, 200)) is taught


def test_an_open_incident_has_no_end_and_others_do_not_matter() -> None:
    assert not _taught(10_000, _state("platform:P", 100))
    assert _taught(10_000, _state("platform:Q", 100))


def test_bongsus_own_fault_teaches_nothing_either() -> None:
    observation = Observation(an_item(150, path=("worker:w",)), None)
    assert list(admitted([observation], _state("worker:w", 100))) == []


def test_after_six_hours_of_outage_the_law_is_what_it_was() -> None:
    """Eight times slower and 60 % lost from the tenth to the sixteenth hour."""
    dice = random.Random(1)
    learnt: law.Learnt = {}
    laws = {}
    for minute in range(0, 20 * 60):
        start, sick = minute * 60, OUTAGE[0] <= minute * 60 < OUTAGE[1]
        took = dice.lognormvariate(0.69, 0.7) * (8 if sick else 1)
        lost = dice.random() < (0.6 if sick else 0.003)
        bin_ = None if lost else int(law.bin_of(np.array([us(took)]))[0])
        now = start + 900
        state = _state("platform:P", OUTAGE[0]) if now >= OUTAGE[0] + 60 else State()
        state = _state("platform:P", *OUTAGE) if now >= OUTAGE[1] + 160 else state
        learnt = law.learn(learnt, admitted([Observation(an_item(start), bin_)], state))
        if start in (OUTAGE[0] - 60, OUTAGE[1] + HOUR):
            laws[start] = law.laws(learnt, [C1])
    before, after = laws.values()
    place = before.rows.index(C1)
    p99 = [law.quantile(known.shares[place], 0.99) for known in (before, after)]
    assert p99[1] == pytest.approx(p99[0], rel=0.05)
    assert after.losses[place] == pytest.approx(before.losses[place], rel=0.05)
