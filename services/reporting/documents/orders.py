"""What a document shows beside its own revision: the months before it, and its body's chain. Pure.

In:  a revision, all revisions. Out: those of which `making.py` needs the text; the chain's file.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from services.reporting.chain import Link, chain_text
from services.storage.months import Revision

EARLIER = 11  # months before, for the chart of twelve


def earlier(asked: Revision, revisions: Sequence[Revision]) -> list[Revision]:
    """The last revision of each of the months before, as it stood when `asked` was sealed: a
    document made again later is the same."""
    first = _months_before(asked.month, EARLIER)
    latest = {
        each.month: each
        for each in revisions
        if each.body == asked.body and first <= each.month < asked.month
        and each.number < asked.number
    }  # fmt: skip
    return [latest[month] for month in sorted(latest)]


def _months_before(month: str, count: int) -> str:
    day = date.fromisoformat(f"{month}-15")
    for _ in range(count):
        day = (day.replace(day=1) - timedelta(days=1)).replace(day=15)
    return day.strftime("%Y-%m")


def chain_until(asked: Revision, revisions: Sequence[Revision]) -> bytes:
    """The chain of its body up to it, as a file."""
    return chain_text(
        Link(each.body, each.month, each.revision, each.content_hash, each.entry)
        for each in revisions
        if each.body == asked.body and each.number <= asked.number
    )
