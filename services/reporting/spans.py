"""Outage spans: which bad slots of a sequence are an outage and not lost messages (rule s1).

In:  what became of each slot of a route, or of a route's slots with one receiver, in order.
Out: spans; which unmeasured slots cannot hide one. Pure.
Before: `slots.py` makes the sequences. After: `minutes.py` counts, `outages.py` joins.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

States = NDArray[np.int8]
Marks = NDArray[np.bool_]
Integers = NDArray[np.int64]

GOOD, BAD, UNMEASURED = range(3)
MEMORY: Final = (
    15  # slots: all good, a span closes; as many unmeasured, and all before still counts
)
_IN_A_ROW, _OF_MEMORY = 3, 5  # so many bad ones open a span
_MOST_BRIDGED = 2  # unmeasured slots, among the 31 around one


class Span(NamedTuple):
    """Slots [start, end): from the first bad one to the last. `open`: nothing closed it yet."""

    start: int
    end: int
    open: bool


def spans(states: States) -> list[Span]:
    """The outage spans of one sequence, in order.

    Opened by 3 bad slots in a row or 5 of the last 15, from the first of these; closed by 15 good
    ones in a row. Only measured slots count; over 15 unmeasured in a row close it and clear the
    memory.
    """
    slots = np.flatnonzero(states != UNMEASURED)
    blind = np.diff(slots, prepend=-1, append=len(states)) > MEMORY + 1
    # The place of a slot among the measured ones; a long blindness is as far as a closed span.
    places = np.arange(len(slots) + 1) + (MEMORY + 1) * np.cumsum(blind)
    bad = states[slots] == BAD
    found = []
    for run in _runs(slots[bad].tolist(), places[:-1][bad].tolist()):
        first = _opened_by(run)
        if first is not None:
            last, place = run[-1]
            found.append(Span(first, last + 1, open=bool(places[-1] - place <= MEMORY)))
    return found


def _runs(slots: Sequence[int], places: Sequence[int]) -> Iterator[list[tuple[int, int]]]:
    """(slot, place) of the bad slots, parted where 15 good ones lie between."""
    run: list[tuple[int, int]] = []
    for slot, place in zip(slots, places, strict=True):
        if run and place - run[-1][1] > MEMORY:
            yield run
            run = []
        run.append((slot, place))
    if run:
        yield run


def _opened_by(run: Sequence[tuple[int, int]]) -> int | None:
    """The slot with which the span of a run begins; None if the run is no outage."""
    for last, (_, place) in enumerate(run):
        for bad, within in ((_OF_MEMORY, MEMORY), (_IN_A_ROW, _IN_A_ROW)):
            first = last - bad + 1
            if first >= 0 and place - run[first][1] < within:
                return run[first][0]
    return None


def bridged(states: States) -> Marks:
    """The unmeasured slots that count as good: no outage fits into the 15 slots on either side,
    which hold no bad slot and with it at most two unmeasured ones."""
    unmeasured: Marks = states == UNMEASURED
    unmeasured &= (_around(unmeasured) <= _MOST_BRIDGED) & (_around(states == BAD) == 0)
    return unmeasured


def _around(marks: Marks) -> Integers:
    """How many are marked within 15 slots of each; outside the sequence none is."""
    sums = np.concatenate(([0], np.cumsum(marks)))
    here = np.arange(len(marks))
    return sums[np.minimum(here + MEMORY + 1, len(marks))] - sums[np.maximum(here - MEMORY, 0)]
