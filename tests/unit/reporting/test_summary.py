"""Many bodies in one document: verdicts counted, minutes summed, nothing averaged."""

from typing import Any

import pytest

from services.contracts.report import Report
from services.reporting import chain
from services.reporting.documents.pdf import pdf
from services.reporting.documents.shared import shared
from services.reporting.documents.summary import summary
from services.reporting.documents.words import LANGUAGES, Language, Words
from services.reporting.documents.xlsx import xlsx
from tests.unit.reporting.goldens import report_of
from tests.unit.reporting.reading import Book, Page


def _of(name: str, body: str, **changes: Any) -> Report:
    """A golden month, of another body."""
    report = report_of(name)
    named = report.body.model_copy(update={"id": body, "name_en": body, "name_ko": body})
    return chain.sealed(report.model_copy(update={"body": named, **changes}), chain.ZEROS)


OCTOBER = [_of("G7 r1", "geoje"), _of("G7 r2", "tongyeong"), _of("G9", "miryang")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_verdicts_are_counted_and_minutes_summed(language: Language) -> None:
    words = Words(language)
    book = Book(xlsx(summary(OCTOBER, ["jinju"], language)), language)
    counts = book.sheets[words("ministry.sheet1")].iter_rows(values_only=True)
    total = next(row for row in counts if row[0] == words("ministry.all"))
    assert total == (words("ministry.all"), 3, 0, 2, 1, 0, 44_640 * 2 + 10_800, 115, 30)
    text = Page(pdf(summary(OCTOBER, ["jinju"], language)), language).text
    titles = [f"\n{n}. {words(f'ministry.s{n}')}\n" for n in range(1, 8)]
    assert sorted(map(text.index, titles)) == [text.index(title) for title in titles]
    assert words("ministry.missing", bodies="jinju") in text
    assert all(report.seal.content[:32] in text for report in OCTOBER)


def test_what_hits_several_bodies_at_once_is_one_row() -> None:
    (one,) = shared(OCTOBER)
    assert ([report.body.id for report in one.bodies], one.minutes) == (["geoje", "tongyeong"], 70)
    assert (one.since, one.until) == ("2026-10-20T05:00:00.000Z", "2026-10-20T05:50:00.000Z")


def test_an_incident_joins_channels_and_another_time_does_not() -> None:
    first = _of("G8 October", "geoje")
    (outage,) = first.outages
    later = {"t0": "2026-11-02T00:00:00.000Z", "end": None, "channel": "sms"}
    same = _of("G8 October", "tongyeong", outages=(outage.model_copy(update=later),))
    other = _of("G9", "miryang")
    (one,) = shared([first, same, other])
    assert (one.channels, one.until) == (["alimtalk", "sms"], None)
    apart = later | {"incidents": ()}
    gone = _of("G8 October", "tongyeong", outages=(outage.model_copy(update=apart),))
    assert shared([first, gone, other]) == []


def test_why_there_is_no_verdict_is_told() -> None:
    text = Page(pdf(summary(OCTOBER, [], "ko")), "ko").text
    _, _, undecided = text.partition("\n5. 판정 보류와 그 원인\n")
    assert "tongyeong 알림톡 30 기록 없음" in undecided
    assert "계약이 있는 모든 기관의 보고서를 모았습니다." in undecided
