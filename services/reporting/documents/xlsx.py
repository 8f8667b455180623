"""A document as a workbook: the tables of the page, whose cells are numbers and dates.

In:  blocks. Out: bytes, the same in every process: the only time in it is the report's own. Text is
written as text, so that nothing a provider wrote becomes a formula. Before: `document.py`.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from io import BytesIO
from itertools import groupby

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from services.reporting.documents.blocks import (
    Block,
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

_NUMBERS = {
    Form.TEXT: "@",
    Form.COUNT: "#,##0",
    Form.MINUTES: "#,##0.######",
    Form.PERCENT: "0.0000%",
    Form.MILLISECONDS: "#,##0.000",
    Form.TIME: "yyyy-mm-dd hh:mm:ss",
    Form.DATE: "yyyy-mm-dd",
}
_FONT = {"font_name": "Pretendard", "font_size": 10}
_FIRST, _OTHERS, _COLUMNS = 34, 22, 12  # widths in characters, and to how many columns

Row = list[tuple[Cell, str]]  # a cell and how it looks: plain, head, title


def xlsx(document: Document) -> bytes:
    """All sheets."""
    out = BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        book.set_properties({
            "title": document.title, "subject": document.head,
            "created": document.sealed_at.replace(tzinfo=None),
        })  # fmt: skip
        looks = _looks(book)
        for name, sections in groupby(document.sections, key=lambda section: section.sheet):
            sheet = book.add_worksheet(name)
            sheet.set_column(0, 0, _FIRST)
            sheet.set_column(1, _COLUMNS, _OTHERS)
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
            sheet.set_footer(f"&L{document.foot.replace('&', '&&')}&R&P / &N")
            _write(sheet, _rows(sections), looks)
    return out.getvalue()


def _looks(book: Workbook) -> dict[tuple[str, Form], Format]:
    kinds = {
        "plain": {},
        "head": {"bold": True, "bg_color": "#EEF2F6", "bottom": 1},
        "title": {"bold": True, "font_size": 13, "font_color": "#1F3A5F"},
    }
    return {
        (look, form): book.add_format({**_FONT, **style, "num_format": number})
        for look, style in kinds.items()
        for form, number in _NUMBERS.items()
    }


def _write(sheet: Worksheet, rows: Iterable[Row], looks: dict[tuple[str, Form], Format]) -> None:
    for number, row in enumerate(rows):
        for column, (cell, look) in enumerate(row):
            style = looks[look, cell.form]
            match cell.value:
                case None:
                    pass
                case str():
                    sheet.write_string(number, column, cell.value, style)
                case datetime() | date():
                    sheet.write_datetime(number, column, cell.value, style)
                case _:
                    sheet.write_number(number, column, cell.value, style)


def _rows(sections: Iterable[Section]) -> Iterator[Row]:
    for section in sections:
        title = section.title if section.number == "0" else f"{section.number}. {section.title}"
        yield [_text(title, "title")]
        for block in section.blocks:
            yield from _block(block)
            yield []


def _block(block: Block) -> Iterator[Row]:
    match block:
        case Text() | Title():
            yield [_text(block.text, "plain" if isinstance(block, Text) else "head")]
        case Facts():
            yield from ([_text(label), (cell, "plain")] for label, cell in block.rows)
        case Table():
            yield [_text(block.title, "head")]
            yield [_text(column.title, "head") for column in block.columns]
            yield from ([(cell, "plain") for cell in row] for row in block.rows)
        case Cards():
            yield from ([_text(each.channel), _text(each.word), _text(each.reason)]
                        for each in block.cards)  # fmt: skip
        case Chart():
            yield [_text(block.alt)]
        case Signature():
            pass


def _text(said: str, look: str = "plain") -> tuple[Cell, str]:
    return Cell(said, said, Form.TEXT), look
