"""What people read of the detector in a replay: a line an incident, in the scenario's zone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.alerting.detection.state import Told
from services.cli.findings import findings
from services.replay.detecting import Finding, Findings, Step

AT = datetime(2022, 10, 15, 6, 30, 17, tzinfo=UTC)
KAKAO, DEALER = "platform:kakaotalk", "provider:sens"
OPENED = Step(AT, Told.OPENED, KAKAO, "dead")
REOPENED = Step(AT, Told.REOPENED, KAKAO, "dead")
FOUND = Finding(
    component=KAKAO, hypothesis="dead", monitor=False, onset=AT - timedelta(seconds=16), opened=AT,
    closed=AT + timedelta(days=1), margin=9.0, rival=None, alike=(), routes=("a", "b"), notes=(),
    steps=(OPENED,),
)  # fmt: skip
LINE = (
    "told: 2022-10-15 15:30:17 to 2022-10-16 15:30:17  platform:kakaotalk dead"
    " since 2022-10-15 15:30:01, 2 routes"
)


def lines(*incidents: Finding, asides: tuple[Step, ...] = ()) -> list[str]:
    return list(findings(Findings(incidents, asides, 0), ZoneInfo("Asia/Seoul")))


def test_an_incident_is_a_line_from_its_opening_to_its_end() -> None:
    assert lines(FOUND) == [LINE]
    assert lines() == ["told: nothing"]
    (open_,) = lines(replace(FOUND, closed=None))
    assert open_ == LINE.replace("2022-10-16 15:30:17", "the end")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rival": DEALER}, "; not separated from provider:sens"),
        ({"rival": KAKAO}, ""),
        ({"notes": (KAKAO, DEALER, "site:a")}, "; also provider:sens, site:a"),
        ({"steps": (Step(AT, Told.OPENED, DEALER, "dead"),)}, "; first named provider:sens"),
        ({"steps": (OPENED, REOPENED)}, "; reopened once"),
        ({"steps": (OPENED, REOPENED, REOPENED)}, "; reopened 2 times"),
    ],
)
def test_what_is_uncertain_or_changed_stands_behind(change: dict[str, object], words: str) -> None:
    assert lines(replace(FOUND, **change)) == [LINE + words]  # type: ignore[arg-type]


def test_a_part_of_bongsu_and_components_alike_are_said_so() -> None:
    (line,) = lines(replace(FOUND, component="worker:w1", monitor=True))
    assert "  fault of bongsu's own: worker:w1 dead since " in line
    (line,) = lines(replace(FOUND, alike=(DEALER, "site:a")))
    assert "  platform:kakaotalk (or provider:sens, site:a) dead since " in line


def test_what_opened_nothing_stands_below() -> None:
    aside = Step(AT, Told.NOTED, "reach:kt-01/kakaotalk", "dead")
    assert lines(FOUND, asides=(aside,)) == [
        LINE, "noted: 2022-10-15 15:30:17  reach:kt-01/kakaotalk dead"
    ]  # fmt: skip
