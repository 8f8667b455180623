"""Minutes that another revision counts as something else are told as stretches of time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.vocabulary import Outcome
from services.reporting.exclusions import Announcement, Maintenance
from services.reporting.intervals import Interval, changed
from services.reporting.laid import lay
from services.reporting.sums import sums
from tests.unit.reporting.worked import Was, a_contract, a_month, minute

DOWN = Was("10-20 14:00", "10-20 14:50")
BLIND = Was("10-20 14:20", "10-20 14:50", Outcome.VOID)
SEEN = Was("10-20 14:20", "10-20 14:50", Outcome.DELIVERED)


def _between(*two: list[Was], routes: tuple[str, ...] = ("r1",)) -> list[Interval]:
    old, new = (a_month("2026-10", *was, contract=a_contract(routes)) for was in two)
    return changed(lay(old).minutes, lay(new).minutes, old.window)


def test_golden_g7_says_which_minutes_each_correction_changed() -> None:
    start, end = minute("10-20 14:20"), minute("10-20 14:50")
    assert _between([DOWN], [DOWN, BLIND]) == [Interval(start, end, "down", "unmeasured")]
    assert _between([DOWN, BLIND], [DOWN, SEEN]) == [Interval(start, end, "unmeasured", "up")]
    assert _between([DOWN], [DOWN]) == []


def test_what_is_left_out_is_told_by_its_reason_and_a_part_as_partial() -> None:
    month = a_month("2026-10", DOWN._replace(route="r1"), contract=a_contract(("r1", "r2")))
    works = Maintenance(
        frozenset({"r1", "r2"}),
        (Announcement(minute("10-01 09:00"), minute("10-20 14:00"), minute("10-20 14:10")),),
    )
    planned = a_month(
        "2026-10", DOWN._replace(route="r1"), contract=a_contract(("r1", "r2")), works=(works,)
    )
    found = changed(lay(month).minutes, lay(planned).minutes, month.window)
    assert found == [
        Interval(minute("10-20 14:00"), minute("10-20 14:10"), "partial", "maintenance")
    ]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 23), min_size=1, max_size=4))
def test_stretches_are_as_long_as_the_sums_differ(hours: list[int]) -> None:
    was = [Was(f"10-05 {hour:02}:00", f"10-05 {hour:02}:30") for hour in hours]
    clean, broken = a_month("2026-10"), a_month("2026-10", *was)
    old, new = lay(clean), lay(broken)
    found = changed(old.minutes, new.minutes, clean.window)
    own = sums(new.minutes, new.bare, new.minutes.calendar.window.part(*clean.window))
    assert sum(one.end - one.start for one in found) == own.down
    assert {(one.old, one.new) for one in found} == {("up", "down")}
    assert np.all(np.diff([one.start for one in found]) > 0)
