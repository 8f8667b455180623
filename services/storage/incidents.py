"""Incidents in Postgres: what the leader writes, what people read and ask for.

In:  rows and events from `alerting/incidents`. Out: the same rows; actions in the order asked.
A transaction that writes begins with `leader.hold`; a timeline only grows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from pydantic import TypeAdapter

from services.storage import leader, queries
from services.storage.pool import Connection, Row

LONGEST = 2000  # characters of what a person says
STANDS_STILL = timedelta(seconds=30)  # without a tick for so long: nobody detects


@dataclass(frozen=True, slots=True)
class Figures:
    """What stands beside the newest evidence of an incident: its messages since `since`, over how
    many parts they went, how many were confirm probes; `beside`: how many others, by the same
    dealers and workers to the same phones but not over its component, arrived; `usual_s`: within
    how many seconds 99 % of what arrives is there; `next`: the next best explanation."""

    since: datetime
    messages: int
    dealers: int
    senders: int
    receivers: int
    workers: int
    beside: int
    usual_s: float | None
    confirms: int
    next: str | None


class Incident(NamedTuple):
    """One outage, or one fault of bongsu's own (`monitor`). Gain and margin in nats; `people`: how
    many the notices of its routes reach; `rival`: what it could not be told from; `figures`: None
    until it was counted."""

    id: str
    kind: Literal["outage", "monitor"]
    status: Literal["open", "closed"]
    component: str
    hypothesis: str
    severity: int | None
    channel: str | None
    provider: str | None
    carrier: str | None
    body: str | None
    title_ko: str
    title_en: str
    routes: list[str]
    people: int
    started_at: datetime
    detected_at: datetime
    ended_at: datetime | None
    closed_at: datetime | None
    gain: float
    failed: int
    total: int
    margin: float | None
    rival: str | None
    alike: list[str]
    notes: list[str]
    reopened: int = 0
    figures: Figures | None = None

    @property
    def monitor(self) -> bool:
        """Is it bongsu's own fault?"""
        return self.kind == "monitor"


EventKind = Literal[
    "opened", "reopened", "renamed", "changed", "widened", "narrowed", "noted", "graded",
    "note", "acknowledged", "muted", "closed",
]  # fmt: skip


class Event(NamedTuple):
    """A line of a timeline; `at` is the tick."""

    at: datetime
    kind: EventKind
    actor: str
    note_ko: str
    note_en: str


class Candidate(NamedTuple):
    """A component that would explain an incident; gain in nats. The first is the one named."""

    component: str
    hypothesis: str
    gain: float
    failed: int
    total: int
    separated: bool


class Action(NamedTuple):
    """What a person asked for, or did: of an `ack` the text is for how many minutes."""

    number: int
    incident_id: str
    kind: Literal["note", "close", "ack"]
    actor: str
    text: str


class Standing(NamedTuple):
    """What is open, and when a leader's detector ticked last (None: never)."""

    open: list[Incident]
    ticked_at: datetime | None


_FIGURES = TypeAdapter(Figures)
_FIELDS = Incident._fields
_SQL = {
    name: text.format(
        columns=", ".join(_FIELDS),
        places=", ".join(f"${number}" for number in range(1, len(_FIELDS) + 1)),
        routes=f"${_FIELDS.index('routes') + 1}",
        changes=", ".join(f"{field} = excluded.{field}" for field in _FIELDS[1:]),
    )
    for name, text in queries.load("incidents.sql").items()
}


async def put(conn: Connection, row: Incident) -> None:
    """Insert or replace one. Raises a unique violation for a second open one of a component."""
    figures = _FIGURES.dump_json(row.figures).decode() if row.figures else "{}"
    await conn.execute(_SQL["put"], *row[:-1], figures)


async def append(conn: Connection, incident_id: str, events: Iterable[Event]) -> None:
    """Lengthen a timeline."""
    for event in events:
        await conn.execute(_SQL["append"], incident_id, *event)


