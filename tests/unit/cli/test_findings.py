"""What people read of a replay's incidents: each as its story, then whether that was expected."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.alerting.detection.state import Told
from services.cli.findings import findings
from services.replay.detecting import Aside, Finding, Findings
from services.replay.judging import Judged
from services.storage.incidents import Event
from tests.support.incidents import an_incident

AT = datetime(2022, 10, 15, 6, 30, 17, tzinfo=UTC)
ROW = an_incident(started_at=AT - timedelta(seconds=16), ended_at=AT + timedelta(days=1))
STORY = (
    Event(AT, "opened", "bongsu", "카카오톡", "KakaoTalk"),
    Event(AT + timedelta(days=1), "closed", "bongsu", "3 → 2", "3 → 2"),
)
LINES = [
    "told: platform:kakaotalk, severity 2: 2022-10-15 15:30:01 to 2022-10-16 15:30:17",
    "  2022-10-15 15:30:17  opened    카카오톡",
    "                                 KakaoTalk",
    "  2022-10-16 15:30:17  closed    3 → 2",
]


def lines(
    *incidents: Finding, asides: tuple[Aside, ...] = (), wrong: tuple[str, ...] = ()
) -> list[str]:
    judged = Judged((), None, None, 0, 0, None, None, 0, wrong)
    return list(findings(Findings(incidents, asides, 0), judged, ZoneInfo("Asia/Seoul")))


def finding(rivals: tuple[str, ...] = (), **over: Any) -> Finding:
    return Finding(ROW, rivals, frozenset(), ROW._replace(**over), STORY)


def test_an_incident_is_a_line_and_its_timeline_in_both_languages() -> None:
    assert lines(finding()) == [*LINES, "ok"]
    assert lines(finding(ended_at=None))[0] == LINES[0].replace("2022-10-16 15:30:17", "the end")
    assert lines() == ["told: nothing", "ok"]


def test_a_fault_of_bongsu_s_own_and_what_is_uncertain_are_said_so() -> None:
    (own, *_) = lines(finding(kind="monitor", component="worker:w1"))
    assert own.startswith("told: worker:w1, fault of bongsu's own: 2022-10-15 15:30:01 to ")
    (unsure, *_) = lines(finding(rivals=("account:sens", "provider:sens")))
    assert unsure == f"{LINES[0]}, not separated from account:sens, provider:sens"


def test_what_opened_nothing_and_what_was_not_expected_stand_below() -> None:
    aside = Aside(AT, Told.NOTED, "reach:kt-01/kakaotalk", "dead")
    assert lines(asides=(aside,), wrong=("no page", "2 pages"))[1:] == [
        "noted: 2022-10-15 15:30:17  reach:kt-01/kakaotalk dead",
        "not as expected: no page; 2 pages",
    ]
