"""Golden: the numbers typed by hand, read back out of the PDF, the workbook and the JSON."""

from functools import cache

import pytest

from services.contracts.report import Report
from services.reporting.chain import text_of
from services.reporting.documents.document import document
from services.reporting.documents.pdf import pdf
from services.reporting.documents.words import LANGUAGES, Language
from services.reporting.documents.xlsx import xlsx
from tests.unit.reporting.goldens import GOLDEN, report_of
from tests.unit.reporting.reading import FIGURES, Book, Page

everywhere = pytest.mark.parametrize("name", GOLDEN)
in_both = pytest.mark.parametrize("language", LANGUAGES)


@cache
def _page(name: str, language: Language) -> Page:
    return Page(pdf(document(report_of(name), language)), language)


@cache
def _book(name: str, language: Language) -> Book:
    return Book(xlsx(document(report_of(name), language)), language)


@everywhere
def test_golden_numbers_are_in_the_json(name: str) -> None:
    report = Report.model_validate_json(text_of(report_of(name)))
    (item,) = report.items
    said = {each: FIGURES[each].scale(FIGURES[each].json(item, report)) for each in _of(name)}
    assert said == _of(name)
    assert item.verdict is GOLDEN[name].verdict


@everywhere
@in_both
def test_golden_numbers_are_printed_on_the_page(name: str, language: Language) -> None:
    page = _page(name, language)
    assert {each: page.figure(each) for each in _of(name)} == _of(name)


@everywhere
@in_both
def test_golden_numbers_are_cells_of_the_workbook(name: str, language: Language) -> None:
    book = _book(name, language)
    assert {each: book.figure(each) for each in _of(name)} == _of(name)


@everywhere
@in_both
def test_golden_verdicts_are_told_in_words(name: str, language: Language) -> None:
    page, book = _page(name, language), _book(name, language)
    word = page.words(f"verdict.{GOLDEN[name].verdict}")
    assert page.after("1", "summary.verdict") == word
    assert book.after("1", "summary.verdict") == word


@in_both
def test_golden_quantiles_that_never_arrived_are_words(language: Language) -> None:
    page = _page("G2 public, always", language)
    assert page.after("1", "summary.p95") == page.words("latency.never")


def _of(name: str) -> dict[str, str]:
    return dict(GOLDEN[name].figures)
