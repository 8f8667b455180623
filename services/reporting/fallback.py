"""Fallback: whether the provider's substitute came where the own leg failed 대체 발송.

In:  lines of valid probes. Out: counts. A substitute has come when the device saw it. Pure.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from services.contracts.vocabulary import Outcome
from services.reporting.counts import Adding
from services.reporting.lines import LADDER, Line

_FAILED = frozenset({Outcome.FAILOVER, Outcome.REJECTED, Outcome.UNDELIVERED})
_NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class Fallback(Adding):
    """eligible = in_time + late + never + not_started (no result, hence no substitute). `double`,
    apart: both legs arrived."""

    eligible: int = 0
    in_time: int = 0
    late: int = 0
    never: int = 0
    not_started: int = 0
    double: int = 0


def fallback(lines: Iterable[Line], within_s: int) -> Fallback:
    """Counted; in time: seen at most so long after the failed leg was sent."""
    counts: Counter[str] = Counter()
    for line in lines:
        if line.outcome not in _FAILED:
            counts["double"] += line.substitute is not None
        elif LADDER in line.flags:
            counts["eligible"] += 1
            counts[_came(line, within_s)] += 1
    return Fallback(**counts)


def _came(line: Line, within_s: int) -> str:
    if line.substitute is not None:
        return "in_time" if line.substitute - (line.sent or 0) <= within_s * 1_000 else "late"
    refused = line.outcome is Outcome.REJECTED and line.reason != _NO_ANSWER
    return "never" if refused or line.reported is not None else "not_started"
