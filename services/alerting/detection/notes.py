"""Which findings belong to an incident that is open already, and when one takes over its name.

In:  an entry, the open incidents. Out: the incident with the entry as a note. Pure.
Before and after: `tick.py`. A note never pages; one that no longer belongs is a new finding after
20 s, for a second fault must page as fast inside an outage as outside.
"""

from collections.abc import Sequence, Set
from dataclasses import replace

from services.alerting.detection import closing
from services.alerting.detection.explain import Entry
from services.alerting.detection.kinds import kind, monitors
from services.alerting.detection.law import SECOND
from services.alerting.detection.state import Attached, Incident

TOGETHER, LOOSE, RENAMED = 60 * SECOND, 20 * SECOND, 60 * SECOND
TURNED, LASTING = 60 * SECOND, 900 * SECOND


def attach(
    entry: Entry, incidents: Sequence[Incident], named: frozenset[str], out: bool, now: int
) -> tuple[Incident, bool] | None:
    """The incident the entry is a note on, with that note, and whether it is a new one; None when
    it is a finding of its own. `out`: nothing of it arrived within the window, so that nobody sees
    any more when it began."""
    for incident in incidents:
        if belongs(entry, incident, named, out):
            return hold(entry, incident, now)
    for incident in incidents:
        before = _note(incident, entry.component)
        if before and now - before.held < LOOSE:
            return incident, False
    return None


def hold(entry: Entry, incident: Incident, now: int) -> tuple[Incident, bool]:
    """The incident with the entry as a note from now on, and whether it is a new one."""
    before = _note(incident, entry.component)
    held = replace(before, held=now) if before else Attached(entry.component, now)
    return _with(incident, held), before is None


def belongs(entry: Entry, incident: Incident, named: frozenset[str], out: bool = False) -> bool:
    """Does the open incident account for the entry, seen from this tick alone?"""
    same_plane = entry.plane == incident.entry.plane
    unnamed = same_plane and incident.component not in named
    timely = unnamed or out or entry.onset <= incident.base + TOGETHER
    part = incident.within(entry) or incident.related(entry)
    return part and timely and _alike(entry.component, incident.component)


def _alike(part: str, whole: str) -> bool:
    """Bongsu's own faults are no parts of outages, nor workers' those of phones or of ingest."""
    workers = kind(part) == "worker", kind(whole) == "worker"
    return monitors(part) == monitors(whole) and workers[0] == workers[1]


def detach(incident: Incident, component: str) -> Incident:
    """The incident without that note."""
    kept = tuple(note for note in incident.notes if note.component != component)
    return replace(incident, notes=kept) if len(kept) < len(incident.notes) else incident


def rename(
    incident: Incident, entries: Sequence[Entry], arrived: Set[str], now: int
) -> tuple[Incident, bool]:
    """The incident at the end of a tick: it takes the name of the note that alone was named for a
    minute, once all routes that it leaves out are among those that `arrived` lately: what rests is
    not known to be well. While several notes are named, it is the whole of them; while it recovers,
    names mean little: it keeps its own."""
    named = {entry.component: entry for entry in entries}
    parts = {note.component for note in incident.notes} & named.keys()
    free = incident.component not in named and not closing.recovers(incident.sums)
    alone = parts if free and len(parts) == 1 else set()
    notes = tuple(_alone(note, note.component in alone, now) for note in incident.notes)
    incident = incident if notes == incident.notes else replace(incident, notes=notes)
    for note in notes:
        if note.alone is None or now - note.alone < RENAMED:
            continue
        if incident.routes <= named[note.component].routes | arrived:
            return detach(_taken_over(incident, named[note.component]), note.component), True
    return incident, False


def turned(incident: Incident, now: int) -> Incident:
    """The incident, told to be broken in another way once evidence has said so for long enough, and
    not while it recovers: what recovers always looks lossy for a while."""
    found = incident.entry.hypothesis
    if found is incident.told or closing.recovers(incident.sums):
        return replace(incident, turning=None)
    since = now if incident.turning is None else incident.turning
    if now - since < _stands(incident, now):
        return replace(incident, turning=since)
    return replace(incident, told=found, turning=None)


def _stands(incident: Incident, now: int) -> int:
    """How long another hypothesis must be found without a break. What is partly broken looks dead
    again and again: after "partly", the longer, the longer it has lasted."""
    if incident.told.endswith("dead"):
        return TURNED
    return min(max((now - incident.opened) // 4, TURNED), LASTING)


def _alone(note: Attached, alone: bool, now: int) -> Attached:
    if not alone:
        return replace(note, alone=None)
    return note if note.alone is not None else replace(note, alone=now)


def _taken_over(incident: Incident, entry: Entry) -> Incident:
    sums = closing.renamed(incident.sums, entry.hypothesis)
    told = entry.hypothesis
    return replace(incident, entry=entry, routes=entry.routes, sums=sums, told=told, turning=None)


def _note(incident: Incident, component: str) -> Attached | None:
    return next((note for note in incident.notes if note.component == component), None)


def _with(incident: Incident, note: Attached) -> Incident:
    others = [old for old in incident.notes if old.component != note.component]
    return replace(incident, notes=(*others, note))
