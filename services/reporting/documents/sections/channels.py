"""Tables with a column a channel, and what belongs to a channel."""

from collections.abc import Callable, Iterator, Sequence

from services.contracts.report import Outage, Report
from services.contracts.report_item import Item
from services.reporting.documents.blocks import Cell, Column, Table
from services.reporting.documents.shown import Shown

ABREAST = 5  # channels that fit the width of a page

Figure = tuple[str, Callable[[Item], Cell]]


def over_channels(
    report: Report, shown: Shown, title: str, figures: Sequence[Figure]
) -> Iterator[Table]:
    """A row a figure, whose first part is a key of the catalogue."""
    for first in range(0, len(report.items), ABREAST):
        items = report.items[first : first + ABREAST]
        columns = (
            Column(shown.words("common.figure")),
            *(Column(shown.channel(item.channel)) for item in items),
        )
        rows = [(shown.word(key), *map(figure, items)) for key, figure in figures]
        yield Table(title, columns, tuple(rows))


def outages_of(item: Item, report: Report) -> list[Outage]:
    return [outage for outage in report.outages if outage.channel == item.channel]


def longest_fix(item: Item, report: Report) -> int | None:
    """In minutes, by the upper bound."""
    return max((outage.fix.upper for outage in outages_of(item, report)), default=None)
