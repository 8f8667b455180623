"""A contract's objectives in OpenSLO's words."""

from datetime import date
from typing import Any

import pytest

from services.contracts.sla import Contract
from services.reporting.canonical import canonical
from services.reporting.openslo import openslo

PLAIN: dict[str, Any] = {
    "id": "geoje.alimtalk.v1", "valid_from": date(2026, 10, 1), "body": "geoje",
    "channel": "alimtalk", "counterparty": "sens", "grade": 1,
    "routes": [{"route": "geoje.alimtalk.sens"}],
}  # fmt: skip


def _said(**over: Any) -> Any:
    return openslo(Contract.model_validate(PLAIN | over))


def test_availability_is_a_share_of_minutes_in_a_calendar_month() -> None:
    (slo,) = _said().values()

    assert (slo["apiVersion"], slo["kind"]) == ("openslo/v1", "SLO")
    assert slo["metadata"] == {"name": "geoje-alimtalk-availability"}
    assert slo["spec"]["budgetingMethod"] == "RatioTimeslices"
    (objective,) = slo["spec"]["objectives"]
    assert objective == {
        "displayName": "availability", "target": "0.999200", "timeSliceWindow": "1m",
    }  # fmt: skip
    (window,) = slo["spec"]["timeWindow"]
    calendar = {"startTime": "2026-10-01 00:00:00", "timeZone": "Asia/Seoul"}
    assert window == {"duration": "1M", "isRolling": False, "calendar": calendar}


@pytest.mark.parametrize(("partial", "least"), [("full", "1.000000"), ("ignore", "0.000001")])
def test_where_a_partial_minute_is_good_or_bad_a_minute_has_a_target(
    partial: str, least: str
) -> None:
    spec = _said(settings={"partial": partial})["availability"]["spec"]

    assert spec["budgetingMethod"] == "Timeslices"
    assert spec["objectives"][0]["timeSliceTarget"] == least


def test_delivery_is_a_share_of_messages() -> None:
    spec = _said(grade=None, objectives={"delivery_ppm": 990_000})["delivery"]["spec"]

    assert spec["budgetingMethod"] == "Occurrences"
    assert spec["objectives"] == [{"displayName": "delivery", "target": "0.990000"}]


def test_what_is_not_judged_has_no_slo() -> None:
    assert _said(grade=None) == {}


def test_the_report_can_hold_it() -> None:
    assert canonical(_said(objectives={"delivery_ppm": 990_000}))
