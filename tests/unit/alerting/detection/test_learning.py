"""Quarantine: what fell into an incident teaches nothing."""

from dataclasses import replace

import pytest

from services.alerting.detection import closing
from services.alerting.detection.explain import Entry
from services.alerting.detection.items import Observation
from services.alerting.detection.learning import admitted
from services.alerting.detection.likelihood import Hypothesis
from services.alerting.detection.state import Incident, State
from tests.unit.alerting.detection.worked import an_item, us


def _state(component: str, opened: int, closed: int | None = None) -> State:
    entry = Entry(component, Hypothesis.DEAD, 0, us(opened), 4, 4, 0, (), frozenset({"c1"}))
    sums = closing.opened(Hypothesis.DEAD, us(opened))
    incident = Incident(
        "1", entry, us(opened), us(opened), us(opened), entry.routes, sums, entry.hypothesis
    )
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
