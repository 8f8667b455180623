"""Section 3: each outage: when, how much, why, and who knew of it when."""

from collections.abc import Iterator
from decimal import Decimal

from services.contracts.report import Outage, Report
from services.reporting.documents.blocks import (
    Block,
    Cell,
    Chart,
    Column,
    Facts,
    Table,
    Text,
    Title,
)
from services.reporting.documents.shown import Shown, minutes_between

_FLAG, _ROWS = 0.03, 3  # width of a flag, of the whole; rows there is room for


def outages(report: Report, shown: Shown) -> Iterator[Block]:
    """One after another, oldest first; then what the detector took for one."""
    counted = sorted(filter(_counted, report.outages), key=lambda outage: outage.t0)
    if not counted:
        yield Text(shown.words("outage.none"))
    else:
        yield from _each(counted, report, shown)
    if len(counted) < len(report.outages):
        yield _uncounted(report, shown)


def _counted(outage: Outage) -> bool:
    """An incident without a minute of outage stands in the report too."""
    return bool(Decimal(outage.minutes_total))


def _each(outages: list[Outage], report: Report, shown: Shown) -> Iterator[Block]:
    interval = max((float(item.edge_error_min) for item in report.items), default=0.0)
    yield Text(shown.words("outage.edges", minutes=shown.spent(f"{interval:.6f}").shown), "note")
    for number, outage in enumerate(outages, start=1):
        yield Title(f"3.{number} {shown.channel(outage.channel)} · {shown.time(outage.t0).shown}")
        yield from one(outage, report, shown)


def one(outage: Outage, report: Report, shown: Shown) -> Iterator[Block]:
    """All that is known of it."""
    yield Facts(tuple(_facts(outage, report, shown)))
    yield _timeline(outage, report, shown)
    yield _course(outage, shown)
    if outage.incidents:
        yield Text(shown.words("outage.incidents", ids=", ".join(outage.incidents)), "note")
    if outage.samples:
        said = shown.words("outage.samples", ids=", ".join(outage.samples))
        yield Text(said, "note")


def _uncounted(report: Report, shown: Shown) -> Table:
    words = shown.words
    columns = (
        Column(words("common.channel")), Column(words("outage.incident"), wide=True),
        Column(words("common.from")), Column(words("common.to")),
        Column(words("common.reason"), wide=True),
    )  # fmt: skip
    rows = [
        (
            shown.text(shown.channel(outage.channel)), shown.text(outage.id),
            shown.time(outage.t0), shown.time(outage.end), shown.component(outage.cause),
        )
        for outage in report.outages
        if not _counted(outage)
    ]  # fmt: skip
    return Table(words("outage.uncounted"), columns, tuple(rows))


def _facts(outage: Outage, report: Report, shown: Shown) -> Iterator[tuple[str, Cell]]:
    words, fix = shown.words, outage.fix
    still = shown.word("outage.still")
    yield words("outage.start", zone=shown.zone), shown.time(outage.t0)
    yield words("outage.end", zone=shown.zone), shown.time(outage.end) if outage.end else still
    yield words("outage.here"), shown.spent(outage.minutes_here)
    yield words("outage.total"), shown.spent(outage.minutes_total)
    yield words("outage.share"), shown.percent(outage.peak_share)
    yield words("outage.origin"), shown.word(f"origin.{outage.origin}")
    yield words("outage.cause"), shown.component(outage.cause)
    yield words("outage.confidence"), shown.percent(outage.confidence)
    yield words("outage.fix_lower"), shown.count(fix.lower)
    yield words("outage.fix_upper"), shown.count(fix.upper) if outage.end else still
    yield words("outage.fix_limit"), shown.count(fix.limit)
    yield words("outage.fix_verdict"), shown.text(shown.verdict(fix.verdict, report.state))
    yield words("outage.lag"), shown.count(outage.notice_lag_min)
    yield words("outage.bound"), shown.word(f"bound.{outage.notice_bound}")
    yield words("outage.duty"), shown.word(f"duty.{outage.notice_duty}")


def _steps(outage: Outage, shown: Shown) -> list[tuple[str, str, str]]:
    """Kind, words and time of all that is known, in order of time."""
    words = shown.words
    steps = [("began", words("step.began"), outage.t0)]
    if outage.detected_at:
        steps.append(("detected", words("step.detected"), outage.detected_at))
    if outage.acked_at:
        steps.append(("acked", words("step.acked"), outage.acked_at))
    for notice in outage.notices:
        provider = words.get(f"provider.{notice.provider}", notice.provider)
        said = words(f"step.{notice.says}", provider=provider)
        steps.append(("notice", said, notice.published_at or notice.seen_at))
    if outage.end:
        steps.append(("restored", words("step.restored"), outage.end))
    return sorted(steps, key=lambda step: step[2])


def _timeline(outage: Outage, report: Report, shown: Shown) -> Chart:
    steps, end = _steps(outage, shown), outage.end or report.cutoff
    minutes = [minutes_between(outage.t0, at) for _, _, at in steps]
    rows = _rows(minutes, minutes_between(outage.t0, end))
    flags = [
        {"at": at, "kind": step[0], "number": str(number), "row": row}
        for number, (at, step, row) in enumerate(zip(minutes, steps, rows, strict=True), start=1)
    ]
    data = {
        "minutes": max(minutes_between(outage.t0, end), 1), "flags": flags,
        "share": float(outage.peak_share), "first": shown.time(steps[0][2]).shown,
        "last": shown.time(max(end, steps[-1][2])).shown,
        "band": shown.words("outage.band", share=shown.percent(outage.peak_share).shown),
    }  # fmt: skip
    told = ", ".join(f"{word} {shown.time(at).shown}" for _, word, at in steps)
    return Chart("timeline", shown.words("outage.timeline"), told, data)


def _rows(minutes: list[int], whole: int) -> list[int]:
    """Flags that would cover each other stand in rows above each other."""
    wide = max([whole, *minutes]) * _FLAG
    rows: list[int] = []
    for index, at in enumerate(minutes):
        near = [row for before, row in zip(minutes, rows, strict=False) if at - before < wide]
        rows.append(min(set(range(_ROWS)) - set(near), default=index % _ROWS))
    return rows


def _course(outage: Outage, shown: Shown) -> Table:
    words = shown.words
    columns = (
        Column(words("common.number")), Column(words("outage.step"), wide=True),
        Column(words("common.time", zone=shown.zone)), Column(words("outage.since")),
    )  # fmt: skip
    rows = [
        (
            shown.count(number), shown.text(word), shown.time(at),
            shown.count(minutes_between(outage.t0, at)),
        )
        for number, (_, word, at) in enumerate(_steps(outage, shown), start=1)
    ]  # fmt: skip
    return Table(words("outage.course"), columns, tuple(rows))
