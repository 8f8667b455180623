"""Ratios: the tables of the worked example to the digit, and their bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.detection import law, likelihood
from services.alerting.detection.law import ACCEPTANCE, Row
from services.alerting.detection.likelihood import ARRIVED, FAILED, NAT, NOTHING, REFUSED
from tests.unit.alerting.detection.worked import CLASSES, us, worked_tables

TABLES = worked_tables()
C1 = TABLES.values[TABLES.place(CLASSES[0])] / NAT

OPEN = [
    (1, 36, 0.0160, 0.0051, 0.0167),
    (3, 50, 0.3542, 0.1259, 0.3473),
    (5, 56, 0.8351, 0.3451, 0.7650),
    (8, 62, 1.6412, 0.8390, 1.3689),
    (10, 65, 2.1814, 1.2475, 1.7243),
    (15, 69, 3.0416, 1.9874, 2.2260),
    (20, 73, 4.0223, 2.9077, 2.7019),
    (30, 78, 5.1797, 4.0392, 3.0037),
    (60, 86, 5.8974, 4.7507, 1.8759),
    (119, 95, 5.9399, 4.7929, 0.2206),
]


@pytest.mark.parametrize(("age", "bin_", "dead", "lossy", "slow"), OPEN)
def test_an_open_message_speaks_the_louder_the_longer_it_is_silent(
    age: int, bin_: int, dead: float, lossy: float, slow: float
) -> None:
    assert law.bin_of(np.array([us(age)]))[0] == bin_
    assert C1[:, bin_] == pytest.approx([dead, lossy, slow], abs=0.0005)


@pytest.mark.parametrize(
    ("latency", "slow"), [(3, -1.8064), (5, -0.7502), (8, 0.3059), (12, 1.1861), (30, 3.0)]
)
def test_an_arrival_speaks_against_loss_and_by_its_latency_for_slowness(
    latency: int, slow: float
) -> None:
    column = ARRIVED + int(law.bin_of(np.array([us(latency)]))[0])
    assert C1[:, column] == pytest.approx([-2.9957, -0.3567, slow], abs=0.0005)


def test_failures_and_refusals_weigh_as_specified() -> None:
    assert C1[:, FAILED] == pytest.approx([5.9403, 4.7933, 0], abs=0.0005)
    assert C1[:2, REFUSED] == pytest.approx([7.5487, 6.3960], abs=0.0005)
    assert (C1[:, NOTHING] == 0).all()


def test_the_acceptance_plane_knows_no_slowness() -> None:
    rows, seen = np.array([TABLES.place(Row(ACCEPTANCE))]), np.array([REFUSED])
    assert likelihood.look_up(TABLES.values, rows, seen, plane=0).shape == (2, 1)
    assert likelihood.look_up(TABLES.values, rows, seen, plane=1).shape == (3, 1)


def test_an_unknown_class_has_the_table_of_its_medium_else_the_shipped_one() -> None:
    tables = likelihood.tables(law.laws({}, [Row("sms", "a")]))
    assert tables.place(Row("sms", "new")) == tables.place(Row("sms"))
    assert tables.place(Row("fax", "new")) == tables.place(Row(""))


@given(st.lists(st.one_of(st.none(), st.integers(0, 95)), max_size=200))
def test_one_silent_message_adds_at_most_the_cap_and_a_refusal_little_more(
    seen: list[int | None],
) -> None:
    """Whatever the tables learnt: three refusals page, two do not."""
    row = Row("sms", "a")
    values = likelihood.tables(
        law.laws(law.learn({}, [(row, bin_) for bin_ in seen]), [row])
    ).values
    silent = np.delete(values, REFUSED, axis=2)
    assert silent.max() <= 6 * NAT
    assert values[:, :, REFUSED].max() <= 7.6 * NAT
