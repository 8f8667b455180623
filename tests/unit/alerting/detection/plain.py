"""The rules of sums and naming once more, item by item and as plainly as they can be said.

What the product computes in columns must be the same integers. Slow, and that is its use.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from services.alerting.detection.kinds import bonus
from services.alerting.detection.law import SECOND, bin_of
from services.alerting.detection.likelihood import (
    ARRIVED,
    FAILED,
    NAT,
    PLANES,
    REFUSED,
    Hypothesis,
    Tables,
)
from services.alerting.detection.window import Ended, Ending, Item

Fate = tuple[Item, Ended | None]
NEVER = 1 << 62


class Named(NamedTuple):
    """What a component explains."""

    component: str
    hypothesis: Hypothesis
    gain: int
    onset: int
    counted: int
    against: int


@dataclass
class _Seen:
    """An item at a tick: when it ended, and what it says by hypothesis."""

    item: Item
    ended: int
    says: dict[Hypothesis, int] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, str, int]:
        return self.item.start, self.item.id, self.item.plane


def seen(fates: Iterable[Fate], now: int, tables: Tables) -> list[_Seen]:
    """All that is known at `now`, in order."""
    found = [_seen(item, end, now, tables) for item, end in fates if item.visible <= now]
    return sorted(found, key=lambda one: one.order)


def _seen(item: Item, end: Ended | None, now: int, tables: Tables) -> _Seen:
    due = item.start + item.deadline
    told = end is not None and end.known <= min(now, due)
    ended = end.known if end is not None and told else due if due <= now else NEVER
    column = _column(item, end if told else None, now)
    kinds = PLANES[item.plane]
    silent = column is None or now > item.visible + item.window
    values = tables.values[tables.place(item.row)]
    says = {k: 0 if silent else int(values[at, column]) for at, k in enumerate(kinds)}
    return _Seen(item, ended, says)


def _column(item: Item, end: Ended | None, now: int) -> int | None:
    """None: it says nothing."""
    if end is None:
        return FAILED if now >= item.start + item.deadline else _bin(now - item.start)
    took = max(end.known - item.start, 0)
    return {
        Ending.ARRIVED: ARRIVED + _bin(took),
        Ending.REFUSED: REFUSED if took < 29 * SECOND else FAILED,
        Ending.FAILED: FAILED,
        Ending.WITHDRAWN: None,
    }[end.ending]


def _bin(span: int) -> int:
    return int(bin_of(np.array([span]))[0])


def largest(all_seen: Sequence[_Seen], component: str, kind: Hypothesis) -> tuple[int, int]:
    """The largest sum of a newest run, and how many items are in the newest such run."""
    own = [one for one in all_seen if component in one.item.path and kind in one.says]
    best, count, total = 0, 0, 0
    for number, one in enumerate(reversed(own), 1):
        total += one.says[kind]
        if total > best:
            best, count = total, number
    return best, count


def greedy(all_seen: Sequence[_Seen], forbidden: frozenset[str] = frozenset()) -> list[Named]:
    """The fewest components that explain everything. It silences what it was given."""
    names = sorted({part for one in all_seen for part in one.item.path} - forbidden)
    found: list[Named] = []
    while len(found) < 6:
        best = _best(all_seen, names)
        if best is None:
            break
        found.append(_explained(all_seen, *best))
    return found


def _best(all_seen: Sequence[_Seen], names: Sequence[str]) -> tuple[str, Hypothesis] | None:
    best: tuple[int, str, Hypothesis] | None = None
    for kind in Hypothesis:
        values = [(largest(all_seen, name, kind)[0] + bonus(name), name) for name in names]
        most = max((value for value, _ in values), default=0)
        if best is None or most > best[0] + 300_000:
            best = most, min((name for value, name in values if value == most), default=""), kind
    if best is None or not names or largest(all_seen, best[1], best[2])[0] < 9 * NAT:
        return None
    return best[1], best[2]


def _explained(all_seen: Sequence[_Seen], component: str, kind: Hypothesis) -> Named:
    gain, count = largest(all_seen, component, kind)
    own = [one for one in all_seen if component in one.item.path]
    run = [one for one in own if kind in one.says][-count:]
    says = [one.says[kind] for one in run]
    first = run[0]
    for one in own:
        if one.order >= first.order or one.ended > first.item.start:
            one.says = dict.fromkeys(one.says, 0)
    counted = [value for value in says if value]
    return Named(component, kind, gain, first.item.start, len(counted), sum(v > 0 for v in counted))
