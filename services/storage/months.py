"""Revisions of months: what is sealed, and the one way to seal.

In:  a connection, a sealed report as text. Out: rows that nobody can change or take away; the time
by which everything of a month is due. One seals at a time: who holds the session's lock, under an
epoch that every revision names. Before: `reporting/sealing.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from services.storage import queries
from services.storage.errors import StorageRefused
from services.storage.leader import Deposed
from services.storage.pool import Connection

_WHY = {
    "not_next_in_chain": "its `prev` or `entry` is not what the body's chain asks for",
    "not_next_revision": "another revision of the month comes next",
    "wrong_state": "its state is not that of its revision",
    "not_due": "the month cannot be sealed at that cutoff yet",
    "not_approved": "a corrected revision needs an approved correction of its own",
}


class Revision(NamedTuple):
    """One sealed revision, without its content; `number`: the order of sealing."""

    number: int
    body: str
    month: str
    revision: int
    state: str
    cutoff: datetime
    sealed_at: datetime
    correction: int | None
    figures: str
    evidence: str
    content_hash: str
    prev: str
    entry: str
    epoch: int


class Mail(NamedTuple):
    """A revision's mail, and the relay's receipt: `answer` is its reply code."""

    body: str
    month: str
    revision: int
    at: datetime
    message_id: str
    accepted: bool
    answer: str


_SQL = {
    name: text.replace("{revision}", ", ".join(Revision._fields))
    for name, text in queries.load("months.sql").items()
}


async def now(conn: Connection) -> datetime:
    """The database's time decides; in a replay database it is the one played."""
    at: datetime = await conn.fetchval(_SQL["now"])
    return at


async def take_turn(conn: Connection, holder: str) -> int | None:
    """The epoch under which this session may seal; None while another does."""
    if not await conn.fetchval(_SQL["take_turn"]):
        return None
    epoch: int = await conn.fetchval(_SQL["begin_epoch"], holder)
    return epoch


async def give_turn(conn: Connection) -> None:
    """Another may seal."""
    await conn.execute(_SQL["give_turn"])


async def seal(conn: Connection, epoch: int, content: bytes, correction: int | None = None) -> None:
    """Add a revision, in the caller's transaction.

    Raises Deposed when the epoch is over, StorageRefused for a report that is not the next one.
    """
    try:
        sealed = await conn.fetchval(_SQL["seal"], epoch, content, correction)
    except asyncpg.RaiseError as error:
        raise StorageRefused(f"not sealed: {_WHY.get(str(error), str(error))}") from None
    if not sealed:
        raise Deposed(f"epoch {epoch} is over")


async def revisions(conn: Connection, body: str | None = None) -> list[Revision]:
    """Of one body or all, in the order of sealing."""
    return [Revision(*row) for row in await conn.fetch(_SQL["revisions"], body)]


async def content(conn: Connection, body: str, month: str, revision: int) -> bytes | None:
    """The canonical report; None where there is none."""
    text: bytes | None = await conn.fetchval(_SQL["content"], body, month, revision)
    return text


async def verdicts(conn: Connection, body: str, month: str, revision: int) -> dict[str, str]:
    """Of one revision, by channel."""
    found = await conn.fetch(_SQL["verdicts"], body, month, revision)
    return {row["channel"]: row["verdict"] for row in found}


async def keep_context(
    conn: Connection, body: str, month: str, revision: int, context: bytes
) -> None:
    """What a revision was made from, in the transaction that seals it."""
    await conn.execute(_SQL["keep_context"], body, month, revision, context)


async def context(conn: Connection, body: str, month: str, revision: int) -> bytes | None:
    """What it was made from; None where there is no such revision."""
    text: bytes | None = await conn.fetchval(_SQL["context"], body, month, revision)
    return text


async def touched(
    conn: Connection, start: datetime, end: datetime, since: datetime
) -> frozenset[str]:
    """The bodies of which evidence of [start, end) was stored only since then."""
    return frozenset(row["body"] for row in await conn.fetch(_SQL["touched"], start, end, since))


async def head(conn: Connection, body: str) -> str | None:
    """The newest entry of a body's chain; None before its first."""
    entry: str | None = await conn.fetchval(_SQL["head"], body)
    return entry


async def log_documents(
    conn: Connection, person: str, body: str, month: str, revision: int, files: Sequence[str]
) -> None:
    """Who made which documents of a revision."""
    await conn.execute(_SQL["log_documents"], person, body, month, revision, list(files))


async def unmailed(conn: Connection, bodies: Sequence[str], since: datetime) -> list[Revision]:
    """Revisions of these bodies sealed since then that no relay has accepted or refused."""
    return [Revision(*row) for row in await conn.fetch(_SQL["unmailed"], list(bodies), since)]


async def mailed(
    conn: Connection, of: Revision, message_id: str, accepted: bool, answer: str
) -> None:
    """What the relay said to a revision's mail."""
    place = (of.body, of.month, of.revision)
    await conn.execute(_SQL["mailed"], *place, message_id, accepted, answer)


async def mails(conn: Connection) -> list[Mail]:
    """The oldest first."""
    return [Mail(*row) for row in await conn.fetch(_SQL["mails"])]


async def contracted(conn: Connection) -> dict[str, datetime]:
    """Since when a contract has stood in a catalogue, by its item."""
    return {row["item"]: row["known_at"] for row in await conn.fetch(_SQL["contracted"])}


async def first_slots(conn: Connection, routes: Sequence[str]) -> dict[str, datetime]:
    """The first slot of which there is evidence, by route."""
    found = await conn.fetch(_SQL["first_slots"], list(routes))
    return {row["route"]: row["slot"] for row in found}


async def stored_until(conn: Connection, partitions: Mapping[str, int]) -> datetime | None:
    """The append time before which everything is stored, by topic on each of so many partitions;
    None while one was never stored."""
    found = await conn.fetch(_SQL["stored_until"], list(partitions))
    there = {(row["topic"], row["partition"]): row["stored_until"] for row in found}
    wanted = [(topic, n) for topic, count in partitions.items() for n in range(count)]
    return min(there.values()) if all(place in there for place in wanted) else None
