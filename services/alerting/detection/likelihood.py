"""How much an observation speaks for each kind of fault: log-likelihood ratios, as integers.

In:  the laws of the classes. Out: for each class and hypothesis a table over all observations, in
millionths of a nat: sums are exact, so no order, block or machine changes a verdict. Pure.
Before: `law.py`. After: `window.py` looks up, `explain.py` sums.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.alerting.detection.law import (
    BINS,
    LOG_WIDTH,
    UNKNOWN,
    Floats,
    Integers,
    Laws,
    Row,
    quantile,
)

NAT = 1_000_000


class Hypothesis(StrEnum):
    """What may be wrong with a component, in the order in which explanations are tried."""

    ACCEPT_DEAD = "accept-dead"  # no request is taken
    ACCEPT_LOSSY = "accept-lossy"  # some requests are not taken
    DEAD = "dead"  # nothing arrives
    LOSSY = "lossy"  # some messages never arrive
    SLOW = "slow"  # what arrives takes several times as long


# Of the acceptance plane, then of the delivery plane; a plane is a place in this tuple.
PLANES: Final = (
    (Hypothesis.ACCEPT_DEAD, Hypothesis.ACCEPT_LOSSY),
    (Hypothesis.DEAD, Hypothesis.LOSSY, Hypothesis.SLOW),
)
DEAD_LOST, LOSSY_LOST = 0.95, 0.30
LOST: Final = {
    Hypothesis.ACCEPT_DEAD: DEAD_LOST,
    Hypothesis.ACCEPT_LOSSY: LOSSY_LOST,
    Hypothesis.DEAD: DEAD_LOST,
    Hypothesis.LOSSY: LOSSY_LOST,
    Hypothesis.SLOW: LOSSY_LOST,
}
_HEALTHY_FACTOR, _SLOW_FACTOR = 2, 6  # times the learnt latency
CAP = 6.0  # no single silent message, and no wrong table, is a third of a page
_REFUSED = 7.6
_SLOW_ARRIVED = 3.0

# Columns of a table: open by age, arrived by latency, then these.
ARRIVED, REFUSED, FAILED, NOTHING = BINS, 2 * BINS, 2 * BINS + 1, 2 * BINS + 2
_COLUMNS = 2 * BINS + 3


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Look-up tables of one version of the laws: `values[row, dead|lossy|slow, observation]`.

    The acceptance plane uses the first two. `slow`: by row, what takes longer is slow for sure:
    twice the time within which 99 % arrive.
    """

    laws: Laws
    values: NDArray[np.int32]
    slow: Integers
    places: Mapping[Row, int]

    def place(self, row: Row) -> int:
        """Where a class stands; its medium while it is unknown, the shipped law while both are."""
        shipped = self.places[Row(UNKNOWN)]
        return self.places.get(row, self.places.get(Row(row.medium), shipped))


def tables(learnt: Laws) -> Tables:
    """The tables of these laws."""
    shares, losses = learnt.shares, learnt.losses[:, None]
    values = np.zeros((len(learnt.rows), 3, _COLUMNS))
    survival = losses + (1 - losses) * (1 - (np.cumsum(shares, axis=1) - shares))
    healthy = _shift(survival, _HEALTHY_FACTOR, 1.0)
    for place, lost in enumerate((DEAD_LOST, LOSSY_LOST)):
        values[:, place, :BINS] = np.minimum(np.log((lost + (1 - lost) * healthy) / healthy), CAP)
        values[:, place, ARRIVED:REFUSED] = math.log(1 - lost)
        values[:, place, REFUSED] = _REFUSED + math.log(lost)
        values[:, place, FAILED] = overdue(lost, losses[:, 0])
    values[:, 2, :BINS] = np.clip(np.log(_shift(survival, _SLOW_FACTOR, 1.0) / healthy), 0, CAP)
    values[:, 2, ARRIVED:REFUSED] = _slow_arrived(shares)
    whole = np.rint(values * NAT).astype(np.int32)
    slow = np.array([2 * quantile(own, 0.99) for own in shares], np.int64)
    return Tables(learnt, whole, slow, {row: place for place, row in enumerate(learnt.rows)})


def plane_of(hypothesis: Hypothesis) -> int:
    """The plane whose messages a hypothesis is about."""
    return next(plane for plane, kinds in enumerate(PLANES) if hypothesis in kinds)


def overdue(lost: float, loss: Floats) -> Floats:
    """What one message that never came says for a fault that loses the share `lost`, in nats."""
    return np.minimum(np.log((lost + (1 - lost) * loss) / loss), CAP)


def look_up(values: NDArray[np.int32], rows: Integers, observed: Integers, plane: int) -> Integers:
    """Ratios by hypothesis of the plane and item, in millionths of a nat."""
    flat = rows * (3 * _COLUMNS) + observed
    kinds = range(len(PLANES[plane]))
    return np.stack([values.ravel()[flat + kind * _COLUMNS] for kind in kinds]).astype(np.int64)


def _slow_arrived(shares: Floats) -> Floats:
    slow, twice = _shift(shares, _SLOW_FACTOR, 1e-6), _shift(shares, _HEALTHY_FACTOR, 1e-6)
    return np.clip(np.log(slow / np.maximum(shares, twice)), -_SLOW_ARRIVED, _SLOW_ARRIVED)


def _shift(values: Floats, factor: float, fill: float) -> Floats:
    """The same by bin if everything took `factor` times as long."""
    by = round(math.log(factor) / LOG_WIDTH)
    moved = np.full_like(values, fill)
    moved[:, by:] = values[:, :-by]
    return moved
