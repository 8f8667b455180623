"""Counts of probes by what became of them: the delivery ratio is made from these.

In:  slots of the service time. Out: whole numbers that add up over days and routes. Pure.
Before: `slots.py`, `minutes.py` say which slots count. After: `ratio.py`, `month.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from services.reporting.lines import CLOCK_SUSPECT, Line
from services.reporting.slots import NOT_SENT, OUTCOMES, Judged
from services.reporting.spans import BAD, GOOD, Marks


class Adding:
    """Whole numbers by name that add up over days, routes and items."""

    __slots__ = ()

    def __add__(self, other: Self) -> Self:
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return type(self)(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True)
class Probes(Adding):
    """slots = the eight outcomes + not_sent; good + bad of them are valid. `edge`: in time by the
    benefit of the doubt; duplicates are copies beyond the first."""

    slots: int = 0
    delivered: int = 0
    late: int = 0
    failover: int = 0
    rejected: int = 0
    undelivered: int = 0
    exempt: int = 0
    void: int = 0
    unknown: int = 0
    not_sent: int = 0
    good: int = 0
    bad: int = 0
    duplicates: int = 0
    edge: int = 0
    clock_suspect: int = 0

    @property
    def valid(self) -> int:
        """Of how many the delivery ratio tells."""
        return self.good + self.bad


def probes(judged: Judged, here: Marks) -> Probes:
    """Of the marked slots."""
    by_place = np.bincount(judged.slots.outcomes[here], minlength=NOT_SENT + 1).tolist()
    lines = sent(judged, here)
    return Probes(
        slots=sum(by_place),
        **{str(outcome): by_place[place] for place, outcome in enumerate(OUTCOMES)},
        not_sent=by_place[NOT_SENT],
        good=int((judged.states[here] == GOOD).sum()),
        bad=int((judged.states[here] == BAD).sum()),
        duplicates=sum(max(0, line.copies - 1) for line in lines),
        edge=sum(line.reason == "edge" for line in lines),
        clock_suspect=sum(CLOCK_SUSPECT in line.flags for line in lines),
    )


def sent(judged: Judged, here: Marks) -> Sequence[Line]:
    """The lines of the marked slots."""
    found = (judged.slots.lines[place] for place in np.flatnonzero(here).tolist())
    return [line for line in found if line is not None]
