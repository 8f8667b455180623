"""Every step of every month comes once, in order, however long nobody looked."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.report_words import State
from services.reporting.due import Due, Promised, closes_at, due, too_late
from services.storage.corrections import Correction
from services.storage.months import Revision
from tests.unit.reporting.worked import a_contract

BEGUN = datetime(2026, 9, 14, tzinfo=UTC)
YEAR = timedelta(days=400)
moments = st.timedeltas(timedelta(1), YEAR).map(lambda later: BEGUN + later)


def a_body(name: str = "geoje", **contract: Any) -> Promised:
    own = a_contract(**contract)
    return Promised(name, {own.item: BEGUN}, (own,))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


def _sealed(step: Due) -> Revision:
    correction = step.correction.id if step.correction else None
    return Revision(
        0, step.body, step.month, step.revision, step.state, step.cutoff, step.cutoff, correction,
        *5 * ("",), 0,
    )  # fmt: skip


def _approved(number: int, proposed: datetime, decided: datetime) -> Correction:
    return Correction(
        number, "geoje", "2026-10", "evidence_import", {}, "사유", "kim", proposed, "approved",
        "lee", decided, "예",
    )  # fmt: skip


def _shown(steps: list[Due]) -> list[tuple[str, int, datetime]]:
    return [(step.month, step.revision, step.cutoff) for step in steps]


def test_a_month_is_preliminary_on_day_1_and_closed_on_day_4() -> None:
    before = datetime(2026, 11, 4, tzinfo=UTC) - timedelta(hours=9, microseconds=1)
    assert _shown(due([a_body()], [], [], before)) == [
        ("2026-09", 0, _at("2026-10-01 06:00")),
        ("2026-09", 1, _at("2026-10-04 00:00")),
        ("2026-10", 0, _at("2026-11-01 06:00")),
    ]
    at = before + timedelta(microseconds=1)
    assert _shown(due([a_body()], [], [], at))[-1] == ("2026-10", 1, _at("2026-11-04 00:00"))


@pytest.mark.parametrize(
    ("days", "closed"),
    [(0, "2026-10-04"), (1, "2026-10-06"), (3, "2026-10-08"), (4, "2026-10-12")],
)
def test_closing_waits_for_working_days(days: int, closed: str) -> None:
    """2026-10-04 is a Sunday, -05 and -09 are holidays."""
    body = a_body(settings={"close_working_days": days})
    assert closes_at(body, "2026-09") == _at(f"{closed} 00:00")


def test_hours_are_those_of_the_contract() -> None:
    body = a_body(tz="America/New_York")
    steps = due([body], [], [], datetime(2026, 12, 1, tzinfo=UTC))
    assert steps[2].cutoff.astimezone(UTC) == datetime(2026, 11, 1, 11, tzinfo=UTC)


def test_months_without_a_contract_in_force_are_not_reported() -> None:
    body = a_body(valid_from="2026-10-31", valid_to="2026-12-01")
    steps = due([body], [], [], BEGUN + YEAR)
    assert [step.month for step in steps] == [
        month for month in ("2026-10", "2026-11", "2026-12") for _ in range(2)
    ]


@pytest.mark.parametrize(
    ("known", "first", "without"),
    [
        ("2026-10-31 23:59", "2026-10", []),
        ("2026-11-01 06:00", "2026-11", ["2026-10"]),
        ("2026-11-03 23:59", "2026-11", ["2026-10"]),
        ("2026-11-04 00:00", "2026-11", []),
    ],
)
def test_a_month_is_nobodys_whose_contract_was_known_after_its_first_cutoff(
    known: str, first: str, without: list[str]
) -> None:
    body = a_body(valid_from="2026-01-01")
    body = body._replace(known=dict.fromkeys(body.known, _at(known)))
    steps = due([body], [], [], BEGUN + YEAR)
    assert (steps[0].month, steps[1].month) == (first, first)
    assert too_late(body) == without


def test_a_second_contract_known_late_changes_nothing_of_a_month_that_was_promised() -> None:
    body = a_body(valid_from="2026-01-01")
    other = a_contract(id="geoje.sms.v1", channel="sms", valid_from="2026-01-01")
    known = {**body.known, other.item: _at("2026-11-02 00:00")}
    body = body._replace(known=known, contracts=(*body.contracts, other))
    assert too_late(body) == []


def test_a_version_that_replaces_another_after_the_month_takes_no_report_away() -> None:
    first = a_body(valid_from="2026-01-01")
    second = a_contract(id="geoje.alimtalk.v2", version=2, valid_from="2026-01-01")
    assert second.item in first.known
    body, now = first._replace(contracts=(second,)), _at("2026-12-10 00:00")
    assert due([body], [], [], now) == due([first], [], [], now)


@given(st.lists(moments, min_size=1))
def test_however_seldom_one_looks_the_same_is_sealed_in_the_same_order(
    looks: list[datetime],
) -> None:
    bodies = [a_body(), a_body("bokjiro", settings={"close_working_days": 5})]
    sealed: list[Revision] = []
    for now in sorted(looks):
        for step in due(bodies, sealed, [], now):
            assert step.at <= now
            sealed.append(_sealed(step))
    assert sealed == [_sealed(step) for step in due(bodies, [], [], max(looks))]
    assert all(one.cutoff <= other.cutoff for one, other in pairwise(sealed))
    for body in bodies:
        own = [(each.month, each.revision) for each in sealed if each.body == body.body]
        assert own == sorted(set(own))


@given(st.lists(st.tuples(moments, st.timedeltas(timedelta(1), timedelta(90))), max_size=5))
def test_each_correction_approved_after_the_closing_becomes_one_revision(
    told: list[tuple[datetime, timedelta]],
) -> None:
    now = BEGUN + YEAR
    corrections = [_approved(n, at, at + later) for n, (at, later) in enumerate(told, 1)]
    sealed = [_sealed(step) for step in due([a_body()], [], [], now)]
    closed = closes_at(a_body(), "2026-10")
    steps = due([a_body()], sealed, corrections, now)
    late = [each for each in corrections if each.decided_at and each.decided_at >= closed]
    in_order = sorted(late, key=lambda each: (each.decided_at, each.id))
    assert [step.correction for step in steps] == in_order
    assert [step.revision for step in steps] == list(range(2, 2 + len(late)))
    assert all(step.state is State.CORRECTED and step.cutoff >= closed for step in steps)
    assert all(one.cutoff <= other.cutoff for one, other in pairwise(steps))
    assert due([a_body()], [*sealed, *map(_sealed, steps)], corrections, now) == []
