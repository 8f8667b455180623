"""Claims: what the provider said of each message, against what its device saw.

In:  lines of valid probes. Out: counts; those it claims delivered and nobody saw are false receipts
거짓 성공 통보. Pure.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from services.contracts.vocabulary import Outcome
from services.reporting.counts import Adding
from services.reporting.lines import ALIVE, Line

_SEEN = frozenset({Outcome.DELIVERED, Outcome.LATE})


@dataclass(frozen=True, slots=True)
class Claims(Adding):
    """The provider's word × the device's sight; `none` holds what is still `pending`, too.

    `false` of `claimed`: where the receiver was alive. Seen late is not false.
    """

    delivered_seen: int = 0
    delivered_unseen: int = 0
    failed_seen: int = 0
    failed_unseen: int = 0
    none_seen: int = 0
    none_unseen: int = 0
    pending: int = 0
    claimed: int = 0
    false: int = 0


def claims(lines: Iterable[Line]) -> Claims:
    """Counted."""
    counts: Counter[str] = Counter()
    for line in lines:
        says = "none" if line.provider_says == "pending" else line.provider_says
        seen = line.outcome in _SEEN
        counts[f"{says}_{'seen' if seen else 'unseen'}"] += 1
        counts["pending"] += line.provider_says == "pending"
        if says == "delivered" and (seen or _alive(line)):
            counts["claimed"] += 1
            counts["false"] += not seen
    return Claims(**counts)


def _alive(line: Line) -> bool:
    return line.outcome is Outcome.UNDELIVERED or ALIVE in line.flags
