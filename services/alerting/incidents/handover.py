"""What a detector believes after it became the leader's: stored incidents win. Pure.

In:  the state that this instance's own ticks led to, and the rows of the leader before. Out: the
state to go on from. Before: `leader.py` took over. After: the next tick.
A closed row closes what is open here, and what would be found here only later; an open row that
nobody here knows is open, until evidence closes it; what is open here without a row stays, and is
inserted.
"""

from collections.abc import Sequence
from dataclasses import replace

from services.alerting.detection import closing
from services.alerting.detection.explain import Entry
from services.alerting.detection.items import microseconds
from services.alerting.detection.likelihood import NAT, Hypothesis
from services.alerting.detection.state import Incident, SpentSpan, State
from services.alerting.detection.tick import ended
from services.storage import incidents as storage


def adopted(state: State, rows: Sequence[storage.Incident], now: int) -> State:
    """`rows`: open ones, and those closed lately."""
    for row in rows:
        if row.status == "closed":
            state = _over(state, row)
    known = {incident.id for incident in state.closed}
    stored = [row for row in rows if row.status == "open" and row.id not in known]
    ours = {incident.id: incident for incident in state.open}
    same = {
        row.id: ours.pop(row.id, None) for row in stored
    }  # it may have taken another name since
    left = {incident.component: incident for incident in ours.values()}
    mine = [_named(same[row.id] or left.pop(row.component, None), row, now) for row in stored]
    return replace(state, open=(*mine, *left.values()))


def end(state: State, incident_id: str, now: int) -> State:
    """The state in which an incident that is open is over, because somebody says so."""
    incident = next((one for one in state.open if one.id == incident_id), None)
    return state if incident is None else _ended(state, incident, now, now)


def _over(state: State, row: storage.Incident) -> State:
    """As the row says. Who reads again what was before its opening would else open it anew."""
    at = row.closed_at or row.detected_at
    since, now = microseconds(row.ended_at or at), microseconds(at)
    if any(incident.id == row.id for incident in state.closed):
        return state
    ours = next((one for one in state.open if one.id == row.id), None)
    state = _ended(state, ours or _named(None, row, now), since, now)
    notes = [SpentSpan(name, since, now) for name in row.notes]
    return replace(state, spent=(*state.spent, *notes))


def _ended(state: State, incident: Incident, since: int, now: int) -> State:
    closed, spans = ended(incident, since, now)
    rest = tuple(one for one in state.open if one is not incident)
    return replace(state, open=rest, closed=(*state.closed, closed), spent=(*state.spent, *spans))


def _named(ours: Incident | None, row: storage.Incident, now: int) -> Incident:
    """Our own evidence under the stored id; else what the row says of it."""
    opened, onset = microseconds(row.detected_at), microseconds(row.started_at)
    if ours is not None:
        renamed = ours.component != row.component
        routes = ours.routes if renamed else ours.routes | frozenset(row.routes)
        return replace(ours, id=row.id, opened=opened, onset=min(onset, ours.onset), routes=routes)
    hypothesis, routes = Hypothesis(row.hypothesis), frozenset(row.routes)
    entry = Entry(
        row.component, hypothesis, round(row.gain * NAT), onset, row.total, row.failed, 0,
        tuple(row.alike), routes,
    )  # fmt: skip
    sums = closing.opened(hypothesis, now)
    return Incident(row.id, entry, opened, onset, onset, routes, sums, hypothesis)
