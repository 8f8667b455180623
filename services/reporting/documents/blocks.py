"""What a document is made of, whatever it is written as.

Before: `sections/` says it. After: `pdf.py` and `xlsx.py` write the same blocks, so that a figure
is taken from the report in one place. A cell holds what is printed and the number or date itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from services.contracts.report_words import State, Verdict


class Form(StrEnum):
    """What kind of value a cell holds; a spreadsheet formats it by this."""

    TEXT = "text"
    COUNT = "count"
    MINUTES = "minutes"
    PERCENT = "percent"
    MILLISECONDS = "milliseconds"
    TIME = "time"
    DATE = "date"


class Cell(NamedTuple):
    """`value` is a number or a date of the report's time zone, None where there is none."""

    shown: str
    value: str | int | float | datetime | date | None
    form: Form


class Column(NamedTuple):
    """`wide` ones share the room that the others leave."""

    title: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    style: Literal["plain", "note", "strong"] = "plain"


@dataclass(frozen=True, slots=True)
class Title:
    """Of a part of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels with what they say."""

    rows: tuple[tuple[str, Cell], ...]
    columns: Literal[1, 2] = 2


@dataclass(frozen=True, slots=True)
class Table:
    """`book`: for a workbook only, which has room for it."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    book: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A channel's verdict, large, and why."""

    verdict: Verdict
    channel: str
    word: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cards:
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing; `alt` says the same in words, and a table beside it in figures."""

    kind: Literal["strip", "burn", "months", "timeline", "claims", "latency"]
    title: str
    alt: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Signature:
    """Where an official signs by hand."""

    labels: tuple[str, ...]


Block = Text | Title | Facts | Table | Cards | Chart | Signature


@dataclass(frozen=True, slots=True)
class Section:
    """`number` is 0 … 11 or A; `sheet` names the sheet of a workbook that holds it."""

    number: str
    title: str
    sheet: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """All of one report in one language. `sealed_at` is its date: nothing of it is of today."""

    language: str
    title: str
    head: str
    foot: str
    page: str
    watermark: str | None
    state: State
    sealed_at: datetime
    sections: tuple[Section, ...]
