"""`make bench ONLY=documents`: how long a month's documents of all bodies take, in what memory.

In:  bodies, processes. Out: seconds, CPU seconds and MiB beside their limits; exit 1 beyond one.
Each body is the sample of docs/ as it was closed, with eleven months before: two channels had an
outage, three more had none. Only names differ.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from services.contracts.report import Report
from services.reporting import chain
from services.reporting.documents.making import Order, make

_SAMPLE = Path(__file__).parents[1] / "docs/samples/2026-10/geoje/geoje-2026-10-r2.json"
_QUIET = ("brandmessage", "email", "push")
_BEFORE = [f"2025-{n}" for n in (11, 12)] + [f"2026-{n:02}" for n in range(1, 10)]
_LIMIT_S, _LIMIT_MIB = 60.0, 768.0
_FILES = 6  # two languages of PDF and workbook, JSON, SHA256SUMS


class Measured(NamedTuple):
    """`mib`: that of the largest worker, times their number."""

    seconds: float
    cpu_s: float
    mib: float
    files: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Make, print, judge."""
    asked = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as out:
        found = _measured(asked.bodies, asked.jobs, Path(out))
    whole = found.files == asked.bodies * _FILES
    print(f"{asked.bodies} bodies x 5 channels, {asked.jobs} processes: "
          f"{found.files} files")  # fmt: skip
    print(f"  {found.seconds:.1f} s /{_LIMIT_S:.0f}, {found.cpu_s:.1f} s of CPU")
    print(f"  {found.mib:.0f} MiB in all workers /{_LIMIT_MIB:.0f}")
    kept = found.seconds <= _LIMIT_S and found.mib <= _LIMIT_MIB and whole
    return 0 if kept else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bench.documents", description=__doc__)
    parser.add_argument("--bodies", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    return parser


def _measured(bodies: int, jobs: int, out: Path) -> Measured:
    orders = list(_orders(bodies))
    began, spent = time.monotonic(), _cpu_s()
    made = list(make(orders, out, jobs=jobs))
    seconds = time.monotonic() - began
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Measured(seconds, _cpu_s() - spent, jobs * largest, sum(len(one.files) for one in made))


def _cpu_s() -> float:
    """Of this process and of those that ended."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(whose) for whose in both]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _orders(bodies: int) -> Iterator[Order]:
    sample = json.loads(_SAMPLE.read_bytes())
    earlier = [_text(sample, "geoje", month) for month in _BEFORE]
    for number in range(bodies):
        yield Order(_text(sample, f"body-{number:03}", "2026-10"), tuple(earlier))


def _text(sample: Any, body: str, month: str) -> bytes:
    told = {**sample, "month": month, "body": {**sample["body"], "id": body}}
    told |= {"revision": 1, "state": "closed", "approval": None, "corrections": [], "diff": []}
    clean = [each for each in sample["days"] if each["channel"] == "sms"]
    quiet = next(each for each in sample["items"] if each["channel"] == "sms")
    for channel in _QUIET:
        told["items"] = [*told["items"], {**quiet, "channel": channel}]
        told["days"] = [*told["days"], *({**each, "channel": channel} for each in clean)]
    return chain.text_of(chain.sealed(Report.model_validate_json(json.dumps(told)), chain.ZEROS))


if __name__ == "__main__":
    raise SystemExit(main())
