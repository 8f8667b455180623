"""Notes: what belongs to an open incident, for how long, and when it takes over the name."""

from dataclasses import replace
from typing import Any

import pytest

from services.alerting.detection import closing, notes
from services.alerting.detection.explain import Entry
from services.alerting.detection.likelihood import Hypothesis
from services.alerting.detection.state import Incident
from tests.unit.alerting.detection.worked import us

NOW = us(1000)
ALL, SOME = frozenset({"c1", "c2", "c3"}), frozenset({"c1"})
NOBODY: frozenset[str] = frozenset()


def _entry(component: str = "sender:s", **over: Any) -> Entry:
    fields: dict[str, Any] = {
        "component": component,
        "hypothesis": Hypothesis.DEAD,
        "gain": us(20),
        "onset": us(30),
        "counted": 4,
        "against": 4,
        "recovered": 0,
        "alike": (),
        "routes": SOME,
    }
    return Entry(**fields | over)


def _incident(component: str = "platform:P", **over: Any) -> Incident:
    own = _entry(component, routes=ALL, **over)
    sums = closing.opened(own.hypothesis, us(20))
    return Incident("1", own, us(20), us(0), us(0), ALL, sums, own.hypothesis)


def _named(*components: str) -> frozenset[str]:
    return frozenset(components)


@pytest.mark.parametrize(
    ("entry", "note"),
    [
        (_entry(), True),
        (_entry(routes=frozenset({"c1", "elsewhere"})), False),
        (_entry(routes=NOBODY), False),
        (_entry("platform:P/alimtalk", routes=frozenset({"c9"})), True),
        (_entry("receiver:r"), False),
        (_entry(onset=us(61)), False),
    ],
)
def test_a_part_that_broke_with_the_whole_is_a_note_on_it(entry: Entry, note: bool) -> None:
    incidents, named = [_incident()], _named("platform:P", entry.component)
    assert (notes.attach(entry, incidents, named, False, NOW) is not None) is note


def test_a_phone_is_no_part_of_a_worker_nor_bongsus_own_of_an_outage() -> None:
    phone = _entry("receiver:r")
    named = _named("receiver:r")
    assert notes.belongs(phone, _incident("site:s"), named)
    assert not notes.belongs(phone, _incident("worker:w"), named)
    assert not notes.belongs(phone, _incident(), named)


def test_a_later_part_is_a_note_while_it_is_named_in_the_wholes_place() -> None:
    later = _entry(onset=us(500))
    assert notes.belongs(later, _incident(), _named("sender:s"))
    assert not notes.belongs(later, _incident(), _named("sender:s", "platform:P"))
    refused = _entry(onset=us(500), hypothesis=Hypothesis.ACCEPT_DEAD)
    assert not notes.belongs(refused, _incident(), _named("sender:s"))


def test_a_note_that_no_longer_belongs_stays_one_for_twenty_seconds() -> None:
    later, both = _entry(onset=us(500)), _named("sender:s", "platform:P")
    attached = notes.attach(later, [_incident()], _named("sender:s"), False, NOW)
    assert attached is not None
    incident, fresh = attached
    assert fresh
    assert notes.attach(later, [incident], both, False, NOW + us(19)) == (incident, False)
    assert notes.attach(later, [incident], both, False, NOW + us(20)) is None


def test_a_part_of_which_nothing_arrived_for_a_whole_window_has_been_out_with_the_whole() -> None:
    """When it broke off nobody sees any more: no later than the window begins."""
    part, both = _entry(onset=us(500)), _named("sender:s", "platform:P")
    assert notes.attach(part, [_incident()], both, True, NOW) is not None
    assert notes.attach(part, [_incident()], both, False, NOW) is None
    stranger = _entry(routes=frozenset({"c1", "elsewhere"}), onset=us(500))
    assert notes.attach(stranger, [_incident()], both, True, NOW) is None


def test_the_note_named_alone_for_a_minute_takes_over_the_name() -> None:
    entry = _entry()
    attached = notes.attach(entry, [_incident()], _named("sender:s"), False, NOW)
    assert attached is not None
    incident, _ = attached
    for second in range(60):
        incident, renamed = notes.rename(incident, [entry], ALL, NOW + us(second))
        assert not renamed
    incident, renamed = notes.rename(incident, [entry], ALL, NOW + us(60))
    assert renamed
    assert (incident.component, incident.routes, incident.notes) == ("sender:s", SOME, ())


