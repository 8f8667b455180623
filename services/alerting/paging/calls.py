"""Step 9: of pages that are due, the calls to make: over which path, why, in what words.

In:  a transaction that claims, the catalogue in force. Out: pages that are ours until their lease
is over, each with its calls, every one of them written down as begun. Before: `making.py` made
them. After: `dispatch.py` commits, and only then calls.
"""

import html
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from services.alerting.paging import paths, words
from services.alerting.paging.filling import SHORTEST, Language
from services.alerting.paging.links import Addresses, links
from services.alerting.paging.message import Forms, Kind, Message
from services.contracts.catalogue import Catalogue
from services.contracts.oncall import ROTA
from services.storage import errors, incidents, pages, people, planned, proofs
from services.storage.incidents import Incident
from services.storage.pages import Claimed, Try
from services.storage.planned import Notice, Window
from services.storage.pool import Connection, part

LINK_LASTS_S = 86_400.0
NOTICED = timedelta(days=7)  # what a provider said before that concerns no page
_log = structlog.get_logger()


class Terms(NamedTuple):
    """How calls are made: who makes them, for how long a page is ours, after how long without
    acceptance another path is tried, where links lead, how often paths are proven."""

    holder: str
    lease_s: float
    other_path_after_s: float
    addresses: Addresses
    proof_every: timedelta = timedelta(hours=1)


class Call(NamedTuple):
    """One call of a notifier, begun under this number."""

    number: int
    path: str
    message: Message


class Turn(NamedTuple):
    """A page, and the calls to make for it now. `tried`: those before; `dropped`: nobody needs it
    any more."""

    page: Claimed
    calls: tuple[Call, ...]
    tried: Sequence[Try]
    dropped: bool = False


class _Now(NamedTuple):
    """What all turns of one transaction know."""

    at: datetime
    failed: Set[str]
    windows: tuple[Window, ...]
    notices: tuple[Notice, ...]
    resting: Mapping[str, float]
    doubted: Set[str]


async def claimed(
    conn: Connection, catalogue: Catalogue, terms: Terms, resting: Mapping[str, float],
    most: int, busy: Sequence[str],
) -> list[Turn]:  # fmt: skip
    """Claim at most so many pages, none of recipients who are `busy`. `resting`: paths whose
    receivers want to be left alone, for how many more seconds. A turn without calls is put off, or
    dropped."""
    found = await pages.claim(conn, terms.holder, terms.lease_s, most, busy)
    if not found:
        return []
    at = await pages.clock(conn)
    open_ = (await incidents.standing(conn)).open
    failed = paths.failure_set(open_, await incidents.unseparated(conn))
    now = _Now(
        at, failed, tuple(await planned.windows(conn)),
        tuple(await planned.notices(conn, since=at - NOTICED)), resting,
        paths.doubted(await proofs.listed(conn), at, terms.proof_every),
    )  # fmt: skip
    return [await _safely(conn, page, catalogue, terms, now) for page in found]


async def _safely(
    conn: Connection, page: Claimed, catalogue: Catalogue, terms: Terms, now: _Now
) -> Turn:
    """A page that cannot be prepared, whatever is wrong with it, keeps no other waiting."""
    try:
        async with part(conn):
            return await _turn(conn, page, catalogue, terms, now)
    except Exception as error:
        if errors.curable(error):
            raise
        _log.exception("a page cannot be prepared", page=page.id)
        await pages.put_off(conn, page, terms.lease_s)
        return Turn(page, (), ())


async def _turn(
    conn: Connection, page: Claimed, catalogue: Catalogue, terms: Terms, now: _Now
) -> Turn:
    tried = await pages.tried(conn, page.id)
    about = tuple(await incidents.of_page(conn, page.id))
    if page.kind in (Kind.ESCALATED, Kind.AGAIN) and not await _unanswered(conn, page, about, now):
        await pages.drop(conn, page)
        return Turn(page, (), tried, dropped=True)
    counted = counted_paths(tried, now.at, terms.other_path_after_s)
    chosen = paths.choose(catalogue, page.recipient, now.failed, counted, now.doubted, now.resting)
    free = [choice for choice in chosen if choice.path not in now.resting]
    if not free:
        wait = min((now.resting[choice.path] for choice in chosen), default=terms.lease_s)
        if not chosen:
            _log.error("a page has no path: its recipient left the catalogue", page=page.id)
        await pages.put_off(conn, page, wait)
        return Turn(page, (), tried)
    calls = []
    for choice in free:
        number = await pages.begin(
            conn, page.id, choice.path, choice.reason.ko, choice.reason.en, choice.failed
        )
        message = await _message(conn, page, about, catalogue, terms, now, choice.short)
        calls.append(Call(number, choice.path, message))
    return Turn(page, tuple(calls), tried)