async def append_once(conn: Connection, incident_id: str, event: Event) -> None:
    """Lengthen a timeline, unless it has a line of this kind."""
    await conn.execute(_SQL["append_once"], incident_id, *event)


async def replace_candidates(
    conn: Connection, incident_id: str, found: Sequence[Candidate]
) -> None:
    """What would explain it, as of now, best first."""
    await conn.execute(_SQL["forget_candidates"], incident_id)
    records = [(incident_id, rank, *one) for rank, one in enumerate(found, 1)]
    columns = ("incident_id", "rank", *Candidate._fields)
    await conn.copy_records_to_table("incident_candidate", records=records, columns=columns)


async def recent(conn: Connection, since: datetime) -> list[Incident]:
    """Those open, and those closed since then."""
    return [_incident(row) for row in await conn.fetch(_SQL["recent"], since)]


async def standing(conn: Connection) -> Standing:
    """What `bongsu status` and the live table show."""
    found = [_incident(row) for row in await conn.fetch(_SQL["open"])]
    return Standing(found, await leader.ticked_at(conn))


async def newest(conn: Connection, closed_too: bool, most: int) -> list[Incident]:
    """Open ones first, then the newest that ended."""
    return [_incident(row) for row in await conn.fetch(_SQL["newest"], closed_too, most)]


async def by_id(conn: Connection, incident_id: str) -> Incident | None:
    """One incident; None for an id nobody gave."""
    row = await conn.fetchrow(_SQL["by_id"], incident_id)
    return _incident(row) if row else None


async def of_page(conn: Connection, page_id: str) -> list[Incident]:
    """The incidents that a page names, the worst first."""
    return [_incident(row) for row in await conn.fetch(_SQL["of_page"], page_id)]


async def by_ids(conn: Connection, ids: Iterable[str]) -> dict[str, Incident]:
    """Those that there are, by id."""
    found = (_incident(row) for row in await conn.fetch(_SQL["by_ids"], list(ids)))
    return {row.id: row for row in found}


async def events(conn: Connection, incident_id: str) -> list[Event]:
    """Its timeline."""
    return [Event(*row) for row in await conn.fetch(_SQL["events"], incident_id)]


async def closed_by_hand(conn: Connection, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Of those that a person closed last, by id, the line of the timeline, in both languages."""
    found = await conn.fetch(_SQL["closed_by_hand"], list(ids))
    return {row[0]: (row[1], row[2]) for row in found}


async def candidates(conn: Connection, incident_id: str) -> list[Candidate]:
    """What would explain it, the named cause first."""
    return [Candidate(*row) for row in await conn.fetch(_SQL["candidates"], incident_id)]


async def unseparated(conn: Connection) -> dict[str, list[str]]:
    """What open incidents could not be told from when they were named, by id."""
    return {row[0]: row[1] for row in await conn.fetch(_SQL["unseparated"])}


async def ask(conn: Connection, incident_id: str, kind: str, actor: str, text: str) -> int:
    """Ask the leader for something; the number of the action."""
    await conn.execute("SET TRANSACTION READ WRITE")
    number: int = await conn.fetchval(_SQL["ask"], incident_id, kind, actor, text)
    return number


async def asked(conn: Connection) -> list[Action]:
    """What is not done yet, in order; a hundred at most."""
    return [Action(*row) for row in await conn.fetch(_SQL["asked"])]


async def done(conn: Connection, numbers: Sequence[int]) -> None:
    """These were done."""
    await conn.execute(_SQL["done"], numbers)


async def is_done(conn: Connection, number: int) -> bool:
    """Has a leader done it?"""
    found: bool = await conn.fetchval(_SQL["is_done"], number)
    return found


def _incident(row: Row) -> Incident:
    found = Incident(*row)
    told = str(row["figures"])
    return found._replace(figures=None if told == "{}" else _FIGURES.validate_json(told))
