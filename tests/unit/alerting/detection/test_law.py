"""Laws: bins, shipped laws, decayed counts, pooling."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.detection import law
from services.alerting.detection.law import BINS, Counts, Row
from tests.unit.alerting.detection.worked import us

SMS = Row("sms", "geoje.sms.sens")
OTHER = Row("sms", "suyeong.sms.sens")


def _by_formula(seconds: float) -> int:
    width = math.log(125 / 0.05) / 96
    return int(np.clip(math.floor((math.log(max(seconds, 1e-9)) - math.log(0.05)) / width), 0, 95))


def _place(laws: law.Laws, row: Row) -> int:
    return laws.rows.index(row)


@given(st.integers(0, us(500)))
def test_the_bin_of_every_span_is_that_of_the_formula(span: int) -> None:
    near = {_by_formula((span + step) / us(1)) for step in (-1, 0, 1)}
    assert int(law.bin_of(np.array([span]))[0]) in near


@pytest.mark.parametrize(("seconds", "expected"), [(0, 0), (0.05, 0), (125, 95), (10_000, 95)])
def test_spans_beyond_the_edges_are_in_the_end_bins(seconds: float, expected: int) -> None:
    assert law.bin_of(np.array([us(seconds)]))[0] == expected


def test_without_observations_a_class_has_the_shipped_law_of_its_medium() -> None:
    laws = law.laws({}, [SMS])
    shares = laws.shares[_place(laws, SMS)]
    assert law.quantile(shares, 0.5) == pytest.approx(us(3), rel=0.1)
    assert law.quantile(shares, 0.99) == pytest.approx(us(35), rel=0.1)
    assert laws.losses[_place(laws, SMS)] == pytest.approx(2 / 200)


def test_acceptances_and_heartbeats_have_shipped_laws_and_a_loss_of_their_own() -> None:
    laws = law.laws({Row("heartbeat"): Counts(np.zeros(BINS), 50.0)}, [])
    for medium, median_s in (("acceptance", 0.25), ("heartbeat", 0.12)):
        place = _place(laws, Row(medium))
        assert law.quantile(laws.shares[place], 0.5) == pytest.approx(us(median_s), rel=0.1)
        assert laws.losses[place] == 0.0025


def test_a_class_is_pooled_with_its_medium_and_the_medium_with_the_shipped_law() -> None:
    arrived = np.zeros(BINS)
    arrived[50] = 100.0
    laws = law.laws({SMS: Counts(arrived, 4.0)}, [SMS, OTHER])
    shipped = law.log_normal(law._DELIVERY)
    pooled = (100 + 200 * shipped[50]) / 300
    assert laws.shares[_place(laws, SMS), 50] == pytest.approx((100 + 300 * pooled) / 400)
    assert laws.shares[_place(laws, OTHER), 50] == pytest.approx(pooled)
    loss = (4 + 2) / (104 + 200)
    assert laws.losses[_place(laws, SMS)] == pytest.approx((4 + 300 * loss) / (104 + 300))


@given(st.lists(st.one_of(st.none(), st.integers(0, 95)), max_size=60))
def test_every_share_is_positive_and_all_shares_make_one(seen: list[int | None]) -> None:
    laws = law.laws(law.learn({}, [(SMS, bin_) for bin_ in seen]), [OTHER])
    assert (laws.shares > 0).all()
    assert laws.shares.sum(axis=1) == pytest.approx(1)
    assert (laws.losses >= 0.0025).all()


def test_an_observation_counts_half_after_1440_others_of_its_class() -> None:
    learnt = law.learn({}, [(SMS, 10), (OTHER, 10)])
    learnt = law.learn(learnt, [(SMS, 20)] * 1440)
    assert learnt[SMS].arrived[10] == pytest.approx(0.5)
    assert learnt[OTHER].arrived[10] == 1


def test_a_class_is_learnt_from_its_twentieth_message() -> None:
    learnt = law.learn({}, [(SMS, 10)] * 19)
    assert not learnt[SMS].learnt
    assert law.learn(learnt, [(SMS, None)])[SMS].learnt
