"""The largest sum of a newest run of items, for many components at once.

In:  ratios by item; which items each component has, in order. Out: integers, whatever the order of
adding up. Pure. Before: `window.py`. After: `explain.py` names components by these sums.
"""

from typing import NamedTuple

import numpy as np

from services.alerting.detection.law import Integers
from services.alerting.detection.window import Side


class Runs(NamedTuple):
    """The items of some components, one component after the other."""

    components: Integers
    rows: Integers
    heads: Integers

    @classmethod
    def of(cls, side: Side, chosen: Integers | None) -> "Runs":
        """Of the chosen components that have items; None: of all."""
        counts = np.diff(side.bounds)
        if chosen is None:
            return cls(np.arange(len(counts)), side.rows, side.bounds[:-1])
        lengths = counts[chosen]
        heads = np.cumsum(lengths) - lengths
        at = np.arange(int(lengths.sum())) + np.repeat(side.bounds[chosen] - heads, lengths)
        return cls(chosen, side.rows[at], heads)

    def best(self, ratios: Integers) -> Integers:
        """By hypothesis and component, the largest sum of a newest run; none is below 0."""
        return np.stack([self._best(kind) for kind in ratios])

    def against(self, ratios: Integers) -> Integers:
        """By hypothesis and component, the sum of all that speaks against health."""
        return np.stack([self._summed(np.maximum(kind, 0)[self.rows]) for kind in ratios])

    def newest_highest(self, values: Integers) -> tuple[Integers, Integers]:
        """By component, the largest value of an item and the place of the newest that has it;
        `values` are of the rows. Without items: the least there is, and no place."""
        best, at = np.full(len(self.components), np.iinfo(np.int64).min), self.heads - 1
        filled = self._filled()
        if len(filled):
            heads = self.heads[filled]
            highest = np.maximum.reduceat(values, heads)
            lengths = np.diff(np.append(heads, len(values)))
            has = values == np.repeat(highest, lengths)
            best[filled] = highest
            at[filled] = np.maximum.reduceat(np.where(has, np.arange(len(values)), -1), heads)
        return best, at

    def _best(self, ratios: Integers) -> Integers:
        best = np.zeros(len(self.components), np.int64)
        filled = self._filled()
        if len(filled):
            ends = np.cumsum(ratios[self.rows])
            heads = self.heads[filled]
            lowest = np.minimum.reduceat(ends, heads)
            before = np.where(heads > 0, ends[heads - 1], 0)
            last = np.append(ends[heads[1:] - 1], ends[-1])
            best[filled] = last - np.minimum(lowest, before)
        return best

    def _summed(self, values: Integers) -> Integers:
        sums = np.zeros(len(self.components), np.int64)
        filled = self._filled()
        if len(filled):
            sums[filled] = np.add.reduceat(values, self.heads[filled])
        return sums

    def _filled(self) -> Integers:
        return np.flatnonzero(np.diff(np.append(self.heads, len(self.rows))))


def newest_run(values: Integers) -> int:
    """Where the newest of the best newest runs begins."""
    before = np.concatenate([[0], np.cumsum(values)])
    return len(values) - int(np.argmin(before[::-1]))


def newest_sum(values: Integers) -> int:
    """The largest sum of a newest run, 0 if all are against it."""
    ends = np.concatenate([[0], np.cumsum(values)])
    return int(ends[-1] - ends.min())
