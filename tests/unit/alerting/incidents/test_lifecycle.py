"""What a timeline says: each change once, whatever was written before and whatever was lost."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.incidents.lifecycle import BONGSU, Change, next_steps
from services.alerting.incidents.words import Words
from services.storage.incidents import Action, Incident
from tests.support.incidents import FIGURES, NOW, an_incident

LATER = NOW + timedelta(minutes=5)
CLOSED = {
    "status": "closed", "ended_at": NOW + timedelta(minutes=2),
    "closed_at": NOW + timedelta(minutes=4),
}  # fmt: skip


def _steps(
    before: Incident | None, row: Incident, closer: Action | None = None, refresh: bool = False
) -> list[Change]:
    written = {before.id: before} if before else {}
    closers = {row.id: closer} if closer else {}
    return next_steps(written, {row.id: row}, closers, Words(None), LATER, refresh)


def _kinds(before: Incident | None, **over: Any) -> list[str]:
    found = _steps(before, an_incident(**over))
    return [event.kind for change in found for event in change.events]


def test_what_is_not_written_yet_was_opened() -> None:
    (change,) = _steps(None, an_incident())
    (event,) = change.events
    assert (event.kind, event.actor, event.at) == ("opened", BONGSU, NOW)
    assert "시험 14건 중 14건 비정상, 증거 10^8.6" in event.note_ko
    assert "not separated from account sens" in event.note_en
    assert change.named


def test_what_opened_and_ended_unwritten_is_written_whole() -> None:
    assert _kinds(None, **CLOSED) == ["opened", "closed"]


@pytest.mark.parametrize(
    ("over", "kinds"),
    [
        ({}, []),
        ({"gain": 30.0, "failed": 20, "total": 20}, []),
        ({"routes": ["geoje.alimtalk.sens", "lh.alimtalk.sens"]}, ["widened"]),
        ({"routes": []}, ["narrowed"]),
        ({"component": "platform:kakaotalk/alimtalk"}, ["renamed"]),
        ({"hypothesis": "lossy"}, ["changed"]),
        ({"notes": ["sender:geoje-alimtalk"]}, ["noted"]),
        ({"severity": 1}, ["graded"]),
        (CLOSED, ["closed"]),
        (CLOSED | {"severity": 4}, ["closed"]),
    ],
)
def test_each_change_is_a_line_of_the_timeline(over: dict[str, Any], kinds: list[str]) -> None:
    assert _kinds(an_incident(), **over) == kinds


def test_what_came_back_goes_on_under_its_own_name() -> None:
    (change,) = _steps(an_incident(**CLOSED), an_incident())
    assert [event.kind for event in change.events] == ["reopened"]
    assert change.row.reopened == 1
    assert _steps(change.row, an_incident()) == []


def test_who_closed_it_stands_in_the_timeline() -> None:
    closer = Action(1, "platform:kakaotalk@1", "close", "kim", "they repaired it")
    (change,) = _steps(an_incident(), an_incident(**CLOSED), closer)
    assert [(event.kind, event.actor) for event in change.events] == [("closed", "kim")]
    assert "they repaired it" in change.events[0].note_ko


def test_figures_alone_are_written_when_asked_for() -> None:
    row = an_incident(gain=30.0)
    assert _steps(an_incident(), row) == []
    (change,) = _steps(an_incident(), row, refresh=True)
    assert (change.row.gain, change.events, change.named) == (30.0, (), False)


def test_what_is_over_is_not_written_again_whoever_looks_at_it_later() -> None:
    over = an_incident(**CLOSED)
    assert _steps(over, over._replace(channel="sms", gain=1.0, figures=FIGURES), refresh=True) == []


def test_endings_come_before_openings() -> None:
    one, two = an_incident(id="a"), an_incident(id="b", detected_at=LATER)
    wanted = {"b": two, "a": one._replace(**CLOSED)}
    found = next_steps({"a": one}, wanted, {}, Words(None), LATER)
    assert [change.row.id for change in found] == ["a", "b"]


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "routes": st.sets(st.sampled_from(["a.sms.x", "b.sms.x", "c.sms.x"])).map(sorted),
        "component": st.sampled_from(["platform:p", "platform:p/sms", "account:x"]),
        "hypothesis": st.sampled_from(["dead", "lossy", "slow"]),
        "notes": st.sets(st.sampled_from(["sender:s", "route:r"])).map(sorted),
        "severity": st.integers(1, 4),
    },
)


@given(st.lists(CHANGES, min_size=1, max_size=8))
def test_a_look_that_was_lost_loses_nothing_but_its_own_line(looks: list[dict[str, Any]]) -> None:
    """A second look at the same state writes nothing; the last look alone ends at the same row."""
    written = an_incident()
    for look in looks:
        for change in _steps(written, an_incident(**look), refresh=True):
            written = change.row
        assert _steps(written, an_incident(**look)) == []
    (straight,) = _steps(an_incident(), an_incident(**looks[-1]), refresh=True) or [None]
    if straight is not None:
        kept = ("component", "routes", "notes", "severity")
        assert [getattr(written, n) for n in kept] == [getattr(straight.row, n) for n in kept]


def test_figures_stay_until_this_instance_has_counted_them_itself() -> None:
    """It leads since a moment ago."""
    stored, fewer = an_incident(figures=FIGURES), replace(FIGURES, messages=7)
    (kept,) = _steps(stored, an_incident(severity=1))
    (newer,) = _steps(stored, an_incident(severity=1, figures=fewer))
    assert (kept.row.figures, newer.row.figures) == (FIGURES, fewer)


def test_what_it_cannot_be_told_from_stays_until_this_instance_has_weighed_it_itself() -> None:
    unweighed = an_incident(margin=None, rival=None, severity=1)
    (kept,) = _steps(an_incident(), unweighed)
    (other,) = _steps(an_incident(), unweighed._replace(component="account:sens"))
    assert (kept.row.margin, kept.row.rival) == (2.0, "account:sens")
    assert (other.row.margin, other.row.rival) == (None, None)
