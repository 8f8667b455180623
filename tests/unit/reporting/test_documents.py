"""A report's documents: everything is said, in order, the same in every process, and safely."""

import os
import re
import subprocess
import sys
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from services.contracts.report import Objection, Report
from services.contracts.report_words import State
from services.reporting import chain
from services.reporting.chain import text_of
from services.reporting.documents import fonts
from services.reporting.documents.blocks import Chart, Table
from services.reporting.documents.document import document
from services.reporting.documents.past import Past
from services.reporting.documents.pdf import pdf
from services.reporting.documents.words import LANGUAGES, Language, Words
from services.reporting.documents.xlsx import xlsx
from services.runtime.errors import Stop
from tests.unit.reporting.exported import a_context, a_report
from tests.unit.reporting.goldens import report_of
from tests.unit.reporting.reading import Book, Page
from tests.unit.reporting.worked import Was, a_month

in_both = pytest.mark.parametrize("language", LANGUAGES)
NUMBERS = (*map(str, range(1, 12)), "A")
OCTOBER = "G2 public, always"


def _page(report: Report, language: Language = "en", earlier: tuple[Report, ...] = ()) -> Page:
    return Page(pdf(document(report, language, earlier)), language)


def _changed(report: Report, **changes: Any) -> Report:
    return chain.sealed(report.model_copy(update=changes), report.seal.prev)


@in_both
def test_all_sections_stand_in_their_order(language: Language) -> None:
    text = _page(report_of(OCTOBER), language).text
    words = Words(language)
    titles = [f"\n{number}. {words(f'section.s{number}')}\n" for number in NUMBERS]
    places = [text.index(title) for title in [words("title"), *titles]]
    assert places == sorted(places)


@in_both
def test_the_cover_says_what_it_is_and_what_it_is_not(language: Language) -> None:
    report, words = report_of("G7 r2"), Words(language)
    cover, _, _ = _page(report, language).text.partition(f"1. {words('section.s1')}")
    assert words("verdict.insufficient") in cover
    assert report.seal.content in cover
    assert words("cover.not_a_census") in cover
    assert words("cover.gap_bounds")[:40] in cover.replace("\n", " ")
    assert "99.8879 %" in cover


@in_both
def test_each_chart_says_the_same_in_words(language: Language) -> None:
    report = report_of(OCTOBER)
    told = document(report, language, [_before(report)])
    charts = [block for each in told.sections for block in each.blocks if isinstance(block, Chart)]
    assert {each.kind for each in charts} == {
        "strip", "burn", "months", "timeline", "claims", "latency"
    }  # fmt: skip
    page = pdf(told)
    assert page.count(b"/Alt") == len(charts)
    assert all(each.alt for each in charts)


def _before(report: Report) -> Report:
    """That of the month before."""
    return _changed(report, month="2022-09")


def test_the_last_entry_of_the_month_before_is_printed() -> None:
    report = report_of(OCTOBER)
    before = _before(report)
    page = _page(report, earlier=(before,))
    assert page.after("A", "seal.month_before") == before.seal.entry
    assert page.after("A", "seal.entry") == report.seal.entry


@in_both
def test_a_month_before_says_the_same_when_only_what_is_shown_is_read(language: Language) -> None:
    report = report_of(OCTOBER)
    before = _before(report)
    past = Past.model_validate_json(text_of(before))
    assert document(report, language, [past]) == document(report, language, [before])


def test_more_channels_than_a_page_is_wide_are_told_in_further_tables() -> None:
    channels = ("alimtalk", "sms", "email", "push", "rcs", "lms")
    month = a_month("2026-11", Was("11-10 09:00", "11-10 09:50"))
    months = dict.fromkeys(channels, month)
    told = document(a_report(a_context("2026-11", months), months), "en")
    tables = [block for block in told.sections[1].blocks if isinstance(block, Table)]
    assert [len(table.columns) for table in tables[:2]] == [6, 2]
    summary, _, _ = Page(pdf(told), "en").text.partition("2. Daily status")
    assert summary.count("\nFigure Alimtalk SMS E-mail App push RCS\n") == 1
    assert summary.count("\nFigure LMS\n") == 1


def test_a_preview_is_marked_on_every_page_and_signed_by_nobody() -> None:
    report = _changed(report_of("G3"), state=State.OPEN)
    told = document(report, "ko")
    page = Page(pdf(told), "ko")
    pages = page.text.count("\n진행 중(미확정) 쪽 ")
    assert pages > 3
    assert page.text.splitlines().count("미확정") == pages
    assert "잠정 준수" in page.text
    assert "서명 또는 인" not in page.text
    assert "내용 해시(SHA-256)" not in page.text


