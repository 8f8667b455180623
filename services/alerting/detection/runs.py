"""The largest sum of a newest run of items, for many components at once.

In:  ratios by item; which items each component has, in order. Out: integers, whatever the order of
adding up. Pure. Before: `window.py`. After: `explain.py` names components by these sums.
"""

from typing import NamedTuple

import numpy as np

from services.alerting.detection.law import Integers
from services.alerting.detection.window import Side


class Runs(NamedTuple):
    """The items of some components, one component after the other; `filled`: the places of those
    components that have items, `heads` and `lasts`: where the items of each of these begin and
    end."""

    components: Integers
    rows: Integers
    filled: Integers
    heads: Integers
    lasts: Integers

    @classmethod
    def of(cls, side: Side, chosen: Integers | None) -> "Runs":
        """Of the chosen components; None: of all."""
        counts = side.bounds[1:] - side.bounds[:-1]
        if chosen is None:
            return cls.cut(np.arange(len(counts)), side.rows, counts)
        lengths = counts[chosen]
        heads = np.cumsum(lengths) - lengths
        at = np.arange(int(lengths.sum())) + np.repeat(side.bounds[chosen] - heads, lengths)
        return cls.cut(chosen, side.rows[at], lengths)

    @classmethod
    def cut(cls, components: Integers, rows: Integers, lengths: Integers) -> "Runs":
        """So many of the rows are each component's."""
        filled, ends = np.flatnonzero(lengths), np.cumsum(lengths)
        return cls(components, rows, filled, (ends - lengths)[filled], ends[filled] - 1)

    def best(self, ratios: Integers) -> Integers:
        """By hypothesis and component, the largest sum of a newest run; none is below 0."""
        best = np.zeros((len(ratios), len(self.components)), np.int64)
        if len(self.filled):
            for kind, sums in zip(ratios, best, strict=True):
                ends = np.cumsum(kind[self.rows])
                lowest, last = np.minimum.reduceat(ends, self.heads), ends[self.lasts]
                lowest[0] = min(lowest[0], 0)
                np.minimum(lowest[1:], last[:-1], out=lowest[1:])
                sums[self.filled] = last - lowest
        return best

    def against(self, ratios: Integers) -> Integers:
        """By hypothesis and component, the sum of all that speaks against health."""
        sums = np.zeros((len(ratios), len(self.components)), np.int64)
        if len(self.filled):
            for kind, own in zip(ratios, sums, strict=True):
                own[self.filled] = np.add.reduceat(np.maximum(kind, 0)[self.rows], self.heads)
        return sums

    def newest_highest(self, values: Integers) -> tuple[Integers, Integers]:
        """By component, the largest value of an item and the place of the newest that has it;
        `values` are of the rows. Without items: the least there is, and no place."""
        best = np.full(len(self.components), np.iinfo(np.int64).min)
        at = np.full(len(self.components), -1)
        if len(self.filled):
            highest = np.maximum.reduceat(values, self.heads)
            has = values == np.repeat(highest, self.lasts - self.heads + 1)
            best[self.filled] = highest
            places = np.where(has, np.arange(len(values)), -1)
            at[self.filled] = np.maximum.reduceat(places, self.heads)
        return best, at


def newest_run(values: Integers) -> int:
    """Where the newest of the best newest runs begins."""
    before = np.concatenate([[0], np.cumsum(values)])
    return len(values) - int(np.argmin(before[::-1]))


def newest_sum(values: Integers) -> int:
    """The largest sum of a newest run, 0 if all are against it."""
    ends = np.concatenate([[0], np.cumsum(values)])
    return int(ends[-1] - ends.min())
