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
    return Incident("1", own, us(20), us(0), us(0), ALL, closing.opened(own.hypothesis, us(20)))


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
    assert (notes.attach(entry, incidents, named, NOW) is not None) is note


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
    attached = notes.attach(later, [_incident()], _named("sender:s"), NOW)
    assert attached is not None
    incident, fresh = attached
    assert fresh
    assert notes.attach(later, [incident], both, NOW + us(19)) == (incident, False)
    assert notes.attach(later, [incident], both, NOW + us(20)) is None


def test_the_note_named_alone_for_a_minute_takes_over_the_name() -> None:
    entry = _entry()
    attached = notes.attach(entry, [_incident()], _named("sender:s"), NOW)
    assert attached is not None
    incident, _ = attached
    for second in range(60):
        incident, renamed = notes.rename(incident, [entry], NOW + us(second))
        assert not renamed
    incident, renamed = notes.rename(incident, [entry], NOW + us(60))
    assert renamed
    assert (incident.component, incident.routes, incident.notes) == ("sender:s", SOME, ())


@pytest.mark.parametrize("interruption", [[], [_entry("platform:P"), _entry()]])
def test_a_tick_without_it_or_with_the_whole_starts_the_minute_again(
    interruption: list[Entry],
) -> None:
    entry = _entry()
    attached = notes.attach(entry, [_incident()], _named("sender:s"), NOW)
    assert attached is not None
    incident, _ = attached
    incident, _ = notes.rename(incident, [entry], NOW)
    incident, _ = notes.rename(incident, interruption, NOW + us(30))
    incident, renamed = notes.rename(incident, [entry], NOW + us(60))
    assert not renamed


def test_an_incident_that_recovers_keeps_its_name() -> None:
    entry, recovering = _entry(), _incident()
    attached = notes.attach(entry, [recovering], _named("sender:s"), NOW)
    assert attached is not None
    sums = replace(recovering.sums, total=closing.WELL // 2)
    incident = replace(attached[0], sums=sums)
    for second in (0, 60):
        incident, renamed = notes.rename(incident, [entry], NOW + us(second))
        assert not renamed
