"""When planned work holds, and whom it keeps quiet."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.incidents.words import KST
from services.alerting.paging import planned
from services.catalogue.load import load
from services.contracts.oncall import DAYS
from services.runtime.errors import Refuse
from services.storage.planned import Window

CATALOGUE = load(Path(__file__).parents[4] / "catalogue").catalogue(UUID(int=1))
TUESDAY = datetime(2026, 3, 3, 2, 0, tzinfo=KST)
HOUR = timedelta(hours=1)


def a_window(
    component: str = "platform:kakaotalk", start: datetime | None = TUESDAY,
    length: timedelta = 2 * HOUR, recurs: str | None = None,
) -> Window:  # fmt: skip
    end = start + length if start else None
    return Window("w", component, start, end, recurs, "점검", None, None, "kim")


def _holds(window: Window, at: datetime) -> bool:
    return planned.holds(window, at) is not None


@pytest.mark.parametrize(
    ("after", "held"),
    [(-1, False), (0, True), (7199, True), (7200, False), (7 * 86400, False)],
)
def test_a_window_holds_from_its_start_to_before_its_end(after: int, held: bool) -> None:
    assert _holds(a_window(), TUESDAY + timedelta(seconds=after)) is held


def test_what_was_taken_back_never_holds() -> None:
    assert not _holds(a_window(start=None), TUESDAY)


def test_weekly_work_passes_midnight_and_tells_its_span() -> None:
    window = a_window(
        start=TUESDAY.replace(hour=23), length=4 * HOUR, recurs=planned.weekly(["thu", "tue"])
    )
    assert window.recurs == "FREQ=WEEKLY;BYDAY=TU,TH"
    thursday = TUESDAY + timedelta(days=9)
    assert planned.holds(window, thursday.replace(hour=23)) == (
        thursday.replace(hour=23), thursday.replace(hour=23) + 4 * HOUR
    )  # fmt: skip
    assert _holds(window, thursday + timedelta(days=1))  # Friday, 02:00
    assert not _holds(window, thursday)


@pytest.mark.parametrize(
    "rule", ["", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=", "FREQ=WEEKLY;BYDAY=XX", "FREQ=WEEKLY", "tue"]
)
def test_a_rule_that_cannot_be_read_keeps_nobody_quiet(rule: str) -> None:
    assert not _holds(a_window(recurs=rule), TUESDAY)


@pytest.mark.parametrize("days", [[], ["tuesday"]])
def test_a_rule_without_days_is_none(days: list[str]) -> None:
    with pytest.raises(Refuse, match="days are mon,tue"):
        planned.weekly(days)


@pytest.mark.parametrize(
    ("over", "says"),
    [
        ({"ends_at": TUESDAY}, "the end is not after the start"),
        ({"days": ["wed"]}, "the start is on none of these days in Korea"),
        ({"days": ["tue"], "ends_at": TUESDAY + 25 * HOUR}, "24 hours at most"),
        ({"days": ["tue", "daily"]}, "days are mon,tue"),
        ({"component": "provider:sns"}, "no component provider:sns"),
        ({"reason": " "}, "1 to 500 characters"),
    ],
)
def test_planned_work_that_nobody_can_mean_is_refused(over: dict[str, Any], says: str) -> None:
    asked = planned.Asked("provider:sens", TUESDAY, TUESDAY + HOUR, "점검")
    with pytest.raises(Refuse, match=says):
        planned.entered(replace(asked, **over), CATALOGUE, "kim")


@pytest.mark.parametrize("component", ["worker:w1", "self:ingest", "platform:kakaotalk/alimtalk"])
def test_planned_work_is_named_after_component_and_start(component: str) -> None:
    asked = planned.Asked(component, TUESDAY, TUESDAY + HOUR, " 점검 ", ["tue"])
    window = planned.entered(asked, CATALOGUE, "kim")
    assert window.id == f"{component}@{int(TUESDAY.timestamp())}"
    assert (window.recurs, window.reason) == ("FREQ=WEEKLY;BYDAY=TU", "점검")
    assert planned.withdrawn(window, "연기", "lee")[2:6] == (None, None, None, "연기")


@given(
    days=st.sets(st.sampled_from(DAYS), min_size=1),
    start=st.integers(0, 60 * 24 * 60).map(lambda minutes: TUESDAY + timedelta(minutes=minutes)),
    length=st.integers(1, 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
    after=st.integers(-(10**4), 40 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_weekly_work_holds_exactly_in_the_spans_that_a_calendar_has(
    days: set[str], start: datetime, length: timedelta, after: timedelta
) -> None:
    at, calendar = start + after, [start + timedelta(days=n) for n in range(42)]
    spans = [
        (day, day + length)
        for day in calendar
        if DAYS[day.astimezone(KST).weekday()] in days and day <= at < day + length
    ]
    found = planned.holds(a_window(start=start, length=length, recurs=planned.weekly(days)), at)
    assert ([found] if found else []) == spans[-1:]


@pytest.mark.parametrize(
    ("worked_on", "component", "routes", "muted"),
    [
        ("platform:kakaotalk", "platform:kakaotalk", ["geoje.alimtalk.sens"], True),
        ("platform:kakaotalk", "platform:kakaotalk/alimtalk", ["geoje.alimtalk.sens"], True),
        ("platform:kakaotalk/alimtalk", "platform:kakaotalk", [], False),
        ("provider:sens", "platform:kakaotalk", ["geoje.alimtalk.sens"], True),
        (
            "provider:sens", "platform:kakaotalk",
            ["geoje.alimtalk.sens", "suyeong.alimtalk.nhn"], False,
        ),
        ("body:geoje", "provider:sens", ["geoje.alimtalk.sens", "geoje.sms.sens"], True),
        ("carrier:skt", "provider:sens", ["geoje.sms.sens"], False),  # others' phones saw it too
        ("worker:w1", "worker:w1", ["geoje.sms.sens"], True),
        ("provider:sens", "provider:nhn", ["a.route.gone"], False),
    ],
)  # fmt: skip
def test_work_keeps_quiet_what_it_accounts_for_as_a_whole(
    worked_on: str, component: str, routes: list[str], muted: bool
) -> None:
    parts = planned.maintained([a_window(worked_on), a_window("x:y", None)], TUESDAY)
    assert parts == {worked_on}
    assert planned.muted(CATALOGUE, component, routes, parts) is muted


def test_without_work_nobody_is_kept_quiet() -> None:
    assert not planned.muted(CATALOGUE, "provider:sens", [], frozenset())
