"""Figures read back out of documents, by name: as printed on the page, as a cell holds them, as the
JSON says them. Names stand in `goldens.py`."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from io import BytesIO
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import openpyxl  # type: ignore[import-untyped]
import pypdf

from services.contracts.report import Report
from services.contracts.report_item import Item
from services.reporting.documents.words import Language, Words

Value = str | int | float | datetime | None


class Figure(NamedTuple):
    """Where it is printed: section and key of its label; `json`: what the report says of it.
    `scale`: how the value reads in print."""

    section: str
    label: str
    json: Callable[[Item, Report], Any]
    scale: Callable[[Any], str]


def _number(value: Any) -> str:
    """No more digits than it has."""
    told = f"{Decimal(str(value)):f}"
    return told.rstrip("0").rstrip(".") if "." in told else told


def _percent(value: Any) -> str:
    """Six digits of a ratio are four of a per cent: nothing is rounded."""
    told = Decimal(str(value)) * 100
    assert told == round(told, 4)
    return f"{told:.4f}"


def _used(value: Any) -> str:
    return f"{(Decimal(str(value)) * 100).quantize(Decimal('0.01'), ROUND_CEILING)}"


def _share(value: Any) -> str:
    return _number(Decimal(str(value)) * 100)


def _time(value: Any) -> str:
    if isinstance(value, str):
        value = datetime.fromisoformat(value).astimezone(ZoneInfo("Asia/Seoul"))
    return f"{value:%Y-%m-%d %H:%M:%S}"


def _of(path: str) -> Callable[[Item, Report], Any]:
    def found(item: Item, _: Report) -> Any:
        value: Any = item
        for name in path.split("."):
            value = getattr(value, name)
        return value

    return found


def _outage(path: str) -> Callable[[Item, Report], Any]:
    return lambda item, report: _of(path)(report.outages[0], report)  # type: ignore[arg-type]


def _longest(item: Item, report: Report) -> int:
    return max(outage.fix.upper for outage in report.outages)


FIGURES = {
    "measured": Figure("1", "summary.measured", _of("availability.measured"), _percent),
    "lowest": Figure("1", "summary.lowest", _of("availability.lowest"), _percent),
    "highest": Figure("1", "summary.highest", _of("availability.highest"), _percent),
    "outage": Figure("1", "summary.outage", _of("outage_min"), _number),
    "unmeasured": Figure("1", "summary.unmeasured", _of("minutes.unmeasured"), _number),
    "budget": Figure("1", "summary.budget", _of("budget_min"), _number),
    "used": Figure("1", "summary.used", _of("budget_used"), _used),
    "delivered": Figure("1", "summary.delivered", _of("probes.ratio.value"), _percent),
    "delivered_low": Figure("1", "summary.low", _of("probes.ratio.low"), _percent),
    "delivered_high": Figure("1", "summary.high", _of("probes.ratio.high"), _percent),
    "outages": Figure("1", "summary.outages", _of("response.outages"), _number),
    "fix": Figure("1", "summary.fix", _longest, _number),
    "fix_lower": Figure("3", "outage.fix_lower", _outage("fix.lower"), _number),
    "lag": Figure("3", "outage.lag", _outage("notice_lag_min"), _number),
    "service": Figure("4", "minute.service", _of("minutes.service"), _number),
    "partial": Figure("4", "minute.partial", _of("minutes.partial"), _number),
    "down": Figure("4", "minute.down", _of("minutes.down"), _number),
    "bridged": Figure("4", "minute.bridged", _of("minutes.bridged"), _number),
    "holiday": Figure("4", "minute.holiday", _of("minutes.excluded.holiday"), _number),
    "restricted": Figure("4", "minute.restricted", _of("minutes.excluded.restricted"), _number),
    "maintenance": Figure("4", "minute.maintenance", _of("minutes.excluded.maintenance"), _number),
    "without": Figure("4", "exclusion.without", _of("availability.no_exclusions"), _percent),
    "false": Figure("5", "claims.false_ratio", _of("claims.false_receipt.value"), _percent),
    "false_low": Figure("5", "summary.low", _of("claims.false_receipt.low"), _percent),
    "false_high": Figure("5", "summary.high", _of("claims.false_receipt.high"), _percent),
    "substitutes": Figure("7", "fallback.eligible", _of("fallback.eligible"), _number),
    "in_time": Figure("7", "fallback.in_time", _of("fallback.in_time"), _number),
    "later": Figure("7", "fallback.late", _of("fallback.late"), _number),
    "never": Figure("7", "fallback.never", _of("fallback.never"), _number),
    "fallback": Figure("7", "fallback.value", _of("fallback.value"), _percent),
    "fallback_low": Figure("7", "summary.low", _of("fallback.low"), _percent),
    "fallback_high": Figure("7", "summary.high", _of("fallback.high"), _percent),
    "mttd": Figure("8", "response.mttd_mean", _of("response.mttd.mean"), _number),
    "mtta": Figure("8", "response.mtta_median", _of("response.mtta.median"), _number),
    "mttr": Figure("8", "response.mttr_max", _of("response.mttr.max"), _number),
    "late": Figure("8", "response.late", _of("response.late_fix_min"), _number),
    "credit": Figure("9", "credit.share", lambda item, _: item.credit.row.credit_ppm / 1e6, _share),  # type: ignore[union-attr]
    "deadline": Figure("9", "credit.deadline", _of("credit.claim_deadline"), _time),
    "full": Figure("11", "method.partial_full", _of("availability.partial_full"), _percent),
    "ignored": Figure(
        "11", "method.partial_ignored", _of("availability.partial_ignored"), _percent
    ),
    "slots": Figure("11", "probe.slots", _of("probes.slots"), _number),
    "late_probes": Figure("11", "probe.late", _of("probes.late"), _number),
    "undelivered": Figure("11", "probe.undelivered", _of("probes.undelivered"), _number),
}  # fmt: skip


class Page:
    """The text of a PDF."""

    def __init__(self, pdf: bytes, language: Language) -> None:
        self.words = Words(language)
        pages = pypdf.PdfReader(BytesIO(pdf)).pages
        self.text = "\n".join(page.extract_text() for page in pages)

    def after(self, section: str, label: str, value: str = ".+") -> str:
        """What stands beside a label, in a section."""
        title = self.words(f"section.s{section}")
        _, _, within = self.text.partition(f"\n{section}. {title}\n")
        told = re.escape(self.words(label))
        beside = rf"{told} ({value})(?=\s)"
        found = re.search(f"^{beside}", within, re.M) or re.search(rf"\s{beside}", within)
        assert found, f"{label} is not printed in section {section}"
        return found.group(1)

    def figure(self, name: str) -> str:
        """As printed, without what makes it easier to read."""
        figure = FIGURES[name]
        if figure.scale is _time:
            return self.after(figure.section, figure.label)
        told = self.after(figure.section, figure.label, r"[\d,.]+(?: %)?")
        return told.replace(",", "").removesuffix(" %")


class Book:
    """The cells of a workbook."""

    def __init__(self, xlsx: bytes, language: Language) -> None:
        self.words = Words(language)
        book = openpyxl.load_workbook(BytesIO(xlsx))
        self.sheets = {sheet.title: sheet for sheet in book.worksheets}
        self.rows: list[tuple[Value, ...]] = [
            row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)
        ]

    def after(self, section: str, label: str) -> Value:
        """The cell to the right of a label, in a section."""
        title, told = f"{section}. {self.words(f'section.s{section}')}", self.words(label)
        first = next(number for number, row in enumerate(self.rows) if row and row[0] == title)
        return next(row[1] for row in self.rows[first:] if row and row[0] == told)

    def figure(self, name: str) -> str:
        """As it would be printed; a number or date, never text."""
        figure = FIGURES[name]
        value = self.after(figure.section, figure.label)
        assert isinstance(value, (int, float, datetime)), f"{name} is {value!r}"
        return figure.scale(value)
