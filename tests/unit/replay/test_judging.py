"""A replay is judged by its pages: how soon, what they name, how many, and whether it was over."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.replay.detecting import Finding, Findings
from services.replay.judging import Judged, judge
from services.replay.run import WORKERS
from services.replay.scenario import Scenario, load
from services.storage.incidents import Event
from tests.support.incidents import an_incident
from tests.unit.replay.test_run import MINUTE, NOON, shipped

ONSET, END = NOON + 2 * MINUTE, NOON + 10 * MINUTE
PAGED, CLOSED = ONSET + timedelta(seconds=40), END + 3 * MINUTE
KAKAO, MEDIA, DEALER = "platform:kakaotalk", "platform:kakaotalk/media", "provider:sens"


def a_scenario(folder: Path, expect: str = "", component: str = KAKAO) -> Scenario:
    """Eight minutes of one component down; its provider spoke after six."""
    edges = f"from: '{ONSET:%FT%TZ}', to: '{END:%FT%TZ}'"
    file = folder / "scenario.yaml"
    file.write_text(
        f"id: test\nsegments: [{{component: '{component}', state: down, {edges}}}]\n"
        f"notices: [{{at: '{ONSET + 6 * MINUTE:%FT%TZ}', provider: kakao, says: down}}]\n"
        + (f"expect: {{{expect}}}\n" if expect else ""),
        encoding="utf-8",
    )
    return load(file, shipped(), WORKERS)


def found(
    component: str = KAKAO,
    at: datetime = PAGED,
    closed: datetime | None = CLOSED,
    rivals: tuple[str, ...] = (),
    **over: Any,
) -> Finding:
    opened = an_incident(
        id=f"{component}@{at:%s}", component=component, detected_at=at, started_at=at, **over
    )
    row = opened._replace(closed_at=closed, status="closed" if closed else "open")
    said = Event(at, "opened", "bongsu", "장애", "outage")
    suspects = frozenset({component, *opened.alike, *rivals[:1]})
    return Finding(opened, rivals, suspects, row, (said,))


def judged(scenario: Scenario, *incidents: Finding) -> Judged:
    return judge(scenario, shipped(), Findings(incidents, (), 0))


def test_each_outage_that_opens_is_a_page_with_what_people_are_told(tmp_path: Path) -> None:
    shown = judged(
        a_scenario(tmp_path), found(rivals=(DEALER,)), found("worker:w1", kind="monitor")
    )
    (page,) = shown.pages
    assert page[:3] == (PAGED, KAKAO, (DEALER,))
    korean, english = page.text.split("\n\n")
    assert korean.startswith("[심각도 2] 카카오톡: 전달되지 않음 (12:02부터)\n")
    assert english.startswith("[severity 2] KakaoTalk: messages do not arrive (since 12:02)\n")
    assert (shown.time_to_page_s, shown.cause, shown.monitor_faults) == (40, KAKAO, 1)
    assert (shown.recovered_s, shown.notice_lag_s) == (180, 360)
    assert (shown.false_pages, shown.wrong) == (0, ())


def test_where_nothing_is_told_there_is_no_time(tmp_path: Path) -> None:
    shown = judged(a_scenario(tmp_path))
    assert (shown.pages, shown.time_to_page_s, shown.cause, shown.recovered_s) == ((), *3 * (None,))


def test_what_is_open_at_the_end_has_not_recovered(tmp_path: Path) -> None:
    shown = judged(a_scenario(tmp_path), found(), found(DEALER, closed=None))
    assert shown.recovered_s is None


@pytest.mark.parametrize(
    "page",
    [
        found(at=ONSET - MINUTE),
        found(at=END + 11 * MINUTE),
        found(routes=["geoje.sms.sens"]),
    ],
)
def test_a_page_on_routes_that_nothing_hits_at_that_time_is_false(
    tmp_path: Path, page: Finding
) -> None:
    shown = judged(a_scenario(tmp_path, "page_within_s: 60"), page)
    assert (shown.false_pages, shown.time_to_page_s) == (1, None)
    assert shown.wrong == ("no page, not within 60 s",)


def test_a_broken_phone_excuses_no_outage(tmp_path: Path) -> None:
    phone = a_scenario(tmp_path, component="receiver:skt-01")
    assert judged(phone, found()).false_pages == 1


@pytest.mark.parametrize(
    "page",
    [
        found(),
        found(MEDIA),
        found(DEALER, alike=[KAKAO]),
        found(DEALER, rivals=(KAKAO, "account:sens")),
    ],
)
def test_a_cause_is_met_by_itself_a_function_of_it_its_like_or_the_first_rival(
    tmp_path: Path, page: Finding
) -> None:
    assert judged(a_scenario(tmp_path, f"cause: '{KAKAO}'"), page).wrong == ()


def test_of_several_pages_the_one_with_the_cause_counts(tmp_path: Path) -> None:
    scenario = a_scenario(tmp_path, f"cause: '{KAKAO}', max_pages: 2")
    shown = judged(scenario, found(DEALER), found(at=PAGED + MINUTE))
    assert (shown.cause, shown.time_to_page_s, shown.wrong) == (KAKAO, 100, ())


@pytest.mark.parametrize(
    ("expect", "incidents", "sentence"),
    [
        ("page_within_s: 30", (found(),), "a page after 40 s, not within 30 s"),
        (f"cause: '{KAKAO}'", (found(DEALER),), f"{DEALER} is named, not {KAKAO}"),
        (
            f"cause: '{KAKAO}'",
            (found(DEALER, rivals=("account:sens", KAKAO)),),
            f"{DEALER} is named, not {KAKAO}",
        ),
        (f"cause: '{MEDIA}'", (found(),), f"{KAKAO} is named, not {MEDIA}"),
        (f"cause: '{KAKAO}'", (), f"nothing is named, not {KAKAO}"),
        ("max_pages: 1", (found(), found(DEALER)), "2 pages, not 1 at most"),
        (
            "monitor_fault: false",
            (found("worker:w1", kind="monitor"),),
            "1 faults of bongsu's own, not none",
        ),
        ("monitor_fault: true", (found(),), "0 faults of bongsu's own, not one"),
    ],
)
def test_what_is_not_as_expected_is_said(
    tmp_path: Path, expect: str, incidents: tuple[Finding, ...], sentence: str
) -> None:
    assert judged(a_scenario(tmp_path, expect), *incidents).wrong == (sentence,)
