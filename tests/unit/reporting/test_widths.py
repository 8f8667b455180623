"""A table's columns and rows are known before it is set, and never too narrow or too low."""

import json

import typst
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.report import Report
from services.reporting.documents import fonts
from services.reporting.documents.blocks import Table
from services.reporting.documents.document import document
from services.reporting.documents.widths import columns, font, height
from services.reporting.documents.words import LANGUAGES
from tests.unit.reporting.sample import orders

_SET = b"""#set text(font: "Pretendard", fallback: false, size: 8pt, number-width: "tabular")
#let set-out(each) = measure(each).width.pt()
#context [#metadata((
  text: json(bytes(sys.inputs.texts)).map(set-out),
  head: json(bytes(sys.inputs.texts)).map(each => set-out(strong(each))),
)) <widths>]"""
_SIDES = 8


def _set_out(texts: list[str]) -> dict[str, list[float]]:
    asked = typst.Compiler(
        input=_SET, font_paths=fonts.loaded(), sys_inputs={"texts": json.dumps(texts)}
    )
    told: dict[str, list[float]] = json.loads(asked.query("<widths>", field="value", one=True))
    return told


def _texts() -> list[str]:
    """All that the tables of the sample say."""
    (order,) = orders()
    report = Report.model_validate_json(order.text)
    tables = [
        block
        for language in LANGUAGES
        for section in document(report, language).sections
        for block in section.blocks
        if isinstance(block, Table)
    ]
    cells = {cell.shown for table in tables for row in table.rows for cell in row}
    return sorted(cells | {column.title for table in tables for column in table.columns})


def test_what_a_text_needs_is_what_typst_sets_it_in() -> None:
    texts = [*_texts(), "WAVE To Yo. fi -> <= 11:11", "뷁 쀍 가나다 · … × −"]
    told = _set_out(texts)
    for known, widths in ((font().text, told["text"]), (font().head, told["head"])):
        for text, width in zip(texts, widths, strict=True):
            assert width <= known.of(text, 8) - _SIDES <= width * 1.05 + 1, text


def test_a_character_that_is_not_known_takes_as_much_as_the_widest() -> None:
    text = "⟶"
    assert _set_out([text])["head"][0] <= font().head.of(text, 8) - _SIDES


@given(st.lists(st.floats(8, 900), min_size=1, max_size=9), st.lists(st.floats(8, 900), max_size=3))
def test_no_table_is_wider_than_its_page(narrow: list[float], wide: list[float]) -> None:
    found = columns([[*narrow, *wide]], [False] * len(narrow) + [True] * len(wide))
    assert sum(found) < 482
    assert all(each > 0 for each in found)
    if sum(narrow) + 90 * len(wide) < 481:
        assert found[: len(narrow)] == narrow


def test_the_widest_gives_where_there_is_too_little_room() -> None:
    found = columns([[100, 50, 900]], [False, False, False])
    assert found[:2] == [100, 50]
    assert round(sum(found)) == 482


def test_a_row_that_takes_more_than_a_line_is_left_to_typst() -> None:
    assert height(["a", "b"], [20, 30], [20, 30], 12) == 12
    assert height(["a", "b"], [20, 31], [20, 30], 12) is None
    assert height(["a", "b\nc"], [20, 30], [20, 30], 12) is None
