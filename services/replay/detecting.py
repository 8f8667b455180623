"""Steps 7 and 8 in virtual time: what every instance detects and the leader writes, by the second.

In:  what was learnt, records with their known times, whole seconds. Out: confirm probes to send at
once; in the end the incidents that would stand in Postgres, each with its timeline.
Before: `run.py` decodes, and turns the clock.
After: the workers send what is asked for, `judging.py` compares with what the file expects.
Nothing is remembered but what was learnt; reading begins with the first second.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from services.alerting.detection.detector import Detector, Limits, Memory
from services.alerting.detection.explain import Entry
from services.alerting.detection.items import microseconds
from services.alerting.detection.law import Learnt
from services.alerting.detection.state import Told, Verdict
from services.alerting.detection.tail import command_of, elsewhere
from services.alerting.incidents.lifecycle import Change, next_steps
from services.alerting.incidents.rows import candidates, rows
from services.alerting.incidents.words import Words
from services.alerting.settings import AlertingSettings
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import ChannelObserved, Evidence, Heartbeat, ProbeCommand, Record
from services.storage.incidents import Event, Incident

LEADER = "alerting/a1"
REFRESHED_S = 10  # as often as a leader writes figures


class Asked(NamedTuple):
    """A command, and the key it has in the topic."""

    key: str
    command: ProbeCommand


class Aside(NamedTuple):
    """A verdict that opened nothing: when, what was told, and of which component."""

    at: datetime
    told: Told
    component: str
    hypothesis: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An incident, or a fault of bongsu's own: its row when it opened and when it was last written,
    its timeline. `rivals`: what it could not be told from when it opened, likeliest first;
    `suspects`: those with the same messages as what was named, or as the first rival."""

    opened: Incident
    rivals: tuple[str, ...]
    suspects: frozenset[str]
    row: Incident
    timeline: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """In order of opening. `asides`: what opened nothing, because it was over when it was found, or
    is one recipient's account. `confirms`: extra probes asked for."""

    incidents: tuple[Finding, ...]
    asides: tuple[Aside, ...]
    confirms: int


class Detecting:
    """`take` every record, then `tick` each whole second; `found` in the end."""

    def __init__(self, catalogue: Catalogue, learnt: Learnt, since: datetime) -> None:
        begun = microseconds(since)
        self._detector = Detector(Memory(begun, begun, learnt), begun, _limits())
        self._detector.change(catalogue)
        self._words = Words(catalogue)
        self._found: dict[str, Finding] = {}
        self._asides: list[Aside] = []
        self._confirms = 0

    def take(self, known: datetime, record: Record) -> None:
        """One record."""
        if isinstance(record, Evidence | ChannelObserved | Heartbeat):
            self._detector.feed(record, microseconds(known))

    def tick(self, now: datetime) -> Iterator[Asked]:
        """The verdicts of a second are written; what the leader asks for."""
        ticked = self._detector.tick(microseconds(now))
        if ticked is None:
            return
        self._asides += (_aside(now, one) for one in ticked.verdicts if one.incident is None)
        self._write(now)
        self._confirms += len(ticked.asks)
        for one in ticked.asks:
            key = elsewhere(one.route) if one.elsewhere else one.route
            yield Asked(key, command_of(ticked.at, one, LEADER))

    def _write(self, now: datetime) -> None:
        state = self._detector.state
        if not state.open and not state.closed:
            return
        written = {name: found.row for name, found in self._found.items()}
        figures = now.second % REFRESHED_S == 0
        for change in next_steps(written, rows(self._detector), {}, self._words, now, figures):
            self._keep(change)

    def _keep(self, change: Change) -> None:
        row, events = change.row, change.events
        before = self._found.get(row.id)
        if before:
            events = (*before.timeline, *events)
            self._found[row.id] = replace(before, row=row, timeline=events)
        else:
            listed = candidates(self._detector, row.id)[1:]
            rivals = tuple(one.component for one in listed if not one.separated)
            self._found[row.id] = Finding(row, rivals, self._suspects(row), row, events)

    def _suspects(self, row: Incident) -> frozenset[str]:
        apart = self._detector.apart.get(row.id)
        first = apart.others[0] if apart and row.rival else None
        return frozenset({row.component, *row.alike, *_all(first)})

    def found(self) -> Findings:
        """What was written up to the last tick."""
        return Findings(tuple(self._found.values()), tuple(self._asides), self._confirms)


def _all(rival: Entry | None) -> tuple[str, ...]:
    return (rival.component, *rival.alike) if rival else ()


def _limits() -> Limits:
    """As an instance has them that is told nothing."""
    shipped = AlertingSettings.model_fields
    names = ("false_pages_per_quarter", "confirm_probes_per_day")
    return Limits(*(shipped[name].default for name in names))


def _aside(now: datetime, verdict: Verdict) -> Aside:
    entry = verdict.entry
    return Aside(now, verdict.told, entry.component, entry.hypothesis.value)