def test_what_the_new_name_would_leave_out_must_have_arrived_and_not_just_rest() -> None:
    entry = _entry()
    attached = notes.attach(entry, [_incident()], _named("sender:s"), False, NOW)
    assert attached is not None
    incident, _ = attached
    for second in range(120):
        incident, renamed = notes.rename(incident, [entry], frozenset({"c2"}), NOW + us(second))
        assert not renamed
    incident, renamed = notes.rename(incident, [entry], frozenset({"c2", "c3"}), NOW + us(120))
    assert renamed


@pytest.mark.parametrize("interruption", [[], [_entry("platform:P"), _entry()]])
def test_a_tick_without_it_or_with_the_whole_starts_the_minute_again(
    interruption: list[Entry],
) -> None:
    entry = _entry()
    attached = notes.attach(entry, [_incident()], _named("sender:s"), False, NOW)
    assert attached is not None
    incident, _ = attached
    incident, _ = notes.rename(incident, [entry], ALL, NOW)
    incident, _ = notes.rename(incident, interruption, ALL, NOW + us(30))
    incident, renamed = notes.rename(incident, [entry], ALL, NOW + us(60))
    assert not renamed


def test_the_whole_of_several_parts_that_are_named_keeps_its_name() -> None:
    """Two functions of a platform are late, a third is well: it is still one outage."""
    parts = [_entry("platform:P/alimtalk"), _entry("platform:P/brandmessage")]
    incident, named = _incident(), _named(*(part.component for part in parts))
    for part in parts:
        attached = notes.attach(part, [incident], named, False, NOW)
        assert attached is not None
        incident, _ = attached
    for second in range(200):
        incident, renamed = notes.rename(incident, parts, ALL, NOW + us(second))
        assert not renamed
    for second in range(200, 261):
        incident, renamed = notes.rename(incident, parts[:1], ALL, NOW + us(second))
    assert renamed
    assert incident.component == "platform:P/alimtalk"


def test_an_incident_that_recovers_keeps_its_name() -> None:
    entry, recovering = _entry(), _incident()
    attached = notes.attach(entry, [recovering], _named("sender:s"), False, NOW)
    assert attached is not None
    sums = replace(recovering.sums, total=closing.WELL // 2)
    incident = replace(attached[0], sums=sums)
    for second in (0, 60):
        incident, renamed = notes.rename(incident, [entry], ALL, NOW + us(second))
        assert not renamed


def test_another_way_of_being_broken_is_told_after_a_minute_without_a_break() -> None:
    lossy = replace(_incident(), entry=_entry("platform:P", hypothesis=Hypothesis.LOSSY))
    first = notes.turned(lossy, NOW)
    assert first.told is notes.turned(first, NOW + us(59)).told is Hypothesis.DEAD
    assert notes.turned(first, NOW + us(60)).told is Hypothesis.LOSSY
    dead = replace(first, entry=_incident().entry)
    again = replace(notes.turned(dead, NOW + us(30)), entry=lossy.entry)
    assert notes.turned(again, NOW + us(60)).told is Hypothesis.DEAD


def test_what_recovers_is_told_as_it_was() -> None:
    lossy = replace(_incident(), entry=_entry("platform:P", hypothesis=Hypothesis.LOSSY))
    recovering = replace(lossy, sums=replace(lossy.sums, total=closing.WELL // 2), turning=NOW)
    assert notes.turned(recovering, NOW + us(60)) == replace(recovering, turning=None)


def _told_of(found: list[Hypothesis]) -> list[Hypothesis]:
    """What people are told, one after the other, of what is found each ten seconds."""
    incident = replace(_incident(), opened=NOW)
    told = [incident.told]
    for number, hypothesis in enumerate(found):
        entry = _entry("platform:P", hypothesis=hypothesis)
        incident = notes.turned(replace(incident, entry=entry), NOW + us(10 * number))
        told += [incident.told] if incident.told is not told[-1] else []
    return told


def test_what_is_partly_broken_and_looks_dead_now_and_then_is_told_once() -> None:
    dead, lossy = [Hypothesis.DEAD], [Hypothesis.LOSSY]
    comes_and_goes = (lossy * 12 + dead * 12) * 20
    assert _told_of(dead * 60 + comes_and_goes) == [*dead, *lossy]
    assert _told_of(dead * 360 + lossy * 7 + dead * 100) == [*dead, *lossy, *dead]
