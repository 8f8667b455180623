"""Settling: read what is due and what it needs to know, write what became of it.

In: how far storing has come, by partition. Out: attempts with an outcome, each counted once. The
decision is `contracts.outcome.settle`; here stand only its inputs and its result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from services.contracts.attempt import Attempt
from services.contracts.evidence import ProbeSent
from services.contracts.outcome import Liveness, MonitorFault, Verdict, Wait
from services.contracts.vocabulary import AnswerResult, Outcome, ReportState, Stage
from services.storage import queries, rows
from services.storage.pool import Connection

ATTEMPT_COLUMNS = ", ".join(f"a.{name}" for name in ("probe_id", *rows.FOLDED_COLUMNS))
EVER = datetime(1970, 1, 1, tzinfo=UTC)
_SQL = queries.load("sweep.sql")
DUE = _SQL["due"].replace("{attempt}", ATTEMPT_COLUMNS)


@dataclass(frozen=True, slots=True)
class Due:
    """An attempt to settle, as it was at `touched`; `stored_until` of its partition."""

    attempt: Attempt
    partition: int
    touched: int
    counted: bool
    stored_until: datetime


class Settling(NamedTuple):
    """What `contracts.outcome.settle` said of a due attempt at `now`."""

    due: Due
    result: Verdict | Wait
    now: datetime


class Counted(NamedTuple):
    """An attempt that was settled for the first time: what the metrics need. Seconds since the
    sending by stage reached."""

    sent: ProbeSent
    outcome: Outcome
    stage_seconds: Mapping[Stage, float]


async def due(
    conn: Connection, stored_until: Mapping[int, datetime], limit: int, since: datetime = EVER
) -> list[Due]:
    """Attempts whose `settle_at` is stored and whose slot is not before `since`, the longest due
    first. `stored_until` by partition: the earlier one of that partition's and the heartbeats'."""
    marks = (list(stored_until), list(stored_until.values()))
    names = ("partition", "touched", "counted", "stored_until")
    found = await conn.fetch(DUE, *marks, limit, since)
    return [Due(rows.attempt_of(row), *(row[name] for name in names)) for row in found]


async def liveness_for(
    conn: Connection,
    sources: Sequence[str],
    reach_workers: Sequence[str],
    start: datetime,
    end: datetime,
) -> Liveness:
    """Signs of life in [start, end] of these sources, and of whatever these workers reached."""
    reaches = [f"reach/{worker}/" for worker in reach_workers]
    signs: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in await conn.fetch(_SQL["liveness_for"], list(sources), reaches, start, end):
        signs.setdefault(row["source"], []).append((row["first_at"], row["last_at"]))
    return Liveness(signs)


async def monitor_faults(conn: Connection, start: datetime, end: datetime) -> list[MonitorFault]:
    """Monitor faults that touch [start, end]."""
    found = await conn.fetch(_SQL["monitor_faults"], start, end)
    return [MonitorFault(row["component"], row["from_at"], row["to_at"]) for row in found]


async def settle(conn: Connection, settlings: Sequence[Settling]) -> list[Counted]:
    """Write outcomes and later times, unless a row changed since it was read. Returns the attempts
    that were settled for the first time: count them after the commit."""
    if not settlings:
        return []
    in_order = sorted(settlings, key=lambda settling: settling.due.attempt.probe_id)
    values = zip(*map(_values, in_order), strict=True)
    written = {row["probe_id"] for row in await conn.fetch(_SQL["settle"], *values)}
    return [
        counted
        for settling in in_order
        if settling.due.attempt.probe_id in written
        and not settling.due.counted
        and (counted := _counted(settling)) is not None
    ]


async def pending(conn: Connection, partitions: Sequence[int]) -> dict[tuple[str, str], int]:
    """Scheduled probes without an outcome, by (channel, provider)."""
    found = await conn.fetch(_SQL["pending"], list(partitions))
    return {(row["channel"], row["provider"]): row["count"] for row in found}


def stage_times(attempt: Attempt) -> dict[Stage, datetime]:
    """When each stage was reached. Pure; the same as the stage columns of `attempts`."""
    accepted = attempt.answer and attempt.answer.result is AnswerResult.ACCEPTED
    reported = attempt.report and attempt.report.state is ReportState.DELIVERED
    seen = attempt.own_sighting
    times = {
        Stage.ACCEPTED: attempt.answer.ended_at if attempt.answer and accepted else None,
        Stage.REPORTED: attempt.report.reported_at if attempt.report and reported else None,
        Stage.SEEN: seen.upper if seen else None,
        Stage.OPENED: attempt.opened_at,
    }
    return {stage: at for stage, at in times.items() if at is not None}


def _values(settling: Settling) -> tuple[object, ...]:
    row = settling.due
    key = (row.attempt.probe_id, row.touched)
    match settling.result:
        case Verdict(outcome, reason):
            return (*key, outcome, reason, None, settling.now)
        case Wait(until):
            return (*key, None, None, until, settling.now)


def _counted(settling: Settling) -> Counted | None:
    attempt, result = settling.due.attempt, settling.result
    if attempt.sent is None or isinstance(result, Wait):
        return None
    begun, times = attempt.sent.sent_at, stage_times(attempt)
    seconds = {stage: (at - begun).total_seconds() for stage, at in times.items()}
    return Counted(attempt.sent, result.outcome, seconds)
