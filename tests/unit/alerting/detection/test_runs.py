"""Sums and highest values of many components at once are those of each one alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.detection.runs import Runs, newest_run, newest_sum

values = st.lists(st.integers(-3, 3), max_size=6)


def _runs(own: list[list[int]]) -> tuple[Runs, list[int]]:
    lengths = np.array([len(each) for each in own], np.int64)
    flat = [value for each in own for value in each]
    return Runs.cut(np.arange(len(own)), np.arange(len(flat)), lengths), flat


@given(st.lists(values, min_size=1, max_size=5))
def test_the_best_newest_run_of_each_is_that_of_it_alone(own: list[list[int]]) -> None:
    runs, flat = _runs(own)
    (best,) = runs.best(np.array([flat], np.int64))
    assert best.tolist() == [
        max(sum(each[first:]) for first in range(len(each) + 1)) for each in own
    ]
    assert best.tolist() == [newest_sum(np.array(each, np.int64)) for each in own]


@given(st.lists(values, min_size=1, max_size=5))
def test_the_newest_of_each_ones_highest_values_is_found(own: list[list[int]]) -> None:
    runs, flat = _runs(own)
    best, at = runs.newest_highest(np.array(flat, np.int64))
    for number, each in enumerate(own):
        if each:
            last = max(place for place, value in enumerate(each) if value == max(each))
            before = sum(map(len, own[:number]))
            assert (best[number], at[number]) == (max(each), before + last)
        else:
            assert best[number] < -(1 << 60)


@given(values)
def test_of_equal_runs_the_newest_begins_the_outage(own: list[int]) -> None:
    first = newest_run(np.array(own, np.int64))
    sums = [sum(own[start:]) for start in range(len(own) + 1)]
    assert sums[first] == max(sums)
    assert all(total < max(sums) for total in sums[first + 1 :])
