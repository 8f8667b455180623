"""A restart at any second: what was saved up to ten seconds before goes on as if nothing were."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerting.detection import standing
from services.alerting.detection.detector import Detector, Limits, Memory, Ticked
from services.alerting.detection.law import SECOND, Row
from services.alerting.detection.state import State, Told
from services.alerting.detection.tail import begin
from services.catalogue.load import load
from services.contracts.catalogue import Catalogue
from services.storage.detector import Saved
from tests.unit.alerting.detection.hours import Known, Reader, Sick, at, evidence

MINUTES = 40
SICK = Sick(1500, 1800, lost=1.0)


class Second(NamedTuple):
    """All that a detector says and remembers at one."""

    ticked: Ticked | None
    state: State
    memory: Memory


@cache
def _catalogue() -> Catalogue:
    return load(Path(__file__).parents[4] / "catalogue").catalogue(UUID(int=1))


@cache
def _events() -> list[Known]:
    return list(evidence(MINUTES, SICK))


def _seconds(memory: Memory, since: int) -> Iterator[tuple[int, Second]]:
    """What a detector says that reads from `since` on."""
    detector = Detector(memory, since, Limits(1.0, 500))
    detector.change(_catalogue())
    reader = Reader(detector, (event for event in _events() if event[1] >= since))
    for second in range((since - at(0)) // SECOND + 1, MINUTES * 60):
        ticked = reader.tick(second)
        yield second, Second(ticked, detector.state, detector.memory())


@cache
def _without_a_break() -> dict[int, Second]:
    return dict(_seconds(Memory(at(0), at(0), {}), at(0)))


def _saved(memory: Memory) -> Memory:
    saved = Saved(standing.dumped(memory), memory.learnt_at, standing.laws_of(memory.learnt))
    return standing.restored(saved)


def _totals(memory: Memory) -> dict[Row, float]:
    return {row: round(seen.total, 6) for row, seen in memory.learnt.items()}


def test_the_hours_of_these_tests_have_an_outage_in_them() -> None:
    told = [v.told for s in _without_a_break().values() if s.ticked for v in s.ticked.verdicts]
    assert {Told.OPENED, Told.CLOSED} <= set(told)
    assert any(s.ticked.asks for s in _without_a_break().values() if s.ticked)


@settings(max_examples=5, deadline=None)
@given(died=st.integers(1200, 2300), saved_before=st.integers(0, 10), away=st.integers(0, 60))
def test_every_second_says_the_same_after_it(died: int, saved_before: int, away: int) -> None:
    memory = _saved(_without_a_break()[died - saved_before].memory)
    since, resumed = begin(memory, at(died + away))
    for second, found in _seconds(resumed, since):
        if second > died - saved_before:
            expected = _without_a_break()[second]
            assert (found.ticked, found.state) == (expected.ticked, expected.state)
            assert found.memory.asked == expected.memory.asked
            assert _totals(found.memory) == _totals(expected.memory)
