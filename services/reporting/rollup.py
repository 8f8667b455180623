"""Rollup: the totals of an item's day, or of its month so far, as one stored row.

In:  `Totals`. Out: their text, and back: whole numbers only, nothing that is zero, so that the same
totals are the same text. Rows of days add up to the row of the month, latencies by bucket included,
so a month is told from one row however long it is. Pure.
Before: `month.days`. After: `storage/rollups.py` keeps them, boards read them.
"""

from collections.abc import Iterable
from dataclasses import fields
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import orjson

from services.reporting.claims import Claims
from services.reporting.counts import Adding, Probes
from services.reporting.fallback import Fallback
from services.reporting.latency import BOUNDS, Latencies
from services.reporting.sums import Sums
from services.reporting.totals import STAGES, OfRoute, Totals


def write(totals: Totals) -> str:
    """The row of these totals, as JSON."""
    told = {
        "sums": _counts(totals.sums),
        "probes": _counts(totals.probes),
        "claims": _counts(totals.claims),
        "fallback": _counts(totals.fallback),
        "routes": {name: _counts(totals.routes[name]) for name in sorted(totals.routes)},
        "latencies": {stage: _buckets(totals.latencies[stage]) for stage in STAGES},
    }
    return orjson.dumps(told).decode()


def read(text: str) -> Totals:
    """The inverse of `write`."""
    told = orjson.loads(text)
    return Totals(
        Sums(**told["sums"]),
        Probes(**told["probes"]),
        Claims(**told["claims"]),
        Fallback(**told["fallback"]),
        {stage: _latencies(told["latencies"][stage]) for stage in STAGES},
        {name: OfRoute(**counts) for name, counts in told["routes"].items()},
    )


def merged(rows: Iterable[str]) -> str:
    """The row of all these together."""
    return write(reduce(add, map(read, rows), Totals()))


def _counts(of: Adding) -> dict[str, int]:
    names = (field.name for field in fields(of))  # type: ignore[arg-type]
    return {name: count for name in names if (count := getattr(of, name))}


def _buckets(of: Latencies) -> dict[str, Any]:
    """`at`: which buckets hold something; `n`: how much each."""
    at = np.flatnonzero(of.counts)
    return {"never": of.never, "at": at.tolist(), "n": of.counts[at].tolist()}


def _latencies(told: dict[str, Any]) -> Latencies:
    counts = np.zeros(len(BOUNDS), np.int64)
    counts[told["at"]] = told["n"]
    return Latencies(counts, told["never"])
