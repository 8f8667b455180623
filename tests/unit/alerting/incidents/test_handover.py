"""A new leader: what is stored wins over what its own ticks led to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.alerting.detection.items import microseconds
from services.alerting.detection.state import State
from services.alerting.incidents.handover import adopted, end
from services.storage.incidents import Incident
from tests.support.incidents import NOW, an_incident

AT = microseconds(NOW + timedelta(minutes=1))
ROW = an_incident()


def _open(*rows: Incident) -> State:
    return adopted(State(), rows, AT)


def test_an_open_incident_nobody_here_knows_is_open() -> None:
    (incident,) = _open(ROW).open
    assert (incident.id, incident.component) == (ROW.id, ROW.component)
    assert incident.routes == frozenset(ROW.routes)
    assert incident.opened == microseconds(ROW.detected_at)


def test_one_of_the_same_component_takes_the_stored_name_and_keeps_its_evidence() -> None:
    (other,) = _open(ROW._replace(id="platform:kakaotalk@2", routes=["lh.alimtalk.sens"])).open
    own = replace(other, entry=replace(other.entry, gain=1))
    (incident,) = adopted(State(open=(own,)), [ROW], AT).open
    assert incident.id == ROW.id
    assert incident.entry.gain == 1
    assert incident.routes == {"geoje.alimtalk.sens", "lh.alimtalk.sens"}


def test_one_that_was_renamed_since_it_was_written_is_still_one() -> None:
    (stored,) = _open(ROW).open
    entry = replace(stored.entry, component="platform:kakaotalk/alimtalk")
    own = replace(stored, entry=entry, routes=frozenset({"lh.alimtalk.sens"}))
    (incident,) = adopted(State(open=(own,)), [ROW], AT).open
    assert (incident.id, incident.component, incident.routes) == (
        ROW.id, "platform:kakaotalk/alimtalk", {"lh.alimtalk.sens"},
    )  # fmt: skip


def test_one_without_a_row_stays_to_be_written() -> None:
    state = _open(ROW)
    assert adopted(state, [], AT) == state


@pytest.mark.parametrize("before", [State(), _open(ROW)], ids=["not found yet", "open"])
def test_what_another_closed_is_closed_here_and_its_evidence_spent(before: State) -> None:
    ended = NOW - timedelta(seconds=50)
    over = ROW._replace(status="closed", ended_at=ended, closed_at=NOW, notes=["provider:sens"])
    state = adopted(before, [over], AT)
    assert state.open == ()
    (closed,) = state.closed
    assert (closed.id, closed.routes) == (ROW.id, frozenset(ROW.routes))
    assert (closed.ended, closed.closed) == (microseconds(ended), microseconds(NOW))
    assert {(span.component, span.before) for span in state.spent} == {
        (name, microseconds(ended)) for name in (ROW.component, "provider:sens")
    }  # fmt: skip
    assert adopted(state, [over], AT) == state


def test_what_ended_here_while_nobody_wrote_stays_ended() -> None:
    state = end(_open(ROW), ROW.id, AT)
    assert adopted(state, [ROW], AT) == state


def test_ending_what_is_not_open_changes_nothing() -> None:
    state = _open(ROW)
    assert end(state, "nothing@1", AT) is state
