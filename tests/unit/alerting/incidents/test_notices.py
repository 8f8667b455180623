"""What providers said, against what was measured."""

from datetime import timedelta
from typing import Any

import pytest

from services.alerting.incidents import notices
from services.storage.planned import Notice
from tests.support.incidents import NOW, an_incident

ROW = an_incident()
MINUTE = timedelta(minutes=1)


def a_notice(after: timedelta = 30 * MINUTE, **over: Any) -> Notice:
    """Said so long after the onset of ROW."""
    said = {
        "id": "n", "provider": "kakao", "component": "platform:kakaotalk", "says": "down",
        "said_at": ROW.started_at + after, "proof": None, "text": None, "actor": "kim",
    }  # fmt: skip
    return Notice(**said | over)


def test_how_late_a_notice_was_counts_from_the_onset() -> None:
    (one,) = notices.told(ROW, [a_notice()], NOW)
    assert (one.lag, one.too_early) == (30 * MINUTE, None)


def test_recovered_is_false_while_things_are_broken_and_says_for_how_long() -> None:
    said = a_notice(says="recovered")
    (open_,) = notices.told(ROW, [said], ROW.started_at + 50 * MINUTE)
    over = ROW._replace(status="closed", ended_at=ROW.started_at + 90 * MINUTE)
    (later,) = notices.told(over, [said], NOW)
    right = over._replace(ended_at=said.said_at)
    (true,) = notices.told(right, [said], NOW)
    assert [open_.too_early, later.too_early, true.too_early] == [20 * MINUTE, 60 * MINUTE, None]


@pytest.mark.parametrize(
    ("over", "about"),
    [
        ({}, True),
        ({"component": "platform:kakaotalk/alimtalk"}, True),
        ({"component": "platform:kakaotalk2"}, False),
        ({"component": "account:sens"}, True),  # it cannot be told from the cause
        ({"component": "account:nhn"}, False),
        ({"says": "withdrawn"}, False),
        ({"after": -61 * MINUTE}, False),
        ({"after": timedelta(days=2)}, False),
    ],
)
def test_a_notice_is_about_an_incident_of_its_component_and_time(
    over: dict[str, Any], about: bool
) -> None:
    assert bool(notices.told(ROW, [a_notice(**over)], NOW)) is about


def test_notices_are_told_in_the_order_said() -> None:
    found = notices.told(ROW, [a_notice(9 * MINUTE), a_notice(-MINUTE)], NOW)
    assert [one.lag for one in found] == [-MINUTE, 9 * MINUTE]
