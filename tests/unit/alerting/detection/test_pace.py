"""The detector's clock: when a record counts, when a tick may run, whose clock is wrong."""

from hypothesis import given
from hypothesis import strategies as st

from services.alerting.detection.law import SECOND
from services.alerting.detection.pace import Clocks, effective, late, plan

NOW = 1_800_000_000 * SECOND
HOUR = 3600 * SECOND
MOMENTS = st.integers(0, 2 * HOUR)


def test_a_record_counts_from_its_append_time() -> None:
    assert effective(NOW + 5, last_tick=NOW, read=NOW + 9) == NOW + 5


def test_a_broker_an_hour_ahead_or_behind_makes_nothing_known_too_early_or_too_late() -> None:
    assert effective(NOW + HOUR, last_tick=NOW, read=NOW + 9) == NOW + 9
    assert effective(NOW - HOUR, last_tick=NOW, read=NOW + 9) == NOW


@given(MOMENTS, MOMENTS, MOMENTS)
def test_nothing_becomes_known_before_the_last_tick_or_after_it_was_read(
    appended: int, last: int, passed: int
) -> None:
    assert last <= effective(appended, last, last + passed) <= last + passed


def test_our_own_clock_set_back_takes_nothing_back() -> None:
    assert effective(NOW, last_tick=NOW + 5, read=NOW - HOUR) == NOW + 5


def test_what_was_appended_before_a_tick_that_has_run_is_late() -> None:
    assert late(NOW - 1, NOW)
    assert not late(NOW, NOW)


def test_a_tick_waits_until_all_was_read_that_came_up_to_a_fifth_of_a_second_after_it() -> None:
    assert plan(NOW, NOW + SECOND + 199_999, 0).last == NOW
    assert plan(NOW, NOW + SECOND + 200_000, 0).last == NOW + SECOND


def test_catching_up_runs_every_tick_for_a_minute_and_then_skips_to_the_present() -> None:
    until = NOW + 500 * SECOND + 200_000
    assert plan(NOW, until, 60 * SECOND) == (NOW + 500 * SECOND, None)
    assert plan(NOW, until, 61 * SECOND) == (NOW + 500 * SECOND, NOW + 499 * SECOND)


def test_a_minute_behind_is_made_up_for_however_long_it_takes() -> None:
    assert plan(NOW, NOW + 60 * SECOND + 200_000, HOUR).skipped_to is None


def test_a_slow_way_is_no_wrong_clock() -> None:
    clocks = Clocks()
    clocks.hear(("evidence", 0), NOW - 30 * SECOND, NOW)
    clocks.hear(("evidence", 0), NOW - SECOND, NOW + SECOND)
    assert clocks.offset(NOW + 2 * SECOND) == -2 * SECOND


def test_the_most_wrong_clock_of_the_last_minutes_is_told() -> None:
    clocks = Clocks()
    clocks.hear(("evidence", 0), NOW, NOW)
    clocks.hear(("evidence", 1), NOW - HOUR, NOW)
    assert clocks.offset(NOW) == -HOUR
    clocks.hear(("evidence", 1), NOW + 3 * 60 * SECOND, NOW + 3 * 60 * SECOND)
    assert clocks.offset(NOW + 3 * 60 * SECOND) == 0
    assert Clocks().offset(NOW) == 0
