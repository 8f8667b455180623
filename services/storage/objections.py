"""Objections to closed months: who holds what against one, and what was answered.

In:  a personal token's hash, the objection. Out: rows of `report_objection`, each step with its
line in `audit`. No figure changes by it; the next revision tells of it.
"""

from datetime import datetime
from typing import NamedTuple

from services.storage import queries
from services.storage.corrections import refusals
from services.storage.people import Via
from services.storage.pool import Connection


class Objection(NamedTuple):
    """`channel`: None for the whole month; `attachment`: SHA-256 of what was handed in."""

    id: int
    body: str
    month: str
    channel: str | None
    objector: str
    about: str
    attachment: str | None
    at: datetime
    entered_by: str
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None


_SQL = {
    name: text.replace("{objection}", ", ".join(Objection._fields))
    for name, text in queries.load("objections.sql").items()
}


async def open_(
    conn: Connection, token: bytes, body: str, month: str, channel: str | None, objector: str,
    about: str, attachment: str | None, via: Via,
) -> int:  # fmt: skip
    """Its number. Raises CorrectionRefused."""
    values = (token, body, month, channel, objector, about, attachment, via)
    async with refusals():
        number: int = await conn.fetchval(_SQL["open"], *values)
    return number


async def decide(conn: Connection, token: bytes, number: int, words: str, via: Via) -> None:
    """Answer it, once. Raises CorrectionRefused."""
    async with refusals():
        await conn.execute(_SQL["decide"], token, number, words, via)


async def objections(
    conn: Connection, body: str | None = None, month: str | None = None
) -> list[Objection]:
    """The oldest first."""
    return [Objection(*row) for row in await conn.fetch(_SQL["objections"], body, month)]
