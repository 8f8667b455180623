"""A contract item: what is judged by default, which version holds when, what a table gives back."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.contracts.sla import Contract, version_on

OCTOBER = date(2026, 10, 1)
PLAIN: dict[str, Any] = {
    "id": "geoje.alimtalk.v1", "valid_from": OCTOBER, "body": "geoje", "channel": "alimtalk",
    "counterparty": "sens", "routes": [{"route": "geoje.alimtalk.sens"}],
}  # fmt: skip


def _contract(**over: Any) -> Contract:
    return Contract.model_validate(PLAIN | over)


@pytest.mark.parametrize(
    ("grade", "availability", "fix"),
    [(1, 999_200, 120), (2, 999_000, 180), (3, None, None), (4, None, None), (None, None, None)],
)
def test_the_grade_sets_what_is_judged(
    grade: int | None, availability: int | None, fix: int | None
) -> None:
    contract = _contract(grade=grade)

    assert (contract.availability_ppm, contract.fix_min) == (availability, fix)


def test_what_a_contract_says_itself_comes_before_its_grade() -> None:
    contract = _contract(grade=1, objectives={"availability_ppm": 995_000, "fix_min": 240})

    assert (contract.availability_ppm, contract.fix_min) == (995_000, 240)


def test_what_the_grade_sets_is_written_into_the_item() -> None:
    contract = _contract(grade=2, objectives={"delivery_ppm": 990_000})

    stored = contract.model_dump()["objectives"]

    assert (stored["availability_ppm"], stored["fix_min"]) == (999_000, 180)
    assert stored["delivery_ppm"] == 990_000


def test_hours_are_always_or_a_week() -> None:
    week = [{"days": ["mon", "fri"], "start": "09:00", "end": "18:00"}]

    assert _contract(service_hours="always") == _contract()
    assert len(_contract(service_hours=week).service_hours) == 1


def test_an_item_comes_back_from_its_own_json() -> None:
    week = [{"days": ["sat"], "start": "09:00", "end": "00:00"}]
    table = [{"below_ppm": 999_000, "credit_ppm": 50_000}]
    contract = _contract(service_hours=week, credit_table=table, settings={"partial": "full"})

    assert Contract.model_validate_json(contract.model_dump_json()) == contract


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("routes", []),
        ("routes", [{"route": "geoje.alimtalk.sens", "weight": 0}]),
        ("grade", 5),
        ("objectives", {"availability_ppm": 1_000_001}),
        ("objectives", {"latency": {"stage": "device", "q": 100, "max_s": 60}}),
        ("settings", {"gap_rule": "lenient"}),
        ("service_hours", "sometimes"),
    ],
)
def test_what_cannot_be_judged_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        _contract(**{field: value})


@pytest.mark.parametrize(
    ("availability", "credit"),
    [(1_000_000, 0), (999_000, 0), (998_999, 50_000), (959_064, 150_000), (922_043, 500_000)],
)
def test_the_lowest_row_above_the_availability_gives_the_credit(
    availability: int, credit: int
) -> None:
    rows = [(999_000, 50_000), (990_000, 150_000), (950_000, 500_000)]
    table = [{"below_ppm": below, "credit_ppm": back} for below, back in rows]

    assert _contract(credit_table=table).credit_ppm(availability) == credit


@given(lasts=st.lists(st.integers(1, 60), min_size=1, max_size=5), day=st.integers(-5, 320))
def test_versions_that_follow_each_other_leave_no_day_to_two_or_none(
    lasts: list[int], day: int
) -> None:
    versions, start = [], OCTOBER
    for number, days in enumerate(lasts, start=1):
        last = start + timedelta(days=days - 1)
        end = None if number == len(lasts) else last
        versions.append(_contract(version=number, valid_from=start, valid_to=end))
        start = last + timedelta(days=1)
    asked = OCTOBER + timedelta(days=day)

    holding = [one for one in versions if one.holds_on(asked)]

    assert len(holding) == (1 if day >= 0 else 0)
    assert version_on(versions, asked) == (holding[0] if holding else None)
