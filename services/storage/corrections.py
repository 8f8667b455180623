"""Corrections of months: proposed by one person, decided by another.

In:  a personal token's hash, what is to be corrected and why. Out: rows of `report_correction`,
each step with its line in `audit`. The database itself finds the person and refuses the proposer;
no login may write these tables.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from services.storage import queries
from services.storage.errors import StorageRefused
from services.storage.people import Via
from services.storage.pool import Connection

ROLE = "report_approve"
# Why not: what the database says, in Korean and English.
WHY = {
    "no_token": ("유효한 개인 토큰이 없습니다.", "There is no valid personal token."),
    "no_role": (f"{ROLE} 역할이 필요합니다.", f"This needs the role {ROLE}."),
    "same_person": ("제안자는 승인할 수 없습니다.", "The proposer cannot approve."),
    "no_such": ("그런 정정 제안이 없습니다.", "There is no such correction."),
    "decided": ("이미 결정된 정정입니다.", "That correction is decided already."),
    "not_closed": ("아직 확정되지 않은 월입니다.", "That month is not closed yet."),
    "no_objection": ("그런 이의 제기가 없습니다.", "There is no such objection."),
    "answered": ("이미 답변한 이의 제기입니다.", "That objection is answered already."),
    "too_late": (
        "정정은 해당 월이 끝난 뒤 13개월까지 받습니다.",
        "A month is corrected until 13 months after its end.",
    ),
}


class CorrectionRefused(StorageRefused):
    """`reason` is a key of WHY; the message is its English sentence, `ko` the Korean one."""

    def __init__(self, reason: str) -> None:
        super().__init__(WHY[reason][1])
        self.reason, self.ko = reason, WHY[reason][0]


class Correction(NamedTuple):
    """One correction, as it stands. `data`: JSON, as `contracts.correction` says."""

    id: int
    body: str
    month: str
    kind: str
    data: dict[str, Any]
    reason: str
    proposed_by: str
    proposed_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None
    words: str | None


class Exclusion(NamedTuple):
    """제외: what two people agreed to leave out."""

    correction: int
    component: str
    from_at: datetime
    to_at: datetime
    kind: str
    reason: str
    proposed_by: str
    approved_by: str
    known_at: datetime


class Draft(NamedTuple):
    """What late evidence would change of a month's latest revision."""

    body: str
    month: str
    revision: int
    made_at: datetime
    diff: list[dict[str, Any]]


_PLACES = {
    "{correction}": ", ".join(Correction._fields),
    "{exclusion}": ", ".join(Exclusion._fields),
}


def _filled(text: str) -> str:
    for place, columns in _PLACES.items():
        text = text.replace(place, columns)
    return text


_SQL = {name: _filled(text) for name, text in queries.load("corrections.sql").items()}


async def propose(
    conn: Connection, token: bytes, body: str, month: str, kind: str, data: Mapping[str, Any],
    reason: str, via: Via,
) -> int:  # fmt: skip
    """Its number. Raises CorrectionRefused."""
    values = (token, body, month, kind, json.dumps(data), reason, via)
    async with refusals():
        number: int = await conn.fetchval(_SQL["propose"], *values)
    return number


async def decide(
    conn: Connection, token: bytes, number: int, approve: bool, words: str, via: Via
) -> None:
    """Approve or reject, by somebody else than who proposed. Raises CorrectionRefused."""
    async with refusals():
        await conn.execute(_SQL["decide"], token, number, approve, words, via)


async def corrections(
    conn: Connection, body: str | None = None, month: str | None = None
) -> list[Correction]:
    """The oldest first."""
    found = await conn.fetch(_SQL["corrections"], body, month)
    return [Correction(*row)._replace(data=json.loads(row["data"])) for row in found]


async def approved(conn: Connection, body: str, month: str, before: datetime) -> list[Correction]:
    """Those of a month that were approved before then, the oldest first."""
    found = await corrections(conn, body, month)
    return [
        one
        for one in found
        if one.state == "approved" and one.decided_at and one.decided_at < before
    ]


async def exclusions(conn: Connection, body: str, cutoff: datetime) -> list[Exclusion]:
    """What was agreed for a body before the cutoff."""
    return [Exclusion(*row) for row in await conn.fetch(_SQL["exclusions"], body, cutoff)]


async def put_draft(
    conn: Connection, body: str, month: str, revision: int, diff: Sequence[Mapping[str, Any]]
) -> None:
    """Late evidence would change this revision so."""
    await conn.execute(_SQL["put_draft"], body, month, revision, json.dumps(diff))


async def drafts(conn: Connection) -> list[Draft]:
    """Those that wait for somebody to propose the correction."""
    found = await conn.fetch(_SQL["drafts"])
    return [Draft(*row)._replace(diff=json.loads(row["diff"])) for row in found]


@asynccontextmanager
async def refusals() -> AsyncIterator[None]:
    """What the database refuses, as CorrectionRefused."""
    try:
        yield
    except asyncpg.RaiseError as error:
        if str(error) not in WHY:
            raise
        raise CorrectionRefused(str(error)) from None
