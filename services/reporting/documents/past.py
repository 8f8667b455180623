"""What a document shows of a month before: no more of its report is read, a tenth of the work.

In:  a report as its canonical text. Before: its own sealing, which had it whole. After: the chart
of twelve months in `sections/daily.py`, the head of the chain in `sections/appendix.py`.
"""

from pydantic import BaseModel, ConfigDict

from services.contracts.report import Report, Seal
from services.contracts.report_item import Availability, Item
from services.contracts.report_words import State, Verdict


class _Read(BaseModel):
    """Other fields are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class PastItem(_Read):
    """A channel's month."""

    channel: str
    availability: Availability
    verdict: Verdict


class Past(_Read):
    """A month."""

    month: str
    state: State
    items: tuple[PastItem, ...]
    seal: Seal


Month = Report | Past
MonthItem = Item | PastItem
