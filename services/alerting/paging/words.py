"""Step 9: a page in words: title, full text, the short form of an SMS, HTML. Pure.

In:  why it is made, incidents as they stand, what is known beside them. Out: `Forms`.
Before: `dispatch.py` chose whom to tell. After: a notifier sends one of the forms.
Wording stands in templates/. Nothing of it names a person.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.alerting.paging import beside, filling
from services.alerting.paging.fields import Speaker
from services.alerting.paging.filling import Language
from services.alerting.paging.message import Forms, Kind, Links
from services.contracts.catalogue import Catalogue
from services.storage.incidents import Incident
from services.storage.planned import Notice, Window

LISTED = 20  # incidents of one page


@dataclass(frozen=True, slots=True)
class Page:
    """What is to be told at `now`. `waited_min`: since nobody answered, or since somebody did;
    `windows`, `notices`: all planned work and provider's words that hold; `by_hand`: of incidents
    that a person closed why, in Korean and English."""

    kind: Kind
    incidents: tuple[Incident, ...]
    now: datetime
    links: Links = field(default=Links(), repr=False)
    waited_min: int = 0
    windows: tuple[Window, ...] = ()
    notices: tuple[Notice, ...] = ()
    by_hand: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def forms(page: Page, language: Language, catalogue: Catalogue | None) -> Forms:
    """A page in its reader's language. `catalogue` gives names; without one, ids are said."""
    speaker = Speaker(language, catalogue, page.now)
    ordered = sorted(page.incidents, key=lambda row: (not _meant(page, row), *_gravest(row)))
    fields = _fields(page, ordered, speaker, catalogue)
    laid = filling.template(language, _head(page, ordered[0]))
    title = laid.title.substitute(fields)
    told = [*filling.lines(laid, fields), *_rest(page, ordered, language, speaker, fields)]
    return Forms(
        title=title,
        text="\n".join((title, *told)),
        short=filling.short(laid, fields),
        html=filling.html(language, title, told),
    )


def _meant(page: Page, row: Incident) -> bool:
    """It may be over, or back, before a page about it is sent."""
    return (row.status == "closed") is (page.kind is Kind.CLEARED)


def _gravest(row: Incident) -> tuple[bool, int, datetime, str]:
    return row.monitor, row.severity or 0, row.started_at, row.id


def _fields(
    page: Page, ordered: list[Incident], speaker: Speaker, catalogue: Catalogue | None
) -> dict[str, str]:
    first, links = ordered[0], page.links
    return speaker.incident(first) | {
        "count": speaker.count(len(ordered)),
        "more": speaker.more(len(ordered) - 1),
        "many": speaker.many(len(ordered)),
        "waited": str(page.waited_min),
        "reason": speaker.said(*page.by_hand.get(first.id, ("", ""))),
        "planned": beside.planned(first, page.windows, catalogue, speaker),
        "provider": beside.said(first, page.notices, speaker),
        "acknowledge": links.acknowledge or "",
        "board": links.incident or "",
        "runbook": links.runbook or "",
    }


def _head(page: Page, first: Incident) -> str:
    if page.kind is Kind.CLEARED and first.id in page.by_hand:
        return "closed"
    return "own" if page.kind is Kind.OPENED and first.monitor else page.kind.value


def _rest(
    page: Page, ordered: list[Incident], language: Language, speaker: Speaker,
    fields: dict[str, str],
) -> Iterator[str]:  # fmt: skip
    """What follows the lines of the page's own kind."""
    if page.kind in (Kind.ESCALATED, Kind.AGAIN):
        whole = "own" if ordered[0].monitor else "opened"
        yield from filling.lines(filling.template(language, whole), fields)
    digest = page.kind is Kind.DIGEST
    listed = ordered if digest else ordered[1:]
    for row in listed[:LISTED]:
        line = filling.template(language, "over" if row.status == "closed" else "line")
        yield from filling.lines(line, speaker.incident(row))
    led = fields if digest else dict.fromkeys(fields, "")
    besides = {"more": speaker.more(len(listed) - LISTED).strip()}
    yield from filling.lines(filling.template(language, "links"), led | besides)
