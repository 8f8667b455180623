"""`bongsu report list`: what is sealed, and what waits for somebody.

In:  a body and months, or all. Out: revisions with their verdicts and hashes; drafts that late
evidence made; corrections that nobody decided, objections that nobody answered yet; months whose
contract was known too late for a report.
"""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import typer
from rich.table import Table

from services.cli.context import DATA, Data, Json, as_json, clock, fail, listed
from services.cli.report_asked import NotThere, a_month, known_body, stand
from services.cli.report_database import Database
from services.cli.report_sentences import language, sentence
from services.contracts.report_words import State, Verdict
from services.reporting.documents.shown import Shown
from services.reporting.documents.words import Words
from services.reporting.due import too_late
from services.reporting.round import promised
from services.storage import corrections, months, objections
from services.storage.corrections import Correction, Draft
from services.storage.months import Mail, Revision
from services.storage.objections import Objection
from services.storage.pool import Connection, snapshot

_SHORT = 12  # hexadecimal digits of a hash
_FIRST, _LAST = "1970-01", "9999-12"


class Found(NamedTuple):
    """What there is of the months asked for; `verdicts` by channel, of each revision."""

    revisions: Sequence[Revision]
    verdicts: Sequence[dict[str, str]]
    drafts: Sequence[Draft]
    waiting: Sequence[Correction]
    mails: Sequence[Mail]
    disputes: Sequence[Objection]
    too_late: Sequence[tuple[str, str]]


def list_(
    body: Annotated[str | None, typer.Option(help="of one body only")] = None,
    since: Annotated[str, typer.Option("--from", help="first month, 2026-10")] = _FIRST,
    until: Annotated[str, typer.Option("--to", help="last month")] = _LAST,
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Show the revisions of months, their verdicts, and what waits for a decision.

    Example: bongsu report list --body geoje --from 2026-10
    """
    try:
        span = a_month(since), a_month(until)
        with Database(data) as database:
            found = database.alone(lambda conn: _found(conn, body, *span))
    except NotThere as error:
        fail(str(error), error.code)
    if json:
        typer.echo(as_json(_plain(found)))
        return
    listed(found.revisions, _table(found), sentence("nothing_sealed"), json=False)
    for mail in found.mails:
        taken = sentence("mail_taken" if mail.accepted else "mail_refused")
        typer.echo(sentence("mailed", **mail._asdict() | {"at": clock(mail.at), "taken": taken}))
    for draft in found.drafts:
        about = {"count": len(draft.diff), "at": clock(draft.made_at)}
        typer.echo(sentence("draft", **draft._asdict() | about))
    for one in found.waiting:
        typer.echo(sentence("waiting", **one._asdict() | {"at": clock(one.proposed_at)}))
    for dispute in found.disputes:
        typer.echo(sentence("disputed", **dispute._asdict() | {"at": clock(dispute.at)}))
    for whose, month in found.too_late:
        typer.echo(sentence("too_late", body=whose, month=month))


async def _found(conn: Connection, body: str | None, since: str, until: str) -> Found:
    async with snapshot(conn):
        if body is not None:
            known_body(body, (await stand(conn)).bodies)
        own = [one for one in await months.revisions(conn, body) if since <= one.month <= until]
        told = [await months.verdicts(conn, one.body, one.month, one.revision) for one in own]
        drafts = [
            one for one in await corrections.drafts(conn)
            if since <= one.month <= until and body in (None, one.body)
        ]  # fmt: skip
        waiting = [
            one for one in await corrections.corrections(conn, body)
            if since <= one.month <= until and one.state == "proposed"
        ]  # fmt: skip
        mails = [
            one for one in await months.mails(conn)
            if since <= one.month <= until and body in (None, one.body)
        ]  # fmt: skip
        disputes = [
            one for one in await objections.objections(conn, body)
            if since <= one.month <= until and one.decision is None
        ]  # fmt: skip
        none = [
            (one.body, month) for one in await promised(conn) for month in too_late(one)
            if since <= month <= until and body in (None, one.body)
        ]  # fmt: skip
        return Found(own, told, drafts, waiting, mails, disputes, none)


def _plain(found: Found) -> dict[str, Any]:
    told = zip(found.revisions, found.verdicts, strict=True)
    return {
        "revisions": [one._asdict() | {"verdicts": verdicts} for one, verdicts in told],
        "drafts": [one._asdict() for one in found.drafts],
        "waiting": [one._asdict() for one in found.waiting],
        "mails": [one._asdict() for one in found.mails],
        "disputes": [one._asdict() for one in found.disputes],
        "too_late": [{"body": body, "month": month} for body, month in found.too_late],
    }


def _table(found: Found) -> Table:
    words = Words(language())
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for key in ("body", "month", "revision", "state", "sealed", "content", "entry", "verdicts"):
        shown.add_column(sentence(f"list_{key}"), no_wrap=key != "verdicts")
    for one, verdicts in zip(found.revisions, found.verdicts, strict=True):
        judged = _judged(verdicts, State(one.state), Shown(words, "Asia/Seoul"))
        shown.add_row(
            one.body, one.month, str(one.revision), words(f"state.{one.state}"),
            clock(one.sealed_at), one.content_hash[:_SHORT], one.entry[:_SHORT], judged,
        )  # fmt: skip
    return shown


def _judged(verdicts: dict[str, str], state: State, shown: Shown) -> str:
    return ", ".join(
        f"{shown.channel(channel)} {shown.verdict(Verdict(verdict), state)}"
        for channel, verdict in verdicts.items()
    )
