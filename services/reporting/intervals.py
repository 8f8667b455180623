"""Which minutes of a channel another revision counts as something else, as stretches of time.

In:  the minutes of two revisions of one month. Out: [from, to) with what it was and what it is.
Pure. Before: `laid.py`. After: `bongsu report diff`.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.contracts.report_words import MinuteKind
from services.reporting.calendar import Left, Window
from services.reporting.minutes import ALL, Minutes

# What is left out is told by its reason.
_LEFT = {each: str(each.name).lower() for each in Left if each is not Left.NOT}
_KINDS = (
    MinuteKind.UP.value, MinuteKind.PARTIAL.value, MinuteKind.DOWN.value,
    MinuteKind.UNMEASURED.value, *_LEFT.values(),
)  # fmt: skip
_UP, _PARTIAL, _DOWN, _UNMEASURED = range(4)


class Interval(NamedTuple):
    """Minutes [start, end) since 1970 UTC; `old` and `new`: up, partial, down, unmeasured, or why
    they are left out."""

    start: int
    end: int
    old: str
    new: str


def changed(old: Minutes, new: Minutes, window: Window) -> list[Interval]:
    """In order; minutes whose kind stayed are in none, whatever their share of it."""
    before, after = _kinds(old, window), _kinds(new, window)
    both = before * len(_KINDS) + after
    edges = [0, *(np.flatnonzero(np.diff(both)) + 1).tolist(), len(both)]
    return [
        Interval(window.start + a, window.start + b, _KINDS[before[a]], _KINDS[after[a]])
        for a, b in pairwise(edges)
        if before[a] != after[a]
    ]


def _kinds(minutes: Minutes, window: Window) -> NDArray[np.int64]:
    part = minutes.calendar.window.part(window.start, window.end)
    left, share = minutes.left[part].astype(np.int64), minutes.share[part]
    seen = np.where(share == 0, _UP, np.where(share == ALL, _DOWN, _PARTIAL))
    kinds: NDArray[np.int64] = np.where(minutes.unmeasured[part], _UNMEASURED, seen)
    return np.where(left == Left.NOT, kinds, left + _UNMEASURED)
