"""A document as PDF/A, set by typst.

In:  blocks. Out: bytes, the same in every process, time zone and locale. All text goes to typst as
data: nothing that a provider or a person wrote is ever read as markup. Before: `document.py`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import typst

from services.reporting.documents import fonts, widths
from services.reporting.documents.blocks import (
    Block,
    Card,
    Cards,
    Cell,
    Chart,
    Document,
    Facts,
    Form,
    Section,
    Signature,
    Table,
    Text,
    Title,
)

_HERE = Path(__file__).parent
_PAGE = _HERE / "report.typ"
_STANDARD: Final = "a-2a"  # for archives: fonts within, tagged, and nothing from outside
_FORGETTING = 3  # runs of 1 ms each
_HALF = ("burn", "claims")  # charts that stand two abreast
_WHOLE = 20  # rows up to which a table stays on one page
_SMALL = 8  # columns from which on a table is set smaller
_FACTS = 8.5  # points


def pdf(document: Document) -> bytes:
    """All pages."""
    made = _compiler().compile(
        input=_PAGE, format="pdf", sys_inputs=_inputs(document), pdf_standards=_STANDARD,
        timestamp=int(document.sealed_at.timestamp()),
    )  # fmt: skip
    assert isinstance(made, bytes)
    return made


def forget() -> None:
    """Give back what typst keeps of earlier documents, which share next to nothing with the next:
    what several runs did not ask for goes, so empty ones do (350 MiB a process became 250)."""
    for _ in range(_FORGETTING):
        _compiler().compile(input=b"", format="pdf")


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(input=_PAGE, root=_HERE, font_paths=fonts.loaded())


def _inputs(document: Document) -> dict[str, str]:
    at = document.sealed_at
    told = {
        "language": document.language,
        "title": document.title,
        "head": document.head,
        "foot": document.foot,
        "page": document.page,
        "watermark": document.watermark,
        "sealed_at": [at.year, at.month, at.day, at.hour, at.minute, at.second],
        "sections": [
            {
                "number": section.number,
                "title": section.title,
                "blocks": list(_paired(_all_laid(_printed(section)))),
            }
            for section in document.sections
        ],
    }
    return {"document": json.dumps(told, ensure_ascii=False)}


def _printed(section: Section) -> list[Block]:
    return [block for block in section.blocks if not (isinstance(block, Table) and block.book)]


def _all_laid(blocks: list[Block]) -> Iterator[dict[str, Any]]:
    """A sentence stays with the table that it is about."""
    for block, after in zip_longest(blocks, blocks[1:]):
        yield _laid(block) | (
            {"sticky": isinstance(after, Table)} if isinstance(block, Text) else {}
        )


def _paired(blocks: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Half-wide charts that follow each other, two to a line."""
    waiting: list[dict[str, Any]] = []
    for block in blocks:
        if block.get("kind") in _HALF:
            waiting.append(block)
        if waiting and (block is not waiting[-1] or len(waiting) == 2):
            yield {"is": "Pair", "charts": waiting}
            waiting = []
        if block.get("kind") not in _HALF:
            yield block
    if waiting:
        yield {"is": "Pair", "charts": waiting}


def _laid(block: Block) -> dict[str, Any]:
    laid: dict[str, Any]
    match block:
        case Text():
            laid = {"text": block.text, "style": block.style}
        case Title():
            laid = {"text": block.text}
        case Facts():
            laid = _facts(block)
        case Table():
            laid = _table(block)
        case Cards():
            laid = {"cards": [_card(card.word) | _plain(card) for card in block.cards]}
        case Chart():
            laid = {
                "kind": block.kind, "title": block.title, "alt": block.alt, "data": block.data
            }  # fmt: skip
        case Signature():
            laid = {"labels": block.labels}
    return {"is": type(block).__name__, **laid}


def _card(word: str) -> dict[str, Any]:
    """A long word is set smaller, so that it stays on its line."""
    return {"size": 15 if len(word) < 10 else 11}


def _plain(card: Card) -> dict[str, Any]:
    return {
        "verdict": card.verdict, "channel": card.channel, "word": card.word, "reason": card.reason,
    }  # fmt: skip


def _facts(facts: Facts) -> dict[str, Any]:
    cells = [text for label, cell in facts.rows for text in (label, cell.shown)]
    if facts.columns == 2 and len(facts.rows) % 2:
        cells += ["", ""]
    label = 40 * widths.MM
    columns = [label, 170 * widths.MM / facts.columns - label] * facts.columns
    step = len(columns)
    rows = [cells[first : first + step] for first in range(0, len(cells), step)]
    needs = [[widths.font().text.of(text, _FACTS) for text in row] for row in rows]
    return {
        "columns": columns, "rows": _heights(rows, needs, columns, _FACTS, 8), "cells": cells,
    }  # fmt: skip


def _table(table: Table) -> dict[str, Any]:
    """A column of numbers stands to the right."""
    sides = [_side([row[index] for row in table.rows]) for index in range(len(table.columns))]
    long = len(table.rows) > _WHOLE
    size, above = (7 if len(table.columns) >= _SMALL else 8), (2.6 if long else 3.4)
    head = [column.title for column in table.columns]
    rows = [[cell.shown for cell in row] for row in table.rows]
    font = widths.font()
    needs = [
        [font.head.of(text, size) for text in head],
        *([font.text.of(text, size) for text in row] for row in rows),
    ]
    columns = widths.columns(needs, [column.wide for column in table.columns])
    return {
        "title": table.title,
        "columns": columns,
        "rows": _heights([head, *rows], needs, columns, size, 2 * above),
        "head": head,
        "align": sides,
        "cells": [text for row in rows for text in row],
        "long": long,
        "size": size,
        "above": above,
    }


def _heights(
    rows: Sequence[Sequence[str]], needs: Sequence[Sequence[float]], columns: Sequence[float],
    size: float, around: float,
) -> list[float | None]:  # fmt: skip
    line = widths.font().line * size / 100 + around
    return [widths.height(row, need, columns, line) for row, need in zip(rows, needs, strict=True)]


def _side(cells: list[Cell]) -> str:
    numbers = (Form.COUNT, Form.MINUTES, Form.PERCENT, Form.MILLISECONDS)
    return "right" if any(cell.form in numbers for cell in cells) else "left"
