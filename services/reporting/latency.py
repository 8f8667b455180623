"""Latency: how long messages took, in buckets of 1 %, and its quantiles.

In:  whole milliseconds, and how many never came. Out: quantiles in microseconds, each within 1 % of
the true one. The bounds are one table of exact integers, so that SQL (`width_bucket(ms - 1,
bounds)`) and numpy put every value into the same bucket. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.reporting.ratio import PPM

Integers = NDArray[np.int64]

LONGEST_MS: Final = 288_000_000  # 80 h: after that a carrier closes a message without result
_BUCKETS = 975
_UP, _DOWN = 101, 99  # each bound is 101/99 of the one before: its middle is within 1 % of both
BOUNDS: Final = np.array([_UP**i // _DOWN**i for i in range(_BUCKETS)], np.int64)
# What is shown of a bucket, in microseconds: the harmonic middle of its bounds, to the nearest.
SHOWN_US: Final = tuple(
    (2 * 990 * _UP**i + _DOWN**i) // (2 * _DOWN**i) for i in range(_BUCKETS)
)  # fmt: skip


def bucket(ms: Integers) -> Integers:
    """The bucket of each latency: the first whose bound is not below it."""
    return np.searchsorted(BOUNDS, np.clip(ms, 1, LONGEST_MS), "left")


@dataclass(frozen=True, slots=True, eq=False)
class Latencies:
    """How many messages took how long, by bucket; how many never came."""

    counts: Integers
    never: int

    @classmethod
    def of(cls, ms: Sequence[int] | Integers, never: int = 0) -> "Latencies":
        """Counted from milliseconds."""
        buckets = bucket(np.asarray(ms, np.int64))
        return cls(np.bincount(buckets, minlength=_BUCKETS), never)

    def __add__(self, other: "Latencies") -> "Latencies":
        return Latencies(self.counts + other.counts, self.never + other.never)

    @property
    def arrived(self) -> "Latencies":
        """The same without those that never came."""
        return Latencies(self.counts, 0)

    @property
    def n(self) -> int:
        """Of how many it tells."""
        return int(self.counts.sum()) + self.never

    def quantiles(self, *ppm: int) -> list[int | None]:
        """The item of rank ceil(q n), for each q in 1e-6, in microseconds; None: it never came, or
        there is none."""
        n = self.n
        ranks = [-(-q * n // PPM) for q in ppm]
        places = np.searchsorted(np.cumsum(self.counts), ranks, "left").tolist()
        came = zip(ranks, places, strict=True)
        return [SHOWN_US[place] if rank and place < _BUCKETS else None for rank, place in came]
