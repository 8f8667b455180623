"""`bongsu page`: how a page reads, before anybody is called."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from services.alerting.incidents import severity
from services.alerting.incidents.words import Words
from services.alerting.paging import words
from services.alerting.paging.filling import CHARSET, Language
from services.alerting.paging.links import Addresses, links
from services.alerting.paging.message import Kind, Message
from services.alerting.paging.notifiers.sms import fitted
from services.alerting.paging.words import Page
from services.alerting.settings import PublicSettings
from services.cli.catalogue import DIRECTORY, Directory, read
from services.cli.context import DATA, Data, Json, as_json, context
from services.cli.incidents import unknown
from services.contracts.catalogue import Catalogue
from services.runtime.settings import load
from services.storage import incidents, planned, status
from services.storage.incidents import Figures, Incident
from services.storage.planned import Notice, Window
from services.storage.pool import open_pool, transaction

TOKEN = "A" * 22  # as long as a real one; nothing is behind it
WAITED_MIN = {Kind.ESCALATED: 10, Kind.AGAIN: 30}
app = typer.Typer(no_args_is_help=True)


@app.callback()
def pages() -> None:
    """Pages: what those on duty are told."""


@dataclass(frozen=True, slots=True)
class Known:
    """An incident, and what a page says beside it."""

    incident: Incident
    catalogue: Catalogue | None
    addresses: Addresses
    windows: tuple[Window, ...] = ()
    notices: tuple[Notice, ...] = ()
    by_hand: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@app.command()
def preview(
    incident: Annotated[
        str | None, typer.Argument(metavar="[INCIDENT]", help="as `bongsu incidents list` shows it")
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="a made-up outage of KakaoTalk; needs no server")
    ] = False,
    kind: Annotated[Kind | None, typer.Option(help="only this kind of page")] = None,
    language: Annotated[Language | None, typer.Option(help="only in this language")] = None,
    html: Annotated[bool, typer.Option("--html", help="the HTML of mails, too")] = False,
    directory: Directory = DIRECTORY,
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Show every form of the pages about an incident, open or closed. Nobody is called.

    Its acknowledgement link leads nowhere: each page that is sent has one of its own.

    Example: bongsu page preview platform:kakaotalk@1772420412 --kind opened --language ko

    Example: bongsu page preview --example
    """
    if (incident is None) is not example:
        raise typer.BadParameter("name an incident, or give --example")
    known = _example(directory) if incident is None else asyncio.run(_read(data, incident))
    kinds = [kind] if kind else list(Kind)
    languages = [language] if language else list(get_args(Language))
    shown = [_shown(known, each, spoken) for each in kinds for spoken in languages]
    if json:
        typer.echo(as_json([_record(message) for message in shown]))
        return
    for message in shown:
        typer.echo("\n".join(_told(message, html)) + "\n")
    if not shown[0].links.acknowledge and any(k is not Kind.CLEARED for k in kinds):
        typer.echo("BONGSU_PUBLIC_URL is not set: no page has a link to acknowledge it", err=True)


async def _read(data: Path, incident: str) -> Known:
    where, addresses = context(data), load(PublicSettings).addresses
    if where.answers:
        addresses = addresses._replace(public=where.answers)
    dsn = where.postgres
    async with open_pool(dsn, role_label="cli", max_size=1) as pool, transaction(pool) as conn:
        row = await incidents.by_id(conn, incident)
        if row is None:
            unknown(incident)
        windows, notices = await planned.windows(conn), await planned.notices(conn)
        catalogue = await status.latest_catalogue(conn)
        by_hand = await incidents.closed_by_hand(conn, [incident])
        return Known(row, catalogue, addresses, tuple(windows), tuple(notices), by_hand)


def _shown(known: Known, kind: Kind, language: Language) -> Message:
    """The page as it would be sent: `opened` as of its opening, the others as of now."""
    row, now = known.incident, datetime.now(UTC)
    if kind is Kind.OPENED:
        now = row.detected_at
    elif kind is Kind.CLEARED and row.status == "open":
        row = row._replace(status="closed", ended_at=now, closed_at=now)
    token = None if kind is Kind.CLEARED else TOKEN
    leads, waited = links(known.addresses, row, token), WAITED_MIN.get(kind, 0)
    told = Page(kind, (row,), now, leads, waited, known.windows, known.notices, known.by_hand)
    found = words.forms(told, language, known.catalogue)
    return Message(
        page_id=f"{row.id}/preview", dedup_key=row.id, kind=kind, incidents=(row,),
        language=language, forms=found, at=now, links=leads,
    )  # fmt: skip


def _told(message: Message, html: bool) -> Iterator[str]:
    forms, (channel, text) = message.forms, fitted(message)
    yield f"=== {message.kind}, {message.language}"
    yield forms.text
    yield f"--- short form, {len(forms.short.encode(CHARSET))} of 90 bytes"
    yield forms.short
    yield f"--- as {channel.upper()}, {len(text.encode(CHARSET))} bytes"
    yield text
    if html:
        yield "--- HTML"
        yield forms.html


def _record(message: Message) -> dict[str, Any]:
    channel, text = fitted(message)
    told = {"kind": message.kind, "language": message.language, **message.forms._asdict()}
    return told | {"phone": {"channel": channel, "text": text}}


def _example(directory: Path) -> Known:
    """Three minutes of a KakaoTalk that delivers nothing of what that catalogue sends."""
    catalogue = read(directory)
    now, cause = datetime.now(UTC).replace(microsecond=0), "platform:kakaotalk"
    probed = (r for r in catalogue.routes.values() if r.enabled and not r.observed)
    routes = sorted(route.id for route in probed if route.platform == "kakaotalk")
    hit, title = severity.notices(catalogue, routes), Words(catalogue).title(cause, "dead")
    began = now - timedelta(minutes=3)
    figures = Figures(
        since=began, messages=14, dealers=2, senders=5, receivers=7, workers=2, beside=3,
        usual_s=11.2, confirms=0, next="account:sens",
    )  # fmt: skip
    row = Incident(
        id=f"{cause}@{now:%s}", kind="outage", status="open", component=cause, hypothesis="dead",
        severity=severity.severity(catalogue, hit, set(routes)), channel="alimtalk", provider=None,
        carrier=None, body=None, title_ko=title.ko, title_en=title.en, routes=routes,
        people=severity.people(hit), started_at=began, detected_at=now, ended_at=None,
        closed_at=None, gain=19.8, failed=14, total=14, margin=10.8, rival=None,
        alike=[f"{cause}/alimtalk"], notes=[], figures=figures,
    )  # fmt: skip
    return Known(row, catalogue, load(PublicSettings).addresses)
