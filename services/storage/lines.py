"""Scheduled probes as they were known before a cutoff, and what became of them by then.

In:  routes, slots in [from, to), a cutoff, the monitor faults that count. Out: `Known`, day by day.
What is stored is today's fold: an attempt that later evidence touched is folded anew from what was
known before the cutoff, so the same cutoff gives the same for ever.
Before: `sink.py` and `merge.sql` keep attempts. After: `reporting/stored.py` makes lines of them.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import Field, TypeAdapter

from services.contracts import outcome
from services.contracts.attempt import Attempt, fold
from services.contracts.evidence import Evidence, ProbeAnswered
from services.contracts.ids import time_of
from services.contracts.outcome import Liveness, MonitorFault, Verdict
from services.contracts.vocabulary import AnswerResult
from services.storage import queries, rows, sweep
from services.storage.pool import Connection

DAY = timedelta(days=1)
_SQL = queries.load("lines.sql")
_ATTEMPTS = _SQL["attempts"].replace("{attempt}", sweep.ATTEMPT_COLUMNS)
_EVENT: TypeAdapter[Evidence] = TypeAdapter(Annotated[Evidence, Field(discriminator="kind")])


class Known(NamedTuple):
    """An attempt and its outcome as of a cutoff; `alive`: its receiver was, before and after."""

    attempt: Attempt
    verdict: Verdict
    alive: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which routes, slots in [start, end), what was known before the cutoff; `raw`: from the
    evidence alone, whatever was stored as its fold."""

    routes: Sequence[str]
    start: datetime
    end: datetime
    cutoff: datetime
    raw: bool = False


async def read(
    conn: Connection, asked: Asked, faults: Sequence[MonitorFault]
) -> AsyncIterator[list[Known]]:
    """By 24 hours of slots, in order of their ids. `faults`: those that this revision counts.

    Call in one transaction that sees one state of the database.
    """
    later = [] if asked.raw else await touched(conn, asked)
    start = asked.start
    while start < asked.end:
        end = min(start + DAY, asked.end)
        own = [probe for probe in later if start <= time_of(probe) < end]
        yield await _of_day(conn, replace(asked, start=start, end=end), own, faults)
        start = end


async def touched(conn: Connection, asked: Asked) -> list[UUID]:
    """Of which probes something was known only from the cutoff on."""
    values = (list(asked.routes), asked.start, asked.end, asked.cutoff)
    return [row["probe_id"] for row in await conn.fetch(_SQL["touched"], *values)]


async def _of_day(
    conn: Connection, day: Asked, later: Sequence[UUID], faults: Sequence[MonitorFault]
) -> list[Known]:
    attempts = await _attempts(conn, day, later)
    liveness = await _liveness(conn, attempts, day.cutoff)
    return [
        Known(attempt, verdict, outcome.proven_alive(attempt.sent, liveness, day.cutoff))
        for attempt in attempts
        if attempt.sent
        and (verdict := outcome.outcome(attempt, liveness, faults, day.cutoff)) is not None
    ]


async def _attempts(conn: Connection, day: Asked, later: Sequence[UUID]) -> list[Attempt]:
    values = (list(day.routes), day.start, day.end, day.cutoff)
    if day.raw:
        announced = [row["probe_id"] for row in await conn.fetch(_SQL["announced"], *values)]
        return sorted(await _folded(conn, announced, day), key=lambda each: each.probe_id)
    anew = await _folded(conn, later, day) if later else []
    again = frozenset(later)
    stored = await conn.fetch(_ATTEMPTS, *values)
    kept = (rows.attempt_of(row) for row in stored if row["probe_id"] not in again)
    return sorted([*kept, *anew], key=lambda each: each.probe_id)


async def _folded(conn: Connection, probes: Sequence[UUID], day: Asked) -> list[Attempt]:
    """From what was known of these before the cutoff; one of which nothing was is missing."""
    span = (day.start, day.end, day.cutoff)
    found = await conn.fetch(_SQL["evidence"], list(probes), *span)
    events = [_EVENT.validate_json(row["body"]) for row in found]
    by_probe: dict[UUID | None, list[Evidence]] = {}
    for event in [*events, *await _reports(conn, events, day)]:
        by_probe.setdefault(event.probe_id, []).append(event)
    return [fold(own) for own in by_probe.values()]


async def _reports(conn: Connection, events: Iterable[Evidence], day: Asked) -> list[Evidence]:
    """Those that found their probe by the message that these answers tell of."""
    messages = [
        (event.account, event.provider_message_id, event.probe_id)
        for event in events
        if isinstance(event, ProbeAnswered) and event.result is AnswerResult.ACCEPTED
    ]
    if not messages:
        return []
    of = zip(*messages, strict=True)
    return [
        _EVENT.validate_json(row["body"]).model_copy(update={"probe_id": row["probe_id"]})
        for row in await conn.fetch(_SQL["reports"], *of, day.start, day.cutoff)
    ]


async def _liveness(conn: Connection, attempts: Iterable[Attempt], cutoff: datetime) -> Liveness:
    needs = [need for attempt in attempts if (need := outcome.needed(attempt)) is not None]
    if not needs:
        return Liveness({})
    found = await sweep.liveness_for(
        conn,
        sorted({source for need in needs for source in need.sources}),
        sorted({worker for need in needs for worker in need.workers}),
        min(need.start for need in needs),
        max(need.end for need in needs),
    )
    return found.known_before(cutoff)
