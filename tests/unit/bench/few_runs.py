"""Ten runs a kind of the small world: what every merge shows of the acceptance table.

Two files play them, one for each worker of `make test`; `make bench` plays more.
"""

from functools import cache

from bench.faults import TABLE
from bench.runs import Outcome, Plan, play
from bench.table import Report

RUNS, SEED = 10, 1


@cache
def _outcomes(kind: str, confirm: bool) -> list[Outcome]:
    return [play(Plan("S7", kind, confirm, 60, SEED, number)) for number in range(RUNS)]


def beyond_the_limits(confirm: bool, *kinds: str) -> list[str]:
    """With p95 limits doubled, for so few runs; without kinds: of all kinds together."""
    found = [one for kind in kinds or TABLE for one in _outcomes(kind, confirm)]
    return Report(found, loose=True).beyond
