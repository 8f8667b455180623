"""Step 4 of `verify`: lines → day hashes → figures → the whole report again, equal to the bit.

What a report says of people (approvals, corrections, objections) is no figure: the exported context
tells it, and it must be what was sealed. That outcomes follow from evidence is not seen here: it
needs the database.
"""

from pathlib import Path

from services.contracts.report import Report
from services.reporting import chain, evidence
from services.reporting.assemble import count, report
from services.reporting.difference import differences
from services.reporting.evidence import NotEvidence
from services.reporting.finding import Finding, different, unreadable


def raw(file: Path, sealed: Report) -> Finding:
    """The report in `file` against the evidence beside it."""
    top = file.parent / evidence.folder_of(file.stem)
    if not top.is_dir():
        return Finding(
            top.name, None,
            "증거 파일이 없어 수치를 다시 계산하지 못했습니다",
            "not there: figures were not computed again",
        )  # fmt: skip
    try:
        again, lines = _again(top, sealed)
    except NotEvidence as error:
        return unreadable(f"{top.name}/{error.name}", error.why)
    except (LookupError, OSError, TypeError, ValueError) as error:
        # Well-formed, and yet what no storing wrote: a word or a number that nothing can mean.
        return unreadable(top.name, f"{type(error).__name__}: {error}")
    change = next(differences(days_first(sealed), days_first(again)), None)
    if change is not None:
        return different(file.name, change.path, str(change.old), str(change.new))
    return Finding(
        top.name, True,
        f"증거 {lines}줄에서 날짜별 해시와 모든 수치를 다시 계산하니 같습니다",
        f"day hashes and all figures computed again from {lines} lines, equal",
    )  # fmt: skip


def _again(top: Path, sealed: Report) -> tuple[Report, int]:
    context, lines = evidence.read(top)
    counted = {own.channel: count(context, own, lines[own.channel]) for own in context.items}
    again = chain.sealed(report(context, counted), sealed.seal.prev)
    return again, sum(map(len, lines.values()))


def days_first(told: Report) -> dict[str, object]:
    """A day that differs says more than the month's sum."""
    whole = told.model_dump(mode="json")
    return {"days": whole["days"], **whole}
