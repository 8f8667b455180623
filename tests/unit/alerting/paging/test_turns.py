"""Whose turn it is: which tries speak for another path, and how long to wait for the next."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.paging.calls import counted_paths
from services.alerting.paging.dispatch import FIRST_S, LONGEST_S, again_s
from services.alerting.paging.paths import doubted
from services.storage.pages import Try
from services.storage.proofs import Proof
from tests.support.incidents import NOW

OTHER_S = 20.0


def _tries(*calls: tuple[str, float, str | None]) -> list[Try]:
    """(path, seconds ago, answer)."""
    return [Try(path, NOW - timedelta(seconds=ago), answer) for path, ago, answer in calls]


@pytest.mark.parametrize(
    ("tried", "counted"),
    [
        ((), []),
        ((("a", 5, "later"),), []),
        ((("a", 5, None),), []),
        ((("a", 5, "refused"),), ["a"]),
        ((("a", 25, "later"), ("a", 3, "unclear")), ["a", "a"]),
        ((("a", 30, "later"), ("b", 5, "later")), ["a"]),
        ((("a", 50, "later"), ("b", 25, "later"), ("b", 2, "later")), ["a", "b", "b"]),
    ],
)
def test_a_path_stays_in_turn_for_its_time_unless_it_is_refused(
    tried: tuple[tuple[str, float, str | None], ...], counted: list[str]
) -> None:
    assert counted_paths(_tries(*tried), NOW, OTHER_S) == counted


@given(st.lists(st.floats(0, 3600), max_size=12))
def test_waiting_grows_is_bounded_and_ends_when_another_path_s_turn_comes(
    ago: list[float],
) -> None:
    tried = _tries(*(("a", seconds, "later") for seconds in sorted(ago, reverse=True)))
    wait = again_s(tried, NOW, OTHER_S)
    assert 0 < wait <= LONGEST_S
    left = OTHER_S - max(ago, default=0.0)
    grown = min(LONGEST_S, FIRST_S * 2 ** len(tried)) / 2
    assert wait >= min(grown, left if left > 0 else grown)
    assert wait <= left or left <= 0


def test_a_path_that_has_not_shown_the_last_times_that_it_works_is_doubted() -> None:
    hour = timedelta(hours=1)
    shown = {"new": NOW - 2 * hour, "old": NOW - 4 * hour, "never": None}
    known = [Proof(path, NOW, at, None, None) for path, at in shown.items()]
    assert doubted(known, NOW, hour) == {"old", "never"}
    assert doubted(known, NOW, 2 * hour) == {"never"}
