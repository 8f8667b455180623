"""Learnt law of each class: how long what is waited for takes, and how often it never comes.

In:  counts of observations, by class. Out: probabilities of 96 latency bins and of a loss.
A class with few observations leans on its medium, a medium on the shipped law. Latency is *known*
time less start: how late bongsu itself learns of things is part of the law. Pure.
Before: the caller keeps out what fell into an open incident. After: `likelihood.py`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SECOND = 1_000_000  # all times of the detector are whole microseconds, all spans too
BINS = 96
_FIRST_S, _LAST_S = 0.05, 125.0
LOG_WIDTH = math.log(_LAST_S / _FIRST_S) / BINS
_EDGES_S = [_FIRST_S * math.exp(i * LOG_WIDTH) for i in range(BINS + 1)]
# Whole microseconds: no comparison of floats decides in which bin an age lies.
_LOWER = np.array([math.ceil(edge * SECOND - 1e-6) for edge in _EDGES_S[1:BINS]], np.int64)

POOLED, SHIPPED = 300, 200  # how many observations the medium, and the shipped law, weigh
LEAST_LOSS, LEAST_SHARE = 0.0025, 1e-9
AGEING = 2 ** (-1 / 1440)  # half-life in observations: a day at one a minute
_LEARNT = 19.9  # what twenty observations weigh when the last of them comes

ACCEPTANCE, HEARTBEAT = "acceptance", "heartbeat"
UNKNOWN = ""  # the medium of a class nobody has heard of: the shipped law alone


class Row(NamedTuple):
    """A class: the medium it is pooled with, and its name within it (empty: the medium's own)."""

    medium: str
    name: str = ""


class Part(NamedTuple):
    """A part of a log-normal mixture: weight, median in seconds, sigma."""

    weight: float
    median_s: float
    sigma: float


_DELIVERY = (Part(0.98, 3.0, 1.0), Part(0.02, 20.0, 0.7))
_SHIPPED = {ACCEPTANCE: (Part(1, 0.25, 0.55),), HEARTBEAT: (Part(1, 0.12, 0.5),)}


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Decayed counts of one class."""

    arrived: Floats
    lost: float = 0.0

    @property
    def total(self) -> float:
        """How much all observations weigh."""
        return float(self.arrived.sum()) + self.lost

    @property
    def learnt(self) -> bool:
        """Has the class seen twenty messages?"""
        return self.total >= _LEARNT


@dataclass(frozen=True, slots=True, eq=False)
class Laws:
    """Of each row: the share of each bin among what arrives, and the share that never comes."""

    rows: tuple[Row, ...]
    shares: Floats
    losses: Floats


Learnt = Mapping[Row, Counts]


def bin_of(span: Integers) -> Integers:
    """Bins of spans in microseconds; what is below the first edge is in bin 0."""
    return np.searchsorted(_LOWER, span, side="right").astype(np.int64)


def log_normal(parts: Sequence[Part]) -> Floats:
    """Shares of the bins under a mixture of log-normal laws; the tails are in the end bins."""
    below = [sum(p.weight * _below(edge, p) for p in parts) for edge in _EDGES_S[1:BINS]]
    return np.diff(np.array([0.0, *below, 1.0]))


def _below(edge_s: float, part: Part) -> float:
    return 0.5 * (1 + math.erf(math.log(edge_s / part.median_s) / (part.sigma * math.sqrt(2))))


def learn(learnt: Learnt, observed: Iterable[tuple[Row, int | None]]) -> dict[Row, Counts]:
    """The counts with observations added in their order: (class, bin; None for a loss).

    Each first ages what its own class had seen: a class at rest forgets nothing.
    """
    counts = dict(learnt)
    for row, bin_ in observed:
        before = counts.get(row) or Counts(np.zeros(BINS))
        arrived, lost = before.arrived * AGEING, before.lost * AGEING
        if bin_ is None:
            lost += 1
        else:
            arrived[bin_] += 1
        counts[row] = Counts(arrived, lost)
    return counts


def laws(learnt: Learnt, rows: Iterable[Row]) -> Laws:
    """The laws of these rows, of all that learnt, and of every medium among them."""
    known = {*rows, *learnt}
    media = sorted({row.medium for row in known} | {ACCEPTANCE, HEARTBEAT, UNKNOWN})
    ordered = tuple(sorted({*known, *(Row(medium) for medium in media)}))
    arrived = np.array([learnt[r].arrived if r in learnt else np.zeros(BINS) for r in ordered])
    lost = np.array([learnt[r].lost if r in learnt else 0.0 for r in ordered])
    shares, losses = np.empty_like(arrived), np.empty_like(lost)
    for medium in media:
        own = np.array([row.medium == medium for row in ordered])
        shares[own], losses[own] = _of_medium(medium, arrived[own], lost[own])
    return Laws(ordered, shares, losses)


def _of_medium(medium: str, arrived: Floats, lost: Floats) -> tuple[Floats, Floats]:
    seen = arrived.sum(axis=1)
    shipped = log_normal(_SHIPPED.get(medium, _DELIVERY))
    pooled = (arrived.sum(axis=0) + SHIPPED * shipped) / (seen.sum() + SHIPPED)
    shares = (arrived + POOLED * pooled) / (seen + POOLED)[:, None]
    shares = np.maximum(shares, LEAST_SHARE)
    shares /= shares.sum(axis=1, keepdims=True)
    if medium in _SHIPPED:
        return shares, np.full(len(lost), LEAST_LOSS)
    loss = (lost.sum() + 2) / (seen.sum() + lost.sum() + SHIPPED)
    own = (lost + POOLED * loss) / (seen + lost + POOLED)
    return shares, np.maximum(own, LEAST_LOSS)


def quantile(shares: Floats, share: float) -> int:
    """Microseconds within which that share of what arrives has arrived: a bin's upper edge."""
    bin_ = int(np.searchsorted(np.cumsum(shares), share * float(shares.sum())))
    return round(_EDGES_S[min(bin_ + 1, BINS)] * SECOND)
