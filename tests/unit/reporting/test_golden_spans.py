"""Golden: the span table of rule s1, and the rule told again, slot by slot."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.spans import BAD, GOOD, UNMEASURED, Span, bridged, spans

SLOTS = 200


def _states(bad: list[int], unmeasured: list[int] | None = None) -> np.ndarray:
    states = np.full(SLOTS, GOOD, np.int8)
    states[bad] = BAD
    states[unmeasured or []] = UNMEASURED
    return states


TABLE = [
    ([50, 51], []),
    ([50, 51, 52], [(50, 53)]),
    ([50, 53, 56, 59], []),
    ([50, 53, 56, 59, 62], [(50, 63)]),
    ([50, 54, 58, 62, 64], [(50, 65)]),
    ([50, 54, 58, 62, 65], []),
    ([50, 51, 52, 67], [(50, 68)]),
    ([50, 51, 52, 68], [(50, 53)]),
]


@pytest.mark.parametrize(("bad", "expected"), TABLE)
def test_golden_bad_slots_make_a_span_or_none(
    bad: list[int], expected: list[tuple[int, int]]
) -> None:
    assert [(span.start, span.end) for span in spans(_states(bad))] == expected


def test_golden_fifteen_unmeasured_slots_are_passed_over() -> None:
    states = _states([50, 51, 52, 68, 69, 70], list(range(53, 68)))
    assert spans(states) == [Span(50, 71, open=False)]


def test_golden_sixteen_unmeasured_slots_close_a_span_and_clear_the_memory() -> None:
    states = _states([50, 51, 52, 69, 70], list(range(53, 69)))
    assert spans(states) == [Span(50, 53, open=False)]


def test_golden_both_triggers_at_one_slot_the_earlier_start_counts() -> None:
    assert spans(_states([50, 55, 60, 61, 62])) == [Span(50, 63, open=False)]


@pytest.mark.parametrize(("unmeasured", "counts_as_good"), [([90, 97], 2), ([90, 97, 104], 0)])
def test_golden_two_unmeasured_slots_among_good_ones_are_bridged_three_are_not(
    unmeasured: list[int], counts_as_good: int
) -> None:
    assert bridged(_states([], unmeasured)).sum() == counts_as_good


@pytest.mark.parametrize(("bad", "counts_as_good"), [(75, False), (74, True), (105, False)])
def test_an_unmeasured_slot_near_a_bad_one_is_not_bridged(bad: int, counts_as_good: bool) -> None:
    assert bridged(_states([bad], [90]))[90] == counts_as_good


def test_an_outage_that_lasts_is_open() -> None:
    assert spans(_states([197, 198, 199])) == [Span(197, 200, open=True)]
    assert spans(_states([182, 183, 184])) == [Span(182, 185, open=False)]
    assert spans(_states([183, 184, 185])) == [Span(183, 186, open=True)]
    assert spans(_states([180, 181, 182], list(range(184, 200)))) == [Span(180, 183, open=False)]


def test_nothing_measured_is_no_outage() -> None:
    assert spans(np.full(SLOTS, UNMEASURED, np.int8)) == []
    assert spans(np.array([], np.int8)) == []


def _told_again(states: list[int]) -> list[tuple[int, int]]:
    """The rule as the text has it, a slot at a time."""
    found: list[tuple[int, int]] = []
    memory: deque[tuple[int, bool]] = deque(maxlen=15)
    blind, start, last_bad = 0, None, 0
    for slot, state in enumerate([*states, *[UNMEASURED] * 16]):
        blind = blind + 1 if state == UNMEASURED else 0
        if state != UNMEASURED:
            memory.append((slot, state == BAD))
            last_bad = slot if state == BAD else last_bad
        bad = [place for place, is_bad in memory if is_bad]
        last_three = list(memory)[-3:]
        if start is None and len(bad) >= 5:
            start = bad[0]
        elif start is None and len(last_three) == 3 and all(is_bad for _, is_bad in last_three):
            start = last_three[0][0]
        if start is not None and (blind > 15 or (len(memory) == 15 and not bad)):
            found.append((start, last_bad + 1))
            start = None
        if blind > 15:
            memory.clear()
    return found


_RUNS = st.lists(
    st.tuples(st.sampled_from([GOOD, GOOD, BAD, BAD, UNMEASURED]), st.integers(1, 20)), max_size=30
)
_SHORT = st.lists(st.sampled_from([GOOD, GOOD, GOOD, BAD, UNMEASURED]), max_size=120)
_HISTORIES = _SHORT | _RUNS.map(lambda runs: [state for state, n in runs for _ in range(n)])


@given(_HISTORIES)
def test_spans_are_what_the_rule_says_slot_by_slot(states: list[int]) -> None:
    found = spans(np.array(states, np.int8))
    assert [(span.start, span.end) for span in found] == _told_again(states)


@given(_HISTORIES)
def test_bridged_is_what_the_rule_says_slot_by_slot(states: list[int]) -> None:
    expected = []
    for place, state in enumerate(states):
        around = states[max(0, place - 15) : place + 16]
        few = around.count(UNMEASURED) <= 2
        expected.append(state == UNMEASURED and BAD not in around and few)
    assert bridged(np.array(states, np.int8)).tolist() == expected
