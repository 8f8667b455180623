"""One report as a document in one language: sections 0 to 11 and the appendix, in this order.

In:  a report, and the last revision of each earlier month for the chart of twelve. Out: blocks.
Before: a sealed report, or a preview. After: `pdf.py` or `xlsx.py`. Pure: nothing is of today.
"""

from collections.abc import Iterable, Sequence

from services.contracts.report import Report
from services.contracts.report_words import State
from services.reporting.documents.blocks import Block, Document, Section
from services.reporting.documents.past import Month
from services.reporting.documents.sections import (
    account,
    appendix,
    daily,
    exclusions,
    front,
    measures,
    method,
    outages,
)
from services.reporting.documents.shown import Shown
from services.reporting.documents.words import Language, Words


def document(
    report: Report,
    language: Language,
    earlier: Sequence[Month] = (),
    channels: Sequence[str] = (),
) -> Document:
    """Everything that its readers are told; of these channels only, if any are named."""
    whole, report = report, _of(report, channels)
    shown = Shown(Words(language), report.tz)
    words = shown.words
    name = report.body.name_ko if language == "ko" else report.body.name_en
    return Document(
        language=language,
        title=words("title"),
        head=words("head", body=name, month=shown.month(report.month)),
        foot=_foot(report, words),
        page=words("page"),
        watermark=words("watermark") if report.state is State.OPEN else None,
        state=report.state,
        sealed_at=shown.local(report.sealed_at),
        sections=tuple(_sections(report, earlier, shown, whole)),
    )


def _of(report: Report, channels: Sequence[str]) -> Report:
    """Its seal stays that of the whole."""
    if not channels:
        return report
    parts = ("items", "outages", "exclusions", "days")
    kept = {
        part: tuple(each for each in getattr(report, part) if each.channel in channels)
        for part in parts
    }
    return report.model_copy(update=kept)


def _foot(report: Report, words: Words) -> str:
    state = words(f"state.{report.state}")
    if report.state is State.OPEN:
        return state
    content = report.seal.content[:16]
    return words("foot", state=state, revision=str(report.revision), content=content)


def _sections(
    report: Report, earlier: Sequence[Month], shown: Shown, whole: Report
) -> list[Section]:
    told: tuple[tuple[str, str, Iterable[Block]], ...] = (
        ("0", "report", front.cover(report, whole, shown)),
        ("1", "report", front.summary(report, shown)),
        ("2", "daily", daily.daily(report, earlier, shown)),
        ("3", "outages", outages.outages(report, shown)),
        ("4", "exclusions", exclusions.exclusions(report, shown)),
        ("5", "measures", measures.claims(report, shown)),
        ("6", "measures", measures.latency(report, shown)),
        ("7", "measures", measures.fallback(report, shown)),
        ("8", "measures", measures.response(report, shown)),
        ("9", "method", measures.credits_due(report, shown)),
        ("10", "method", account.corrections(report, shown)),
        ("11", "method", method.method(report, shown)),
        ("A", "evidence", appendix.appendix(report, earlier, shown)),
    )
    return [
        Section(
            number, shown.words(f"section.s{number}"), shown.words(f"sheet.{sheet}"), tuple(blocks)
        )
        for number, sheet, blocks in told
    ]
