"""Step 6's building blocks: what one transaction of a batch writes.

In: a connection inside a transaction, rows. Out: rows stored once, attempts merged as `fold` would,
offsets moved under their fence. Before: `alerting/storing/pipeline.py` lists the steps. After: the
sweep. Every statement takes its rows in key order.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.contracts import attempt
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import ReportReceived
from services.storage import queries, rows
from services.storage.pool import Connection
from services.storage.rows import EvidenceRow, Partial

_SQL = queries.load("sink.sql")
_PLACE = re.compile(r"\{(\w+):(.*?)\}(?=,\n)", re.DOTALL)


class Mention(NamedTuple):
    """A provider's message: `probe_id` from the answer that took it, or `event_id` of a stored
    report that did not know its probe."""

    account: str
    provider_message_id: str
    probe_id: UUID | None
    event_id: UUID | None
    known_at: datetime


class Sign(NamedTuple):
    """A sign of life: `at` by the sender's clock, `known_at` by the broker's."""

    source: str
    at: datetime
    known_at: datetime


class Post(NamedTuple):
    """A member's device saw a post in a room that is only observed."""

    route: str
    receiver: str
    at: datetime
    known_at: datetime


class Offset(NamedTuple):
    """How far a partition is stored: the next offset, and until which append time."""

    next_offset: int
    stored_until: datetime


async def existing_ids(conn: Connection, event_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these events are stored."""
    return {row["event_id"] for row in await conn.fetch(_SQL["existing_ids"], list(event_ids))}


async def copy_evidence(conn: Connection, evidence: Sequence[EvidenceRow]) -> None:
    """Store events that are not stored. Raises a unique violation (curable) for a lost race."""
    await conn.copy_records_to_table(
        "evidence", records=evidence, columns=list(rows.EVIDENCE_COLUMNS)
    )


async def merge_attempts(conn: Connection, partials: Iterable[Partial]) -> None:
    """Merge what NEW events make of their probes; an event given twice counts as two sends."""
    by_probe: dict[UUID, Partial] = {}
    for partial in partials:
        before = by_probe.get(partial.attempt.probe_id)
        by_probe[partial.attempt.probe_id] = _both(before, partial) if before else partial
    if not by_probe:
        return
    await conn.execute(_MAKE_STAGING)
    await conn.copy_records_to_table(
        "attempt_staging",
        records=map(rows.staged_row, by_probe.values()),
        columns=list(rows.STAGED_COLUMNS),
    )
    await conn.execute(_MERGE_ATTEMPTS)
    # A second merge in the same transaction must not find the first one's rows.
    await conn.execute("TRUNCATE attempt_staging")


async def link_messages(conn: Connection, mentions: Sequence[Mention]) -> list[Partial]:
    """Write answers and waiting reports; returns what the reports that know their probe now, once
    each, make of it. The reports must be in `evidence` already."""
    if not mentions:
        return []
    linked = await conn.fetch(_SQL["link_messages"], *zip(*mentions, strict=True))
    found = [row for row in linked if row["probe_id"] and row["waiting"]]
    if not found:
        return []
    messages = zip(*((row["account"], row["provider_message_id"]) for row in found), strict=True)
    await conn.execute(_SQL["stop_waiting"], *messages)
    return await _reports(conn, {e: row["probe_id"] for row in found for e in row["waiting"]})


async def touch_liveness(conn: Connection, signs: Sequence[Sign]) -> None:
    """Widen the minutes in which these signs were received."""
    if signs:
        await conn.execute(_SQL["touch_liveness"], *zip(*signs, strict=True))


async def touch_observed(conn: Connection, posts: Sequence[Post]) -> None:
    """Keep the newest post of each route and member."""
    if posts:
        await conn.execute(_SQL["touch_observed"], *zip(*posts, strict=True))


async def move_offset(
    conn: Connection,
    topic: str,
    partition: int,
    expected: int | None,
    next_offset: int,
    stored_until: datetime,
) -> bool:
    """Move a partition's offset from `expected` (None: never stored). False when fenced: another
    instance moved it, so roll back and read it again."""
    query, guard = ("first_offset", ()) if expected is None else ("move_offset", (expected,))
    values = (topic, partition, *guard, next_offset, stored_until)
    return await conn.fetchval(_SQL[query], *values) is not None


async def mark_stored_until(
    conn: Connection, topic: str, partition: int, next_offset: int, stored_until: datetime
) -> bool:
    """An idle partition is stored until then: its end was fetched. False when fenced."""
    values = (topic, partition, next_offset, stored_until)
    return await conn.fetchval(_SQL["mark_stored_until"], *values) is not None


async def read_offsets(conn: Connection, topic: str) -> dict[int, Offset]:
    """Where to go on, by partition; a partition that was never stored is missing."""
    stored = await conn.fetch(_SQL["read_offsets"], topic)
    return {r["partition"]: Offset(r["next_offset"], r["stored_until"]) for r in stored}


async def store_catalogue(
    conn: Connection, catalogue: Catalogue, applied_by: str, known_at: datetime
) -> bool:
    """Keep a whole revision for ever; False when it is kept already."""
    revision = catalogue.revision
    if not await conn.fetchval(_SQL["store_revision"], revision, known_at, applied_by):
        return False
    await conn.copy_records_to_table(
        "catalogue_object",
        records=[(revision, k, i, m.model_dump_json()) for k, i, m in catalogue.objects()],
        columns=["revision", "kind", "id", "body"],
    )
    return True


async def maintain(conn: Connection, days_ahead: int, retention_days: int) -> int:
    """Partitions from yesterday to `days_ahead`, old days dropped. Returns the rows that lie in no
    day's partition: above 0 is an alarm. Call outside a batch's transaction: it locks."""
    stray: int = await conn.fetchval(_SQL["maintain"], days_ahead, retention_days)
    return stray


def _both(one: Partial, other: Partial) -> Partial:
    partition = one.partition if one.partition is not None else other.partition
    merged = attempt.merge(one.attempt, other.attempt)
    return Partial(merged, partition, min(one.first_known_at, other.first_known_at))


async def _reports(conn: Connection, probe_of: Mapping[UUID, UUID]) -> list[Partial]:
    """Of no partition, for their key is the message."""
    found = []
    for row in await conn.fetch(_SQL["waiting_reports"], list(probe_of)):
        report = ReportReceived.model_validate_json(row["body"])
        report = report.model_copy(update={"probe_id": probe_of[row["event_id"]]})
        found.append(Partial(attempt.lift(report), None, row["known_at"]))
    return found


def _choose(place: re.Match[str]) -> str:
    """All columns of a group, by the same condition: an event is taken whole."""
    group, condition = place[1], place[2].strip()
    wins = f"excluded.{group}_event IS NOT NULL AND (old.{group}_event IS NULL OR {condition})"
    return ",\n    ".join(
        f"{column} = CASE WHEN {wins} THEN excluded.{column} ELSE old.{column} END"
        for column in rows.GROUPS[group]
    )


def _merging(name: str) -> str:
    text = queries.load("merge.sql")[name].replace("{staged}", ", ".join(rows.STAGED_COLUMNS))
    return _PLACE.sub(_choose, text)


_MAKE_STAGING, _MERGE_ATTEMPTS = _merging("make_staging"), _merging("merge_attempts")
