"""A month of many bodies in one document, for whoever oversees them.

In:  their reports of one month, and bodies without one. Out: blocks. An availability is never
averaged over bodies: only minutes are summed. Before: sealed reports. After: `pdf.py`, `xlsx.py`.
"""

from collections.abc import Iterable, Sequence

from services.contracts.report import Report
from services.contracts.report_words import State
from services.reporting.documents.blocks import Block, Document, Section
from services.reporting.documents.sections import ministry
from services.reporting.documents.shown import Shown
from services.reporting.documents.words import Language, Words

_KOREA = "Asia/Seoul"


def summary(reports: Sequence[Report], without: Sequence[str], language: Language) -> Document:
    """Of at least one report; `without`: bodies that have none, by id."""
    shown = Shown(Words(language), _KOREA)
    words, month = shown.words, shown.month(reports[0].month)
    told: tuple[tuple[str, Iterable[Block]], ...] = (
        ("0", ministry.cover(reports, without, shown)),
        ("1", ministry.counts(reports, shown)),
        ("2", ministry.table(reports, shown)),
        ("3", ministry.together(reports, shown)),
        ("4", ministry.origins(reports, shown)),
        ("5", ministry.undecided(reports, shown)),
        ("6", ministry.missing(without, shown)),
        ("7", ministry.sources(reports, shown)),
    )
    return Document(
        language=language, title=words("ministry.s0"), head=words("ministry.head", month=month),
        foot=words("ministry.foot", count=f"{len(reports):,}"), page=words("page"),
        watermark=None, state=State.CLOSED,
        sealed_at=shown.local(max(each.sealed_at for each in reports)),
        sections=tuple(
            Section(number, words(f"ministry.s{number}"), words(f"ministry.sheet{number}"),
                    tuple(blocks))
            for number, blocks in told
        ),
    )  # fmt: skip
