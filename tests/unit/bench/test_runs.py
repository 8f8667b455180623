"""Runs of the real detector: the same run each time, by either way to its items."""

import pytest

from bench.faults import OTHERS
from bench.runs import Outcome, Plan, play


def _run(kind: str, number: int = 0, confirm: bool = True) -> Outcome:
    return play(Plan("S7", kind, confirm, 60, 1, number))


def test_a_run_hangs_on_its_plan_alone() -> None:
    assert _run("platform dead", 3) == _run("platform dead", 3)
    assert _run("platform dead", 3) != _run("platform dead", 4)


def test_events_through_codec_and_item_builder_name_the_same() -> None:
    outcome = _run("dealer dead", 9)
    assert outcome.plan.encoded
    assert outcome.exact, outcome.pages


def test_five_minute_intervals_get_time_for_as_many_messages() -> None:
    plan = Plan("S7", "channel dead", False, 300, 1, 0)
    outcome = play(plan)
    assert outcome.exact, outcome.pages
    assert outcome.delay is not None
    assert outcome.delay > 600


@pytest.mark.parametrize("kind", OTHERS)
def test_all_other_kinds_can_be_played(kind: str) -> None:
    outcome = _run(kind, 2)
    assert outcome.sent > 0
    assert bool(outcome.pages) is not kind.startswith(("slow", "world"))


def test_confirm_probes_are_sent_only_where_they_are_wanted() -> None:
    assert _run("channel dead", confirm=False).asked == 0
    assert _run("channel dead").asked > 0


def test_the_rule_beside_it_pages_routes_one_by_one() -> None:
    outcome = _run("carrier dead")
    assert outcome.rule_delay is not None
    assert outcome.delay is not None
    assert outcome.rule_delay > outcome.delay


@pytest.mark.parametrize("number", [4, 11, 29, 30])
def test_faults_that_are_mended_leave_no_page_behind(number: int) -> None:
    """What a phone, a worker and a sender lost together is nobody else's fault afterwards."""
    late = [page for page in _run("three mended", number).pages if page.second > 60]
    assert all(page.right for page in late), late
