"""Pages in Postgres: what the leader makes of incidents, what dispatchers claim, send and record.

In:  pages of `alerting/paging/decide.py`; answers of notifiers. Out: the same, as they stand.
Pages are made in the transaction that writes their incidents. A page that is claimed belongs to one
dispatcher until its lease is over; what was not recorded until then is sent again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.storage import queries
from services.storage.pool import Connection, Row


class Page(NamedTuple):
    """One page to one recipient: `person:<id>`, or `path:<id>` of a system. `incidents`: what it is
    about, each with how often it had come back by then."""

    id: str
    kind: str
    recipient: str
    step: int
    made_at: datetime
    due_at: datetime  # not before
    accepted_at: datetime | None
    incidents: Mapping[str, int]
    given_up_at: datetime | None = None


class Claimed(NamedTuple):
    """A page that is ours to send until its lease is over; `tries`: which turn this is."""

    id: str
    kind: str
    recipient: str
    step: int
    made_at: datetime
    tries: int


class Try(NamedTuple):
    """A call of a notifier; `answer` None: nobody knows."""

    path: str
    began_at: datetime
    answer: str | None


class Sent(NamedTuple):
    """Who was told, and how: the newest try, if there was one, over which path and why."""

    kind: str
    recipient: str
    made_at: datetime
    due_at: datetime
    accepted_at: datetime | None
    given_up_at: datetime | None
    tries: int
    path: str | None
    reason_ko: str | None
    reason_en: str | None
    answer: str | None
    detail: str | None


_SQL = queries.load("pages.sql")


async def clock(conn: Connection) -> datetime:
    """What time it is for everybody."""
    now: datetime = await conn.fetchval(_SQL["clock"])
    return now


async def growing(conn: Connection) -> frozenset[str]:
    """Digests that may take more until this transaction ends."""
    return frozenset(row["id"] for row in await conn.fetch(_SQL["growing"]))


async def known(conn: Connection, incidents: Iterable[str], since: datetime) -> list[Page]:
    """All pages of these incidents, and every opened or digest that is unsent or was accepted since
    then; in the order in which they were made."""
    found = await conn.fetch(_SQL["known"], list(incidents), since)
    return [_page(row) for row in found]


def _page(row: Row) -> Page:
    about = dict(zip(row["incidents"], row["openings"], strict=True))
    fields = {name: row[name] for name in Page._fields if name != "incidents"}
    return Page(**fields, incidents=about)


async def acknowledged(conn: Connection, incidents: Iterable[str]) -> dict[str, datetime]:
    """Until when somebody has each of them; it may be over."""
    found = await conn.fetch(_SQL["acknowledged"], list(incidents))
    return {row["incident_id"]: row["until"] for row in found}


async def make(conn: Connection, pages: Sequence[Page]) -> None:
    """Make pages; one that is there already takes the incidents it does not name yet."""
    fields = zip(*((*page[:6],) for page in pages), strict=True)
    await conn.execute(_SQL["make"], *map(list, fields))
    named = [(page.id, *about) for page in pages for about in page.incidents.items()]
    await conn.execute(_SQL["make_named"], *map(list, zip(*named, strict=True)))


async def claim(
    conn: Connection, holder: str, lease_s: float, most: int, busy: Sequence[str] = ()
) -> list[Claimed]:
    """Take what is due, for so long; nothing of recipients who are busy."""
    found = await conn.fetch(_SQL["claim"], holder, lease_s, most, busy)
    return [Claimed(*row) for row in found]


async def tried(conn: Connection, page_id: str) -> list[Try]:
    """The calls there were of a page, in order."""
    return [Try(*row) for row in await conn.fetch(_SQL["tried"], page_id)]


async def thread(conn: Connection, page_id: str, incident_id: str) -> str:
    """The page by which the recipient of this one heard of the incident first."""
    found: str = await conn.fetchval(_SQL["thread"], page_id, incident_id)
    return found


async def begin(
    conn: Connection, page_id: str, path: str, ko: str, en: str, failed: Sequence[str]
) -> int:
    """A call is about to be made over this path, because; its number."""
    number: int = await conn.fetchval(_SQL["begin"], page_id, path, ko, en, failed)
    return number


async def put_link(conn: Connection, page_id: str, hashed: bytes, lasts_s: float) -> None:
    """Let this link act for so long."""
    await conn.execute(_SQL["put_link"], hashed, page_id, lasts_s)


async def answered(conn: Connection, page_id: str, number: int, answer: str, detail: str) -> None:
    """What came of a call."""
    await conn.execute(_SQL["answered"], page_id, number, answer, detail)


async def accept(conn: Connection, page: Claimed, path: str) -> datetime | None:
    """Its recipient has it, since; None if somebody else has taken it, or a digest its time."""
    at: datetime | None = await conn.fetchval(_SQL["accept"], page.id, page.tries, path)
    return at


async def put_off(conn: Connection, page: Claimed, seconds: float) -> None:
    """Try it again after so long, if it is still ours."""
    await conn.execute(_SQL["put_off"], page.id, page.tries, seconds)


async def drop(conn: Connection, page: Claimed) -> None:
    """Nobody needs it any more, if it is still ours."""
    await conn.execute(_SQL["drop"], page.id, page.tries)


async def give_up(conn: Connection) -> list[str]:
    """Kinds of the pages that nobody will send any more."""
    return [row["kind"] for row in await conn.fetch(_SQL["give_up"])]


async def openings(conn: Connection, page_id: str) -> dict[str, int]:
    """The incidents a page names, each with how often it had come back by then."""
    found = await conn.fetch(_SQL["openings"], page_id)
    return {row["incident_id"]: row["opening"] for row in found}


async def forget(conn: Connection, retention_days: int, most: int) -> int:
    """Delete what was settled, and of incidents that were over, for so long; how many pages went:
    fewer than `most` when none is left. Never below 32 days."""
    gone: int = await conn.fetchval(_SQL["forget"], retention_days, most)
    return gone


async def sent(conn: Connection, incident_id: str) -> list[Sent]:
    """Every page that names it, in the order in which they were made."""
    return [Sent(*row) for row in await conn.fetch(_SQL["sent"], incident_id)]


async def standing(conn: Connection, recipients: Sequence[str]) -> list[tuple[str, str]]:
    """(recipient, incident) of what is open and was told."""
    return [(row[0], row[1]) for row in await conn.fetch(_SQL["standing"], recipients)]
