"""The heartbeat is kept back as soon as one of three marks is further back than is allowed."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.alerting.paging.heartbeat import behind, whole_way
from services.storage.canary import Marks
from tests.support.builders import SECOND, SLOT

BUDGET = 30 * SECOND
NOW = SLOT
AGE = st.none() | st.integers(-5, 90).map(lambda seconds: timedelta(seconds=seconds))
AGES = st.tuples(AGE, AGE, AGE)
Ages = tuple[timedelta | None, timedelta | None, timedelta | None]


def _marks(*ages: timedelta | None) -> Marks:
    return Marks(*(None if age is None else NOW - age for age in ages))


@given(AGES)
def test_each_mark_that_is_missing_or_too_far_back_is_named(ages: Ages) -> None:
    late = behind(_marks(*ages), NOW, BUDGET)
    named = dict(zip(("canary", "stored", "ticked"), ages, strict=True))
    assert set(late) == {name for name, age in named.items() if age is None or age > BUDGET}


@given(AGES)
def test_the_whole_way_is_made_up_to_the_furthest_mark_and_never_without_one(
    ages: Ages,
) -> None:
    known = [age for age in ages if age is not None]
    expected = NOW - max(known) if len(known) == 3 else None
    assert whole_way(_marks(*ages)) == expected


def test_what_is_just_within_the_budget_is_in_time() -> None:
    assert behind(_marks(BUDGET, BUDGET, BUDGET), NOW, BUDGET) == ()
