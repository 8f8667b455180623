"""Step 7 in virtual time: the detector that every instance runs, second by second.

In:  what was learnt, records with their known times, whole seconds. Out: confirm probes to send at
once; in the end what was told, by incident. Before: `run.py` decodes, and turns the clock.
After: the workers send what is asked for, `outcomes.py` shows what was told.
Nothing is remembered but what was learnt; reading begins with the first second.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.alerting.detection.detector import Detector, Limits, Memory
from services.alerting.detection.items import microseconds
from services.alerting.detection.law import Learnt
from services.alerting.detection.likelihood import NAT
from services.alerting.detection.standing import at
from services.alerting.detection.state import Incident, Told, Verdict
from services.alerting.detection.tail import command_of, elsewhere
from services.alerting.settings import AlertingSettings
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import ChannelObserved, Evidence, Heartbeat, ProbeCommand, Record

LEADER = "alerting/a1"


class Asked(NamedTuple):
    """A command, and the key it has in the topic."""

    key: str
    command: ProbeCommand


@dataclass(frozen=True, slots=True)
class Step:
    """One verdict: when, what was told, and of which component."""

    at: datetime
    told: Told
    component: str
    hypothesis: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An incident, or a fault of bongsu itself (`monitor`), as it stood at its end or the replay's.

    `hypothesis`: what was said first under that name, for what recovers looks lossy. `margin`
    (nats) and `rival` (what it could not be told from) are those of its opening; `notes`: what was
    found within it; `steps`: all its verdicts.
    """

    component: str
    hypothesis: str
    monitor: bool
    onset: datetime
    opened: datetime
    closed: datetime | None
    margin: float | None
    rival: str | None
    alike: tuple[str, ...]
    routes: tuple[str, ...]
    notes: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """In order of opening. `asides`: what opened nothing, because it was over when it was found, or
    is one recipient's account. `confirms`: extra probes asked for."""

    incidents: tuple[Finding, ...]
    asides: tuple[Step, ...]
    confirms: int


@dataclass
class _Told:
    """Of one incident: its verdicts so far, and how it stands."""

    opened: Verdict
    incident: Incident
    steps: list[Step] = field(default_factory=list)


class Detecting:
    """`take` every record, then `tick` each whole second; `found` in the end."""

    def __init__(self, catalogue: Catalogue, learnt: Learnt, since: datetime) -> None:
        begun = microseconds(since)
        self._detector = Detector(Memory(begun, begun, learnt), begun, _limits())
        self._detector.change(catalogue)
        self._told: dict[str, _Told] = {}
        self._asides: list[Step] = []
        self._confirms = 0

    def take(self, known: datetime, record: Record) -> None:
        """One record."""
        if isinstance(record, Evidence | ChannelObserved | Heartbeat):
            self._detector.feed(record, microseconds(known))

    def tick(self, now: datetime) -> Iterator[Asked]:
        """The verdicts of a second; what the leader asks for."""
        ticked = self._detector.tick(microseconds(now))
        if ticked is None:
            return
        for verdict in ticked.verdicts:
            self._note(now, verdict)
        self._confirms += len(ticked.asks)
        for one in ticked.asks:
            key = elsewhere(one.route) if one.elsewhere else one.route
            yield Asked(key, command_of(ticked.at, one, LEADER))

    def _note(self, now: datetime, verdict: Verdict) -> None:
        entry, incident = verdict.entry, verdict.incident
        step = Step(now, verdict.told, entry.component, entry.hypothesis.value)
        if incident is None:
            self._asides.append(step)
            return
        told = self._told.setdefault(incident.id, _Told(verdict, incident))
        told.incident = incident
        told.steps.append(step)

    def found(self) -> Findings:
        """What was told up to the last tick."""
        standing = {incident.id: incident for incident in self._detector.state.open}
        found = [
            _finding(told, standing.get(name, told.incident)) for name, told in self._told.items()
        ]
        return Findings(tuple(found), tuple(self._asides), self._confirms)


def _limits() -> Limits:
    """As an instance has them that is told nothing."""
    shipped = AlertingSettings.model_fields
    names = ("false_pages_per_quarter", "confirm_probes_per_day")
    return Limits(*(shipped[name].default for name in names))


def _finding(told: _Told, incident: Incident) -> Finding:
    entry, apart = incident.entry, told.opened.apart
    notes = dict.fromkeys(step.component for step in told.steps if step.told is Told.NOTED)
    own = [s for s in told.steps if s.told is not Told.NOTED and s.component == incident.component]
    return Finding(
        component=incident.component,
        hypothesis=own[0].hypothesis,
        monitor=incident.monitor,
        onset=at(incident.onset),
        opened=at(incident.opened),
        closed=None if incident.closed is None else at(incident.closed),
        margin=apart.margin / NAT if apart else None,
        rival=apart.rival if apart else None,
        alike=entry.alike,
        routes=tuple(sorted(incident.routes)),
        notes=tuple(notes),
        steps=tuple(told.steps),
    )
