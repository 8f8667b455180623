"""Golden: buckets of 1 % and the quantiles of the worked example."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting import latency
from services.reporting.latency import LONGEST_MS, SHOWN_US, Latencies

P50, P95, P99 = 500_000, 950_000, 990_000


@pytest.mark.parametrize(
    ("ms", "bucket", "shown"),
    [(1_000, 346, 1_002_428), (2_500, 392, 2_515_460), (60_000, 551, 60_495_062)],
)
def test_golden_buckets(ms: int, bucket: int, shown: int) -> None:
    assert latency.bucket(np.array([ms])).tolist() == [bucket]
    assert SHOWN_US[bucket] == shown


def test_golden_one_more_that_never_came_and_p99_is_not_delivered() -> None:
    usual = [1_000] * 900 + [2_500] * 80
    ten_never = Latencies.of(usual + [60_000] * 10, never=10)
    assert ten_never.quantiles(P50, P95, P99) == [1_002_428, 2_515_460, 60_495_062]
    eleven_never = Latencies.of(usual + [60_000] * 9, never=11)
    assert eleven_never.quantiles(P50, P95, P99) == [1_002_428, 2_515_460, None]
    assert eleven_never.arrived.quantiles(P99) == [2_515_460]


def test_what_is_shown_is_within_one_per_cent_of_what_was() -> None:
    ms = np.arange(1, 3_000_001)
    shown = np.array(SHOWN_US)[latency.bucket(ms)]
    assert (np.abs(shown - 1_000 * ms) * 100 <= 1_000 * ms).all()


def test_what_is_out_of_range_is_in_the_last_bucket_on_its_side() -> None:
    buckets = latency.bucket(np.array([-5, 0, 1, LONGEST_MS, LONGEST_MS + 1]))
    assert buckets.tolist() == [0, 0, 0, 974, 974]


def test_of_nothing_there_is_no_quantile() -> None:
    assert Latencies.of([]).quantiles(P50) == [None]


_MS = st.lists(st.integers(1, LONGEST_MS), max_size=50)


@given(_MS, _MS, st.integers(0, 20), st.integers(0, 20))
def test_days_add_up(one: list[int], other: list[int], lost: int, more: int) -> None:
    added = Latencies.of(one, lost) + Latencies.of(other, more)
    at_once = Latencies.of(one + other, lost + more)
    assert (added.counts == at_once.counts).all()
    assert added.never == at_once.never
    assert added.n == len(one + other) + lost + more


@given(st.lists(st.integers(1, LONGEST_MS), min_size=1, max_size=50), st.integers(1, 10**6))
def test_a_quantile_is_the_bucket_of_the_item_of_its_rank(ms: list[int], ppm: int) -> None:
    item = sorted(ms)[-(-ppm * len(ms) // 10**6) - 1]
    expected = SHOWN_US[int(latency.bucket(np.array([item]))[0])]
    assert Latencies.of(ms).quantiles(ppm) == [expected]
