"""`make bench ONLY=detection`: how fast and how surely the detector names what breaks.

In:  sizes, kinds, runs, a seed. Out: the acceptance table; exit 1 if anything is beyond its limit.
Before: `table.py`. Runs are spread over processes; the figures hang on the seed alone.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from bench.faults import ALL, TABLE
from bench.runs import QUIET, Outcome, Plan, play
from bench.table import Report

_CONFIRM = {"C1": (False,), "C2": (True,), "both": (False, True)}
_RUNS = {"S7": 100, "S50": 60, "S250": 10}
_BUNCH = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, judge."""
    asked = _parser().parse_args(arguments)
    outcomes = list(_played(_plans(asked), asked.jobs))
    if asked.json:
        print(json.dumps([_plain(one) for one in outcomes]))
        return 0
    report = Report(outcomes, loose=asked.loose)
    print("\n".join(report.lines))
    print("\nbeyond the limits:", *(report.beyond or ["nothing"]), sep="\n  ")
    return 1 if report.beyond else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bench.detection", description=__doc__)
    parser.add_argument("--sizes", default="S7,S50", help="of S7, S50, S250")
    parser.add_argument("--kinds", help=f"of {', '.join([*ALL, QUIET])}; default: the table's")
    parser.add_argument("--runs", type=int, help="a kind; of quiet: days; default: the table's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--confirm", choices=_CONFIRM, default="both")
    parser.add_argument("--interval", type=int, choices=(60, 300), default=60, help="seconds")
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=2, help="processes")
    parser.add_argument(
        "--loose", action="store_true", help="for few runs: p95 limits doubled, no medians"
    )
    parser.add_argument("--json", action="store_true", help="print every run instead")
    return parser


def _plans(asked: argparse.Namespace) -> list[Plan]:
    kinds = asked.kinds.split(",") if asked.kinds else list(TABLE)
    return [
        Plan(size, kind, confirm, asked.interval, asked.seed, number)
        for size in asked.sizes.split(",")
        for confirm in _CONFIRM[asked.confirm]
        for kind in kinds
        for number in range(asked.runs or _RUNS[size])
    ]


def _played(plans: Sequence[Plan], jobs: int) -> Iterator[Outcome]:
    with ProcessPoolExecutor(jobs) as pool:
        for done, outcome in enumerate(pool.map(play, plans), 1):
            if done % max(len(plans) // _BUNCH, 1) == 0 or done == len(plans):
                print(f"\r{done} of {len(plans)} runs", end="", file=sys.stderr, flush=True)
            yield outcome
    print(file=sys.stderr)


def _plain(outcome: Outcome) -> dict[str, object]:
    pages = [page._asdict() for page in outcome.pages]
    return outcome._asdict() | {"plan": outcome.plan._asdict(), "pages": pages}


if __name__ == "__main__":
    sys.exit(main())