def test_what_others_wrote_is_text_on_the_page_and_in_the_cell() -> None:
    said = '#panic("x") *bold* $x$ =1+1'
    objection = Objection(
        id="=1+1", by="@SUM(A1)", at="2026-11-07T01:00:00.000Z", about=said, attachment=None,
        decision=None,
    )  # fmt: skip
    report = _changed(report_of("G3"), objections=(objection,))
    assert said in _page(report).text
    book = openpyxl.load_workbook(BytesIO(xlsx(document(report, "en"))))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value in {"=1+1", "@SUM(A1)", said}} == {"s"}


@in_both
def test_a_workbook_holds_numbers_and_dates(language: Language) -> None:
    book = Book(xlsx(document(report_of("G9"), language)), language)
    assert book.after("1", "summary.measured") == 0.995833
    assert book.after("1", "summary.outage") == 45
    days = book.sheets[book.words("sheet.daily")]
    rows = [row for row in days.iter_rows(values_only=True) if isinstance(row[1], datetime)]
    october = [row[1].day for row in rows[-31:]]
    assert october == list(range(1, 32))
    assert sum(row[2] for row in rows[-31:]) == 10_800


@in_both
def test_the_workbook_holds_every_day_s_evidence(language: Language) -> None:
    report = report_of("G9")
    book = Book(xlsx(document(report, language)), language)
    rows = {(row[1], row[2], row[3]) for row in book.rows if len(row) > 3}
    assert {
        (datetime.fromisoformat(day.day), day.evidence_count, day.evidence) for day in report.days
    } <= rows


def test_no_number_of_a_receiver_is_in_any_document() -> None:
    number = "01012345678"
    month = a_month("2026-11", Was("11-10 09:00", "11-10 09:50"), receivers=(number,))
    months = {"alimtalk": month}
    report = a_report(a_context("2026-11", months), months)
    assert number.encode() not in text_of(report)
    for language in LANGUAGES:
        told = document(report, language)
        cells = " ".join(str(cell) for row in Book(xlsx(told), language).rows for cell in row)
        assert number not in cells
        assert not re.search(rf"{number}|\b01[016789]-?\d{{3,4}}-?\d{{4}}\b", _page(report).text)


def _made_elsewhere(file: Path, **environment: str) -> list[str]:
    """Hashes of all documents of a report, made by another process."""
    code = (
        "import sys; from hashlib import sha256; from services.contracts.report import Report;"
        "from services.reporting.chain import text_of;"
        "from services.reporting.documents.document import document;"
        "from services.reporting.documents.pdf import pdf;"
        "from services.reporting.documents.xlsx import xlsx;"
        "report = Report.model_validate_json(open(sys.argv[1], 'rb').read());"
        "made = [text_of(report), *(write(document(report, language))"
        " for language in ('ko', 'en') for write in (pdf, xlsx))];"
        "print(*(sha256(each).hexdigest() for each in made))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], env={**os.environ, **environment},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout.split()


def test_documents_are_the_same_bytes_in_any_process_time_zone_and_locale(tmp_path: Path) -> None:
    report, file = report_of(OCTOBER), tmp_path / "report.json"
    file.write_bytes(text_of(report))
    here = [
        text_of(report),
        *(write(document(report, lang)) for lang in LANGUAGES for write in (pdf, xlsx)),
    ]
    hashes = [sha256(each).hexdigest() for each in here]
    assert _made_elsewhere(file, TZ="America/New_York", LC_ALL="C", LANG="C") == hashes
    assert _made_elsewhere(file, TZ="Asia/Kathmandu", LC_ALL="ko_KR.UTF-8") == hashes


def test_another_font_file_stops_with_a_sentence(tmp_path: Path) -> None:
    fonts.check()
    for name in fonts.HASHES:
        (tmp_path / name).write_bytes(b"another")
    with pytest.raises(Stop, match=r"글꼴 파일이 다릅니다\(기대 3ffb…, 실제 ae44…\)\."):
        fonts.check(tmp_path, "ko")
    with pytest.raises(Stop, match=r"Font file differs \(expected 3ffb…, found ae44…\)\."):
        fonts.check(tmp_path, "en")
