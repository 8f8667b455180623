"""People: who may ask, who has an incident, who did what.

In:  hashes of tokens, ids of persons. Out: rows of `api_token`, `page_token`, `incident_ack`,
`incident_action`, `audit`. Every function runs in the caller's transaction, so that what was done
and its line in `audit` are kept together or not at all. No token is ever stored, only its hash.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from services.storage import queries
from services.storage.pool import Connection

Via = Literal["link", "api", "cli"]
ROLES = ("viewer", "operator", "report_approve")
ACKNOWLEDGED_FOR_MIN = 30  # where the catalogue names no rota
LINK_BYTES, TOKEN_BYTES, LONGEST_TOKEN = 16, 32, 100
SHORT = 12  # hexadecimal digits by which people call a token


class Token(NamedTuple):
    """A person's token for the API, without the token."""

    hash: bytes
    person: str
    roles: list[str]
    made_at: datetime
    made_by: str
    expires_at: datetime
    revoked_at: datetime | None

    @property
    def short(self) -> str:
        """What people call it."""
        return self.hash.hex()[:SHORT]

    def valid(self, now: datetime) -> bool:
        """May it still be used?"""
        return self.revoked_at is None and now < self.expires_at


class Link(NamedTuple):
    """The link of a page: whose it is, until when, and when it was used."""

    page_id: str
    recipient: str
    expires_at: datetime
    used_at: datetime | None

    @property
    def person(self) -> str:
        """Who acts by it: a person's id, or a desk as `path:<id>`."""
        return self.recipient.removeprefix("person:")


class Ack(NamedTuple):
    """Somebody has it, until then."""

    at: datetime
    person: str
    via: Via
    expires_at: datetime


class Spoken(NamedTuple):
    """How a person is spoken to, and for how many minutes an acknowledgement holds."""

    language: str
    ko: str
    en: str
    minutes: int


_SQL = {
    name: text.format(token=", ".join(Token._fields))
    for name, text in queries.load("people.sql").items()
}


def new_secret(size: int) -> str:
    """A random word of so many bytes, to be told once."""
    return secrets.token_urlsafe(size)


def hashed(secret: str) -> bytes:
    """What is stored of it. It is random and long: nothing slower is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def may_write(conn: Connection) -> None:
    """First in a transaction of the command line that writes."""
    await conn.execute(_SQL["may_write"])


async def record(
    conn: Connection, person: str, via: Via, action: str, about: str, detail: Mapping[str, object]
) -> None:
    """Who did what; `detail` as JSON."""
    await conn.execute(_SQL["record"], person, via, action, about, json.dumps(detail, default=str))


async def put_token(
    conn: Connection, token: str, person: str, roles: Sequence[str], by: str, until: datetime
) -> None:
    """Let this token be used."""
    await conn.execute(_SQL["put_token"], hashed(token), person, roles, by, until)


async def token(conn: Connection, secret: str) -> Token | None:
    """Whose it is; None for one that nobody was given."""
    row = await conn.fetchrow(_SQL["token"], hashed(secret))
    return Token(*row) if row else None


async def tokens(conn: Connection) -> list[Token]:
    """All that were ever made, the oldest first."""
    return [Token(*row) for row in await conn.fetch(_SQL["tokens"])]


async def revoke(conn: Connection, short: str) -> str | None:
    """Whose token it was; None where there is none that still counts."""
    person: str | None = await conn.fetchval(_SQL["revoke"], short, SHORT)
    return person


async def link(conn: Connection, secret: str) -> Link | None:
    """The link of a page; None for one that nobody was sent."""
    row = await conn.fetchrow(_SQL["link"], hashed(secret))
    return Link(*row) if row else None


async def use_link(conn: Connection, secret: str) -> bool:
    """Was it usable until now? It no longer is."""
    used: bool | None = await conn.fetchval(_SQL["use_link"], hashed(secret))
    return used is True


async def acknowledge(
    conn: Connection, incidents: Sequence[str], person: str, via: Via, minutes: int
) -> None:
    """Somebody has these incidents for so many minutes; the leader adds it to their timelines."""
    await conn.execute(_SQL["acknowledge"], incidents, person, via, minutes)


async def acks(conn: Connection, incident_id: str) -> list[Ack]:
    """Who had it, the first one first."""
    return [Ack(*row) for row in await conn.fetch(_SQL["acks"], incident_id)]


async def spoken_to(conn: Connection, person: str) -> Spoken:
    """As the catalogue in force says."""
    row = await conn.fetchrow(_SQL["spoken_to"], person)
    language, ko, en, minutes = row or (None,) * 4
    return Spoken(language or "ko", ko or person, en or person, minutes or ACKNOWLEDGED_FOR_MIN)
