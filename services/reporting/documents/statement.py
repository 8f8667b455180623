"""사실 확인서: the statement of facts of a claim pack, two pages.

In:  a `Claim`. Out: a document as reports are. Before: `claim_pack.py`. After: `pdf.py`. Pure.
"""

from collections.abc import Iterator
from hashlib import sha256

from services.reporting.claim_pack import Claim, lost_fee, probes, tenfold
from services.reporting.documents.blocks import (
    Block,
    Cell,
    Column,
    Document,
    Facts,
    Section,
    Table,
    Text,
)
from services.reporting.documents.sections import outages
from services.reporting.documents.shown import Shown
from services.reporting.documents.words import Language, Words


def statement(claim: Claim, language: Language) -> Document:
    """What happened on the first page, what follows from it on the second."""
    report, _ = claim.parts[-1]
    shown = Shown(Words(language), report.tz)
    words = shown.words
    name = report.body.name_ko if language == "ko" else report.body.name_en
    sections = (
        Section("0", words("claim.title"), words("claim.title"), tuple(_facts(claim, name, shown))),
        Section("1", words("claim.inputs"), words("claim.inputs"), tuple(_inputs(claim, shown))),
    )
    return Document(
        language=language, title=words("claim.title"),
        head=f"{name} · {claim.outage.id}", foot=report.seal.content[:16], page=words("page"),
        watermark=None, state=report.state, sealed_at=shown.local(report.sealed_at),
        sections=sections,
    )  # fmt: skip


def _facts(claim: Claim, name: str, shown: Shown) -> Iterator[Block]:
    words, (report, _) = shown.words, claim.parts[-1]
    restored = claim.restored and claim.restored.isoformat()
    yield Facts(
        (
            (words("cover.body"), shown.text(f"{name} ({report.body.id})")),
            (
                words("claim.what"),
                shown.text(f"{shown.channel(claim.item.channel)} · {claim.outage.id}"),
            ),
            (words("claim.began", zone=shown.zone), shown.time(claim.began.isoformat())),
            (
                words("claim.restored", zone=shown.zone),
                shown.time(restored) if restored else shown.word("outage.still"),
            ),
        )
    )
    yield from outages.one(claim.outage, report, shown)
    yield Text(words("claim.facts_only"), "note")


def _inputs(claim: Claim, shown: Shown) -> Iterator[Block]:
    yield _months(claim, shown)
    yield _notices(claim, shown)
    yield Facts(tuple(_amounts(claim, shown)), columns=1)


def _months(claim: Claim, shown: Shown) -> Table:
    words = shown.words
    titles = ("common.month", "cover.revision", "outage.here", "claim.lost")
    columns = (*(Column(words(each)) for each in titles), Column(words("cover.content"), wide=True))
    rows = [
        (
            shown.text(report.month), shown.count(report.revision),
            shown.spent(outage.minutes_here), shown.count(fee), shown.hash(report.seal.content),
        )
        for (report, outage), fee in zip(claim.parts, lost_fee(claim), strict=True)
    ]  # fmt: skip
    return Table(words("claim.months"), columns, tuple(rows))


def _notices(claim: Claim, shown: Shown) -> Block:
    words = shown.words
    if not claim.outage.notices:
        return Text(words("claim.no_notice"))
    columns = (
        Column(words("claim.says")), Column(words("claim.published")), Column(words("claim.seen")),
        Column(words("claim.text_hash"), wide=True),
    )  # fmt: skip
    rows = [
        (
            shown.text(_said(each.provider, each.says, shown)), shown.time(each.published_at),
            shown.time(each.seen_at), shown.hash(each.sha),
        )
        for each in claim.outage.notices
    ]  # fmt: skip
    return Table(words("claim.notices"), columns, tuple(rows))


def _said(provider: str, says: str, shown: Shown) -> str:
    return shown.words(f"step.{says}", provider=shown.words.get(f"provider.{provider}", provider))


def _amounts(claim: Claim, shown: Shown) -> Iterator[tuple[str, Cell]]:
    words, credit, contract = shown.words, claim.item.credit, claim.contract
    end = claim.deadline and claim.deadline.isoformat()
    yield words("claim.contract"), shown.text(contract.id)
    yield words("claim.counterparty"), shown.text(contract.counterparty)
    yield words("summary.measured"), shown.percent(claim.item.availability.measured)
    yield words("credit.price"), shown.count(contract.monthly_price_krw)
    yield (
        words("credit.below"),
        (shown.share(credit.row.below_ppm) if credit.row else shown.word("credit.no_row")),
    )
    yield words("credit.krw"), shown.count(credit.krw)
    yield words("claim.tenfold"), shown.count(tenfold(claim))
    yield words("outage.duty"), shown.word(f"duty.{claim.outage.notice_duty}")
    yield (
        words("claim.term"),
        shown.text(words(f"claim.from_{contract.claim.since}", days=str(contract.claim.days))),
    )
    yield (
        words("claim.deadline", zone=shown.zone),
        (shown.time(end) if end else shown.word("outage.still")),
    )
    yield words("claim.probes"), shown.count(len(claim.lines))
    yield words("claim.probes_hash"), shown.text(sha256(probes(claim)).hexdigest())