async def _unanswered(
    conn: Connection, page: Claimed, about: Sequence[Incident], now: _Now
) -> bool:
    """Is anything that it tells of still going on, and nobody's?"""
    told = await pages.openings(conn, page.id)
    held = await pages.acknowledged(conn, told)
    return any(
        row.status == "open" and row.reopened == told[row.id] and held.get(row.id, now.at) <= now.at
        for row in about
    )


def counted_paths(tried: Sequence[Try], now: datetime, other_after_s: float) -> list[str]:
    """Tries that speak for another path. Those of the path that is in turn do not, until it was
    refused or has had its time."""
    names, turn = [one.path for one in tried], _in_turn(tried)
    if not turn or turn[-1].answer == "refused" or in_turn_s(tried, now) >= other_after_s:
        return names
    return names[: -len(turn)]


def in_turn_s(tried: Sequence[Try], now: datetime) -> float:
    """For how many seconds the path that was tried last has been in turn."""
    turn = _in_turn(tried)
    return (now - turn[0].began_at).total_seconds() if turn else 0.0


def _in_turn(tried: Sequence[Try]) -> Sequence[Try]:
    start = len(tried)
    while start and tried[start - 1].path == tried[-1].path:
        start -= 1
    return tried[start:]


async def _message(
    conn: Connection, page: Claimed, about: tuple[Incident, ...], catalogue: Catalogue,
    terms: Terms, now: _Now, short: bool,
) -> Message:  # fmt: skip
    kind, first = Kind(page.kind), about[0]
    person = catalogue.people.get(page.recipient.removeprefix("person:"))
    token = None
    if person and terms.addresses.public and not short and kind is not Kind.CLEARED:
        token = people.new_secret(people.LINK_BYTES)
        await pages.put_link(conn, page.id, people.hashed(token), LINK_LASTS_S)
    led = links(terms.addresses, first, token)
    language: Language = person.language if person else "ko"
    waited = await _waited_min(conn, page, first, catalogue)
    by_hand = await incidents.closed_by_hand(conn, (one.id for one in about))
    told = words.Page(kind, about, now.at, led, waited, now.windows, now.notices, by_hand)
    return Message(
        page_id=page.id,
        dedup_key=page.id if kind is Kind.DIGEST or len(about) > 1 else first.id,
        kind=kind,
        incidents=about,
        language=language,
        forms=worded(told, language, catalogue),
        at=page.made_at,
        links=led,
        thread=await pages.thread(conn, page.id, first.id),
    )


def worded(told: words.Page, language: Language, catalogue: Catalogue) -> Forms:
    """In plain words rather than not at all, whatever is wrong with a template or a name."""
    try:
        return words.forms(told, language, catalogue)
    except Exception:
        _log.exception("a page is told in plain words", kind=told.kind)
        title = f"{told.kind}: {told.incidents[0].component}"
        text = "\n".join((title, *(one.id for one in told.incidents), *filter(None, told.links)))
        return Forms(title, text, title[:SHORTEST], html.escape(text))


async def _waited_min(
    conn: Connection, page: Claimed, first: Incident, catalogue: Catalogue
) -> int:
    """For how long nobody answered, as the rota says now, or the answer that ran out has held."""
    if page.kind == Kind.AGAIN:
        acks = await people.acks(conn, first.id)
        return round((acks[-1].expires_at - acks[-1].at) / timedelta(minutes=1)) if acks else 0
    rota = catalogue.rotas.get(ROTA)
    steps = rota.escalation if rota else ()
    return steps[page.step - 1].after_min if 0 < page.step <= len(steps) else 0
