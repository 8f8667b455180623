"""When an open incident is over, and when a closed one is back: sums over what became certain.

In:  the messages of the incident's component, one after the other. Out: the sums' next state.
Pure. Before and after: `tick.py`. An arrival is good; one overdue at 40 s, or refused, is bad.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from services.alerting.detection.law import SECOND
from services.alerting.detection.likelihood import (
    ARRIVED,
    FAILED,
    LOSSY_LOST,
    LOST,
    NAT,
    NOTHING,
    REFUSED,
    Hypothesis,
    plane_of,
)
from services.alerting.detection.window import View

OVERDUE = 40 * SECOND
WELL, QUIET = 9 * NAT, 120 * SECOND  # so much good, and no relapse for so long
BACK = 9_400_000
WAITED = 600 * SECOND  # well for so long: what has not arrived by then rests


@dataclass(frozen=True, slots=True)
class Sums:
    """Of an open incident: how sure it is that it is over. Of a closed one: that it is back.

    `hypothesis`: whose rate of loss counts. `since`: the last relapse. `counted`: what became
    certain up to then is in. `arrived`: the routes that arrived since the last relapse, `first`
    when the first message did.
    """

    hypothesis: Hypothesis
    since: int
    counted: int
    total: int = 0
    arrived: frozenset[str] = frozenset()
    first: int | None = None


class Message(NamedTuple):
    """A message whose fate became `certain` then; `weight`, in millionths of a nat, is for it."""

    bad: bool
    weight: int
    route: str | None
    start: int
    certain: int


def opened(hypothesis: Hypothesis, now: int) -> Sums:
    """The sums at an opening, a reopening, or a closing."""
    return Sums(hypothesis, now, now)


def renamed(sums: Sums, hypothesis: Hypothesis) -> Sums:
    """The sums of an incident that took another name: what was counted was another's."""
    return Sums(hypothesis, sums.since, sums.counted)


def recovers(sums: Sums) -> bool:
    """Is it half sure that an open incident is over? Then what is found of it means little."""
    return sums.total >= WELL // 2


def recovering(sums: Sums, view: View, component: str, present: Hypothesis) -> Sums:
    """The sum of an open incident; `present`: what is now said of it."""
    hypothesis, since, total = sums.hypothesis, sums.since, sums.total
    arrived, first = sums.arrived, sums.first
    for message in _certain(sums, view, component):
        if message.bad:
            total -= message.weight
            # What was sent before anything arrived says nothing of the rate of loss since.
            hypothesis = present if first is not None and message.start > first else hypothesis
        else:
            total += message.weight
            first = message.certain if first is None else first
        if total <= 0:
            total, since, arrived, first = 0, view.now, frozenset(), None
    arrived |= arrivals(view, component, hypothesis, max(since, sums.counted))
    return Sums(hypothesis, since, view.now, total, arrived, first)


def relapsing(sums: Sums, view: View, component: str, elsewhere: frozenset[str]) -> Sums:
    """The sum of a closed incident; messages of routes that are out anyway do not count."""
    total = sums.total
    for message in _certain(sums, view, component):
        if message.route not in elsewhere:
            total = max(0, total + (message.weight if message.bad else -message.weight))
    return replace(sums, counted=view.now, total=total)


def _certain(sums: Sums, view: View, component: str) -> Iterator[Message]:
    """In the order in which it became certain what became of them, since the last look."""
    number = view.number(component)
    if number is None:
        return
    side = view.sides[plane_of(sums.hypothesis)]
    rows = side.of(number)
    rows = rows[side.seen[rows] != NOTHING]
    starts, places = side.starts[rows], side.places[rows]
    slow = sums.hypothesis is Hypothesis.SLOW
    limit = np.minimum(starts + (view.tables.slow[places] if slow else OVERDUE), side.dues[rows])
    in_time = side.ended[rows] <= limit
    certain = np.maximum(np.where(in_time, side.ended[rows], limit), side.visible[rows])
    good = in_time & (side.seen[rows] >= ARRIVED) & (side.seen[rows] < REFUSED)
    kind = 1 if LOST[sums.hypothesis] == LOSSY_LOST else 0
    values = view.tables.values[places, kind]
    weights = np.where(good, -values[:, ARRIVED], values[:, FAILED])
    now = np.flatnonzero((certain > sums.counted) & (certain <= view.now))
    for at in now[np.argsort(certain[now], kind="stable")].tolist():
        route = int(side.routes[rows[at]])
        name = view.routes[route] if route >= 0 else None
        yield Message(not good[at], int(weights[at]), name, int(starts[at]), int(certain[at]))


def arrivals(view: View, component: str, hypothesis: Hypothesis, after: int) -> frozenset[str]:
    """The routes of messages of the component that arrived after that, within the window."""
    number = view.number(component)
    if number is None:
        return frozenset()
    side = view.sides[plane_of(hypothesis)]
    rows = side.of(number)
    seen, ended = side.seen[rows], side.ended[rows]
    fresh = (seen >= ARRIVED) & (seen < REFUSED) & (ended > after) & (ended <= view.now)
    return frozenset(view.routes[at] for at in np.unique(side.routes[rows[fresh]]) if at >= 0)
