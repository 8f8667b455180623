"""The table: quantiles, intervals, and what is beyond a limit; and the k-of-n rule beside it."""

import math

import pytest

from bench import kofn
from bench.runs import Outcome, Page, Plan
from bench.table import Report, at, binomial, bootstrapped, limits
from bench.traffic import Call, Message


def _outcome(delay: int | None, number: int = 0, exact: bool = True) -> Outcome:
    plan = Plan("S7", "platform dead", False, 60, 1, number)
    pages = (Page(delay or 0, "platform:kakaotalk", "dead", exact),)
    return Outcome(plan, delay, exact, 1, pages, 100, 0, 1.0, 0, 0.0, 100.0, 5, 0)


def test_a_quantile_is_a_value_that_was_measured_even_where_some_are_never() -> None:
    assert at([3, 1, 2, math.inf], 0.5) == 2
    assert at([3, 1, 2, math.inf], 0.95) == math.inf
    assert at([7], 0.95) == 7


def test_intervals_hold_the_figure_and_narrow_with_more_runs() -> None:
    few, many = bootstrapped([*range(10)], 0.5), bootstrapped([*range(10)] * 20, 0.5)
    assert few[0] <= many[0] <= 4 <= many[1] <= few[1]
    assert binomial(20, 20) == pytest.approx((0.839, 1.0), abs=0.001)


def test_a_table_within_its_limits_has_nothing_beyond() -> None:
    report = Report([_outcome(30, number) for number in range(20)])
    assert report.beyond == []
    assert any("30 [30..30] /34" in line and "1.000" in line for line in report.lines)


@pytest.mark.parametrize(
    ("outcomes", "beyond"),
    [
        ([_outcome(35)], "S7 C1 platform dead median: 35, limit 34"),
        ([_outcome(20), _outcome(45)], "S7 C1 platform dead p95: 45, limit 44"),
        ([_outcome(None)], "S7 C1 platform dead median: inf, limit 34"),
        ([_outcome(30), _outcome(30, exact=False)], "S7 C1 platform dead exact: 0.5, limit 0.9"),
    ],
)
def test_what_is_beyond_a_limit_is_told(outcomes: list[Outcome], beyond: str) -> None:
    assert beyond in Report(outcomes).beyond


def test_an_outage_told_where_only_bongsu_broke_is_beyond_the_limits() -> None:
    assert Report([_outcome(30)._replace(outages=1)]).beyond == [
        "S7 C1 platform dead outages: 1, limit 0"
    ]


def test_five_minute_intervals_are_published_and_not_judged() -> None:
    late = _outcome(3000, exact=False)
    report = Report([late._replace(plan=late.plan._replace(interval_s=300))])
    assert report.beyond == []
    assert any("3000 [3000..3000] " in line for line in report.lines)


@pytest.mark.parametrize(
    ("size", "confirm", "least"), [("S50", True, 0.65), ("S50", False, None), ("S7", True, None)]
)
def test_random_faults_are_judged_at_fifty_bodies_with_confirm_probes(
    size: str, confirm: bool, least: float | None
) -> None:
    plan = Plan(size, "two random", confirm, 60, 1, 0)
    assert limits(_outcome(3)._replace(plan=plan), loose=False) == (None, None, least)


def test_few_runs_are_judged_by_twice_the_p95_alone() -> None:
    assert Report([_outcome(40), _outcome(88)], loose=True).beyond == []
    assert Report([_outcome(40), _outcome(89)], loose=True).beyond == [
        "S7 C1 platform dead p95: 89, limit 88"
    ]


def _message(at_s: float, arrived: float | None) -> Message:
    return Message(Call(f"m{at_s}", 1, 0, at_s), at_s + 0.2, False, at_s + 0.2, arrived)


def test_the_rule_pages_a_route_at_the_third_of_five_that_is_overdue_and_once() -> None:
    well = [_message(60 * turn, 60 * turn + 2) for turn in range(3)]
    gone = [_message(180 + 60 * turn, None) for turn in range(9)]
    assert kofn.pages([*well, *gone]) == [(180 + 120 + 40, 1)]
