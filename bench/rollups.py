"""`make bench ONLY=rollups`: how long figures of a month take from rows of the month so far.

In:  contract items. Out: seconds of one core beside their limit; exit 1 beyond it. A row holds at
least 134 buckets of latency, as a month of one probe a minute does. What Postgres needs to read the
rows stands in docs/components/reporting.md.
"""

import argparse
import time
from collections.abc import Iterator, Sequence

import numpy as np

from services.contracts.sla import Contract
from services.reporting import month, rollup
from services.reporting.calendar import month_window
from services.reporting.claims import Claims
from services.reporting.counts import Probes
from services.reporting.laid import Month
from services.reporting.latency import BOUNDS, Latencies
from services.reporting.slots import MINUTE_MS, Plan
from services.reporting.sums import Sums
from services.reporting.totals import STAGES, Totals

_LIMIT_S = 2.0
_MINUTES, _PER_MINUTE = 43_200, 10**6
_BUCKETS = dict(zip(STAGES, (20, 54, 60), strict=True))
_QUANTILES = (500_000, 950_000, 990_000)
_TERMS = {
    "id": "geoje.alimtalk.v1", "valid_from": "2026-01-01", "body": "geoje", "channel": "alimtalk",
    "counterparty": "nhn", "grade": 1, "routes": [{"route": "r1"}],
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Make rows, tell the months, judge."""
    asked = _parser().parse_args(arguments)
    rows, item = list(_rows(asked.items, asked.seed)), _item()
    began, spent = time.perf_counter(), time.process_time()
    verdicts = [_told(item, row) for row in rows]
    wall, cpu = time.perf_counter() - began, time.process_time() - spent
    print(f"{len(verdicts)} items, rows of {len(rows[0])} bytes")
    print(f"  {cpu:.1f} s of one core /{_LIMIT_S:.0f}, {wall:.1f} s by the clock")
    return 0 if cpu <= _LIMIT_S else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bench.rollups", description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def _told(item: Month, row: str) -> object:
    """All figures of an item, with its quantiles of every stage."""
    found = month.conclude(item, rollup.read(row), [], [])
    latencies = found.totals.latencies
    return found.verdict, [latencies[stage].quantiles(*_QUANTILES) for stage in STAGES]


def _item() -> Month:
    window = month_window("2026-11", "Asia/Seoul")
    start, end = (at * MINUTE_MS for at in window)
    plan = Plan("r1", start, end, ("p1",), 120)
    return Month(window, end, (Contract.model_validate(_TERMS),), (plan,), ())


def _rows(items: int, seed: int) -> Iterator[str]:
    dice = np.random.default_rng(seed)
    for _ in range(items):
        down, lost = int(dice.integers(40)), int(dice.integers(90))
        outage, good = down * _PER_MINUTE, _MINUTES - lost
        sums = Sums(
            total=_MINUTES, service=_MINUTES, up=_MINUTES - down, down=down, outage=outage,
            counted=outage, full=outage, ignored=outage, least=outage, most=outage,
            budget=800 * _MINUTES, measured_budget=800 * _MINUTES, bare_measured=_MINUTES,
            bare_counted=outage,
        )  # fmt: skip
        probes = Probes(slots=_MINUTES, delivered=good, undelivered=lost, good=good, bad=lost)
        claims = Claims(
            good, lost // 9, none_unseen=lost, claimed=good + lost // 9, false=lost // 9
        )
        times = {stage: _latencies(dice, count, good) for stage, count in _BUCKETS.items()}
        yield rollup.write(Totals(sums, probes, claims, latencies=times))


def _latencies(dice: np.random.Generator, buckets: int, came: int) -> Latencies:
    counts = np.zeros(len(BOUNDS), np.int64)
    at = dice.choice(np.arange(300, 600), buckets, replace=False)
    counts[at] = dice.multinomial(came, np.full(buckets, 1 / buckets))
    return Latencies(counts, _MINUTES - came)


if __name__ == "__main__":
    raise SystemExit(main())
