"""Is what the database holds of a month what was sealed? Told line by line, as `verify.py` does.

In:  a connection, a body's month, a revision or all. Out: findings in order: each revision against
its own seal and its row, the chain of the body (step 2), figures again from what is stored (step 3)
or, `raw`, from the evidence alone (step 4), equal to the bit.
"""

from collections.abc import AsyncIterator, Iterator, Sequence

from services.contracts.report import Report
from services.reporting import chain, sealing
from services.reporting.calendar import days_of
from services.reporting.chain import Link
from services.reporting.context import Context, window_of
from services.reporting.difference import differences
from services.reporting.finding import Finding, different, unreadable
from services.reporting.slots import MINUTE_MS
from services.reporting.verify import sealed_text
from services.reporting.verify_chain import breaks
from services.reporting.verify_raw import days_first
from services.storage import months
from services.storage.months import Revision
from services.storage.pool import Connection, snapshot


async def verify(
    conn: Connection, of_body: Sequence[Revision], wanted: Sequence[Revision], raw: bool
) -> AsyncIterator[Finding]:
    """`of_body`: all revisions of the body; `wanted`: some of them. `conn` outside of a
    transaction."""
    read: list[tuple[Revision, Report]] = []
    for row in wanted:
        text = await months.content(conn, row.body, row.month, row.revision)
        report, finding = sealed_text(_name(row), _name(row), text or b"")
        yield finding
        if report is not None:
            for wrong in _row(row, report):
                yield wrong
            read.append((row, report))
    yield _chain(of_body)
    for row, report in read:
        yield await _again(conn, row, report, raw)


def _row(row: Revision, report: Report) -> Iterator[Finding]:
    """Columns that say otherwise than the report."""
    seal = report.seal
    told = {
        "body": report.body.id, "month": report.month, "revision": report.revision,
        "state": str(report.state), "figures": seal.figures, "evidence": seal.evidence,
        "content_hash": seal.content, "prev": seal.prev, "entry": seal.entry,
    }  # fmt: skip
    for name, value in told.items():
        if (column := getattr(row, name)) != value:
            yield different(_name(row), name, str(column), str(value))


def _chain(of_body: Sequence[Revision]) -> Finding:
    links = [Link(r.body, r.month, r.revision, r.content_hash, r.entry) for r in of_body]
    name = f"{of_body[0].body}.chain"
    return next(breaks(name, links), None) or Finding(
        name, True,
        f"첫 차수부터 {len(links)}개 차수가 이어집니다",
        f"unbroken from the first revision on, {len(links)} in all",
    )  # fmt: skip


async def _again(conn: Connection, row: Revision, sealed: Report, raw: bool) -> Finding:
    kept = await months.context(conn, row.body, row.month, row.revision)
    if kept is None:
        return unreadable(_name(row), "no context")
    context = Context.model_validate_json(kept)
    async with snapshot(conn):
        lines = await sealing.lines_of(conn, context, raw)
    count = sum(map(len, lines.values()))
    if _is_going(context, sealed, lines):
        return Finding(_name(row), None, "원시 증거 보존 기간 경과", "raw evidence past retention")
    again = chain.sealed(sealing.assembled(context, lines).report, sealed.seal.prev)
    change = next(differences(days_first(sealed), days_first(again)), None)
    if change is not None:
        return different(_name(row), change.path, str(change.old), str(change.new))
    source = ("원시 증거", "raw evidence") if raw else ("저장된 시험", "stored probes")
    return Finding(
        _name(row), True,
        f"{source[0]} {count}건에서 날짜별 해시와 모든 수치를 다시 계산하니 같습니다",
        f"day hashes and all figures computed again from {count} {source[1]}, equal",
    )  # fmt: skip


def _is_going(context: Context, sealed: Report, lines: sealing.Lines) -> bool:
    """Is there nothing any more of the first day that had evidence? Days go one by one."""
    first = min((day.day for day in sealed.days if day.evidence_count), default=None)
    ends = {str(day): end for day, _, end in days_of(window_of(context), context.tz)}
    slots = (line.slot // MINUTE_MS for own in lines.values() for line in own)
    return first is not None and not any(slot < ends[first] for slot in slots)


def _name(row: Revision) -> str:
    return f"{row.body}-{row.month}-r{row.revision}"
