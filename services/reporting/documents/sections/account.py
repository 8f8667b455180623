"""Section 10: what was changed after closing, by whom and why, and what is objected to."""

from collections.abc import Iterable, Iterator

from services.contracts.report import Change, Report
from services.reporting.documents.blocks import Block, Column, Facts, Table, Text
from services.reporting.documents.sections.changes import in_words
from services.reporting.documents.shown import Shown


def corrections(report: Report, shown: Shown) -> Iterator[Block]:
    """Every correction, what this revision changed, its approval, and objections."""
    words = shown.words
    if report.corrections:
        yield _table(report, shown)
    else:
        yield Text(words("correction.none"))
    for each in report.corrections:
        title = words("correction.diff", number=str(each.number))
        yield from _changes(title, each.diff, report, shown)
    if not report.corrections or report.diff != report.corrections[-1].diff:
        yield from _changes(words("correction.this"), report.diff, report, shown)
    if report.approval:
        yield _approval(report, shown)
    if report.objections:
        yield _objections(report, shown)


def _table(report: Report, shown: Shown) -> Table:
    words = shown.words
    columns = (
        Column(words("common.number")), Column(words("correction.kind")),
        Column(words("common.reason"), wide=True), Column(words("common.proposed")),
        Column(words("common.approved")), Column(words("common.approved_at")),
    )  # fmt: skip
    rows = [
        (
            shown.count(each.number), shown.word(f"correction.{each.kind}"),
            shown.text(each.reason), shown.text(each.proposed_by), shown.text(each.approved_by),
            shown.time(each.approved_at),
        )
        for each in report.corrections
    ]  # fmt: skip
    return Table(words("correction.table"), columns, tuple(rows))


def _changes(
    title: str, changes: Iterable[Change], report: Report, shown: Shown
) -> Iterator[Block]:
    keys = ("correction.path", "correction.old", "correction.new")
    rows = list(in_words(changes, report, shown))
    if rows:
        columns = tuple(Column(shown.words(key), wide=True) for key in keys)
        yield Table(title, columns, tuple(rows))


def _approval(report: Report, shown: Shown) -> Facts:
    words, approval = shown.words, report.approval
    assert approval is not None
    return Facts((
        (words("common.approved"), shown.text(f"{approval.by} ({approval.role})")),
        (words("common.approved_at"), shown.time(approval.at)),
        (words("correction.words"), shown.text(approval.words)),
    ), columns=1)  # fmt: skip


def _objections(report: Report, shown: Shown) -> Table:
    words = shown.words
    columns = (
        Column(words("objection.id")), Column(words("objection.by")),
        Column(words("objection.at")), Column(words("objection.about"), wide=True),
        Column(words("objection.decision"), wide=True),
    )  # fmt: skip
    rows = [
        (
            shown.text(each.id), shown.text(each.by), shown.time(each.at), shown.text(each.about),
            shown.text(each.decision) if each.decision else shown.word("objection.open"),
        )
        for each in report.objections
    ]  # fmt: skip
    return Table(words("objection.table"), columns, tuple(rows))
