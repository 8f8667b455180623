"""What an incident of the detector looks like to people: one row each. Pure.

In:  the detector after a tick. Out: rows of open incidents and of those that may come back, and
their candidates. Before: `detection/detector.py`. After: `lifecycle.py` finds what changed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from services.alerting.detection.detector import Detector
from services.alerting.detection.explain import Entry
from services.alerting.detection.figures import Counted
from services.alerting.detection.law import SECOND
from services.alerting.detection.likelihood import NAT
from services.alerting.detection.standing import at
from services.alerting.detection.state import SEPARATED, Apart, Incident
from services.alerting.incidents import severity
from services.alerting.incidents.words import Words
from services.contracts.catalogue import Catalogue
from services.storage import incidents as storage
from services.storage.incidents import Candidate


def rows(detector: Detector) -> dict[str, storage.Incident]:
    """By id. None of it before a catalogue is in force."""
    state, catalogue = detector.state, detector.catalogue
    if catalogue is None:
        return {}
    outages = [incident.routes for incident in state.open if not incident.monitor]
    out, words = frozenset().union(*outages), Words(catalogue)
    return {
        one.id: _row(one, detector, catalogue, words, out) for one in (*state.open, *state.closed)
    }


def _row(
    incident: Incident, detector: Detector, catalogue: Catalogue, words: Words, out: frozenset[str]
) -> storage.Incident:
    entry, apart = incident.entry, detector.apart.get(incident.id)
    hit = severity.notices(catalogue, incident.routes)
    title = words.title(entry.component, incident.told.value)
    of = _where(incident, catalogue)
    return storage.Incident(
        id=incident.id,
        kind="monitor" if incident.monitor else "outage",
        status="open" if incident.closed is None else "closed",
        component=entry.component,
        hypothesis=incident.told.value,
        severity=None if incident.monitor else severity.severity(catalogue, hit, out),
        channel=of["channel"], provider=of["provider"], carrier=_carrier(entry), body=of["body"],
        title_ko=title.ko, title_en=title.en,
        routes=sorted(incident.routes),
        people=severity.people(hit),
        started_at=at(incident.onset), detected_at=at(incident.opened),
        ended_at=None if incident.ended is None else at(incident.ended),
        closed_at=None if incident.closed is None else at(incident.closed),
        gain=entry.gain / NAT, failed=entry.against, total=entry.counted,
        margin=apart.margin / NAT if apart else None,
        rival=apart.rival if apart else None,
        alike=list(entry.alike),
        notes=[note.component for note in incident.notes],
        figures=_figures(detector.figures.get(incident.id), apart),
    )  # fmt: skip


def _figures(counted: Counted | None, apart: Apart | None) -> storage.Figures | None:
    """None before this instance counted it: what is stored of it stays."""
    if counted is None:
        return None
    found = counted.figures
    return storage.Figures(
        since=at(found.since), messages=found.messages, dealers=found.dealers,
        senders=found.senders, receivers=found.receivers, workers=found.workers,
        beside=found.beside, usual_s=None if found.usual is None else found.usual / SECOND,
        confirms=found.confirms, next=apart.others[0].component if apart and apart.others else None,
    )  # fmt: skip


def _where(incident: Incident, catalogue: Catalogue) -> dict[str, str | None]:
    """The channel of most explained messages; provider and body where there is only one."""
    known = [catalogue.routes[name] for name in incident.routes if name in catalogue.routes]
    explained, channels = dict(incident.entry.explained), Counter[str]()
    for route in known:
        channels[route.channel] += explained.get(route.id, 0)
    return {
        "channel": max(sorted(channels), key=channels.__getitem__) if channels else None,
        "provider": _only(catalogue.accounts[route.account].provider for route in known),
        "body": _only(route.body for route in known),
    }


def _carrier(entry: Entry) -> str | None:
    kind, _, name = entry.component.partition(":")
    if kind == "carrier":
        return name.partition("/")[0]
    return name.rpartition("-")[2] if kind == "pair" else None


def _only(found: Iterable[str]) -> str | None:
    names = set(found)
    return names.pop() if len(names) == 1 else None


def candidates(detector: Detector, incident_id: str) -> list[Candidate]:
    """The cause that was named, those with the same messages, then the next explanation, each of
    its parts with those that have the same messages. Each component once."""
    incident = next(one for one in detector.state.open if one.id == incident_id)
    found: dict[str, Candidate] = {}
    for one in _candidates(incident.entry, detector.apart.get(incident_id)):
        found.setdefault(one.component, one)
    return list(found.values())


def _candidates(entry: Entry, apart: Apart | None) -> Iterator[Candidate]:
    separated = apart is None or apart.margin >= SEPARATED
    yield _candidate(entry, entry.component, separated)
    yield from (_candidate(entry, name, False) for name in entry.alike)
    for other in apart.others if apart else ():
        for name in (other.component, *other.alike):
            yield _candidate(other, name, separated)


def _candidate(entry: Entry, component: str, separated: bool) -> Candidate:
    return Candidate(
        component, entry.hypothesis.value, entry.gain / NAT, entry.against, entry.counted, separated
    )
