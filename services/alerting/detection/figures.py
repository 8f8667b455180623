"""What a page says of an incident beside its evidence: over what it was seen, what arrived. Pure.

In:  the view of a tick, the open incidents, what was counted before. Out: `Counted` by incident.
Before: `tick.py`. After: `incidents/rows.py`. An incident is counted when it opens or takes another
name, and then every ten seconds while evidence still names it: a tick has no time for more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.alerting.detection.explain import Entry
from services.alerting.detection.kinds import kind
from services.alerting.detection.law import SECOND, Integers, quantile
from services.alerting.detection.likelihood import ARRIVED, PLANES, REFUSED
from services.alerting.detection.state import Incident, State
from services.alerting.detection.window import Side, View

RECOUNTED = 10 * SECOND
_SAME = ("provider", "receiver", "worker")  # what messages beside it must share with its own


class Figures(NamedTuple):
    """Of the messages of an incident's newest evidence, sent from `since` on: how many, over how
    many parts, how many of them were confirm probes; `beside`: how many others, by the same dealers
    and workers to the same phones but not over its component, arrived; `usual`: within which span
    99 % of what arrives is there, None when no message passes it. Times in microseconds."""

    since: int
    messages: int
    dealers: int
    senders: int
    receivers: int
    workers: int
    beside: int
    usual: int | None
    confirms: int


class Counted(NamedTuple):
    """Figures, of which evidence they are, and of which tick."""

    at: int
    entry: Entry
    figures: Figures


def counted(before: Mapping[str, Counted], view: View, state: State) -> dict[str, Counted]:
    """The figures of every incident that may still be written; those that are due made anew."""
    kept = {i.id: before[i.id] for i in (*state.open, *state.closed) if i.id in before}
    for incident in state.open:
        if _due(incident, kept.get(incident.id), view.now):
            found = figures(view, incident.entry)
            kept[incident.id] = Counted(view.now, incident.entry, found)
    return kept


def _due(incident: Incident, last: Counted | None, now: int) -> bool:
    """Evidence that names it no more stays as it was: recovery is no part of it."""
    if last is None or last.entry.component != incident.component:
        return True
    return incident.entry is not last.entry and now - last.at >= RECOUNTED


def figures(view: View, entry: Entry) -> Figures:
    """What the view says of an entry's own messages and of those beside them."""
    side, number = view.sides[entry.plane], view.number(entry.component)
    passing = side.of(number) if number is not None else np.zeros(0, np.int64)
    since = (side.starts >= entry.onset) & (side.routes >= 0)
    says = side.ratios[PLANES[entry.plane].index(entry.hypothesis)] != 0
    own = passing[(since & says)[passing]]
    parts = _parts(view, side, own)
    beside = since & (side.seen >= ARRIVED) & (side.seen < REFUSED)
    beside[passing] = False
    unlike = {kind(name) for name in (entry.component, *entry.alike)}
    for shared in _SAME:
        if shared not in unlike and parts[shared]:
            beside &= _passing(side, parts[shared])
    return Figures(
        since=entry.onset,
        messages=len(own),
        dealers=len(parts["provider"]), senders=len(parts["sender"]),
        receivers=len(parts["receiver"]), workers=len(parts["worker"]),
        beside=int(np.count_nonzero(beside)),
        usual=_usual(view, side, own),
        confirms=sum(item.confirm for item in side.items[own]),
    )  # fmt: skip


def _parts(view: View, side: Side, rows: Integers) -> defaultdict[str, list[int]]:
    """The components that these messages pass, by kind."""
    own = np.zeros(len(side.starts), np.bool_)
    own[rows] = True
    of = np.repeat(np.arange(len(side.bounds) - 1), np.diff(side.bounds))
    found: defaultdict[str, list[int]] = defaultdict(list)
    for number in np.unique(of[own[side.rows]]).tolist():
        found[kind(view.components[number])].append(number)
    return found


def _passing(side: Side, components: Iterable[int]) -> NDArray[np.bool_]:
    found = np.zeros(len(side.starts), np.bool_)
    for number in components:
        found[side.of(number)] = True
    return found


def _usual(view: View, side: Side, rows: Integers) -> int | None:
    if len(rows) == 0:
        return None
    places, counts = np.unique(side.places[rows], return_counts=True)
    return quantile(counts @ view.tables.laws.shares[places], 0.99)
