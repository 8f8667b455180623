"""Golden: ratios of the worked months, their intervals, and what these can prove."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.ratio import floored, half_up, interval, raised


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (43_158, 43_200, 998_686, 999_299),
        (5, 43_175, 38, 270),
        (82_320, 89_280, 920_265, 923_794),
        (1_080, 1_080, 996_590, 1_000_000),
        (190, 200, 909_972, 975_766),
    ],
)
def test_golden_intervals(part: int, whole: int, low: int, high: int) -> None:
    assert interval(part, whole).printed() == (low, high)


def test_golden_good_is_rounded_down_and_bad_up() -> None:
    assert floored(43_158, 43_200) == 999_027
    assert floored(82_320, 89_280) == 922_043
    assert raised(5, 43_175) == 116
    assert half_up(1, 2_000_000) == 1
    assert floored(0, 0) is None
    assert raised(0, 0) is None


@pytest.mark.parametrize(("n", "ppm"), [(368, 990_000), (3_688, 999_000), (4_610, 999_200)])
def test_golden_a_perfect_record_must_be_so_long_to_prove_an_objective(n: int, ppm: int) -> None:
    assert interval(n, n).at_least(ppm) is True
    assert interval(n - 1, n - 1).at_least(ppm) is None


def test_golden_an_interval_that_holds_the_objective_proves_nothing() -> None:
    assert interval(43_158, 43_200).at_least(999_000) is None
    assert interval(82_320, 89_280).at_least(999_000) is False
    assert interval(5, 43_175).at_most(270) is None
    assert interval(5, 43_175).at_most(271) is True
    assert interval(5, 43_175).at_most(37) is False


def test_what_is_unknown_widens_the_interval_to_both_sides() -> None:
    low, high = interval(90, 95, unknown=5)
    assert low == interval(90, 100).low
    assert high == interval(95, 100).high


def test_of_nothing_everything_is_possible() -> None:
    assert interval(0, 0).printed() == (0, 1_000_000)


def test_counts_that_cannot_be_are_refused() -> None:
    for part, whole, unknown in ((2, 1, 0), (-1, 1, 0), (0, 0, -1)):
        with pytest.raises(ValueError, match="unknown"):
            interval(part, whole, unknown)


def test_an_interval_holds_at_hundreds_of_millions() -> None:
    # Expected from the Poisson limit: 100 lost of so many, bounds 81.36 and 121.63.
    low, high = interval(430_000_000 - 100, 430_000_000)
    assert round((10**12 - high) * 430_000_000 / 10**12, 2) == 81.36
    assert round((10**12 - low) * 430_000_000 / 10**12, 2) == 121.63


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))))
def test_the_lower_bound_is_where_so_many_are_a_chance_of_one_in_forty(
    counts: tuple[int, int],
) -> None:
    part, whole = counts
    p = Fraction(interval(part, whole).low, 10**12)
    tail = sum(comb(whole, k) * p**k * (1 - p) ** (whole - k) for k in range(part, whole + 1))
    assert float(tail) == pytest.approx(0.025, abs=1e-10)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_bounds_hold_the_ratio_and_mirror_each_other(part: int, rest: int) -> None:
    low, high = interval(part, part + rest)
    assert low * (part + rest) <= part * 10**12 <= high * (part + rest)
    assert interval(rest, part + rest) == (10**12 - high, 10**12 - low)
