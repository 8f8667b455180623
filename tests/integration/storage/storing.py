"""A batch as the pipeline stores it: the same building blocks in the same order."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.contracts import attempt
from services.contracts.attempt import Attempt
from services.contracts.evidence import Evidence, ProbeAnswered, ReportReceived
from services.storage import errors, rows, sink, sweep
from services.storage.pool import Connection, Pool, transaction
from services.storage.rows import Partial
from tests.support.builders import SLOT

PARTITION = 3
TRIES = 50


async def store(
    conn: Connection, events: Sequence[Evidence], known_at: datetime = SLOT
) -> list[Evidence]:
    """Store a batch inside the caller's transaction; returns what was new."""
    distinct = {event.event_id: event for event in reversed(events)}
    known = await sink.existing_ids(conn, list(distinct))
    new = [event for event in distinct.values() if event.event_id not in known]
    await sink.copy_evidence(
        conn, [rows.evidence_row(e, PARTITION, n, known_at) for n, e in enumerate(new)]
    )
    found = await sink.link_messages(conn, _mentions(new, known_at))
    partials = [
        Partial(attempt.lift(event), PARTITION, known_at)
        for event in new
        if event.probe_id is not None
    ]
    await sink.merge_attempts(conn, [*partials, *found])
    return new


async def store_repeating(pool: Pool, events: Sequence[Evidence]) -> None:
    """Store a batch as the consumer does: what a repeat can cure is repeated as a whole."""
    for _ in range(TRIES):
        try:
            async with transaction(pool) as conn:
                await store(conn, events)
            return
        except Exception as error:
            if not errors.curable(error):
                raise
    raise AssertionError(f"no success in {TRIES} tries")


async def stored(conn: Connection, probe_id: UUID) -> Attempt | None:
    """The attempt as its row tells it."""
    row = await conn.fetchrow(
        f"SELECT {sweep.ATTEMPT_COLUMNS} FROM attempts AS a WHERE probe_id = $1", probe_id
    )
    return rows.attempt_of(row) if row else None


def _mentions(events: Sequence[Evidence], known_at: datetime) -> list[sink.Mention]:
    answers = [
        sink.Mention(e.account, e.provider_message_id, e.probe_id, None, known_at)
        for e in events
        if isinstance(e, ProbeAnswered) and e.provider_message_id
    ]
    return answers + [
        sink.Mention(e.account, e.provider_message_id, None, e.event_id, known_at)
        for e in events
        if isinstance(e, ReportReceived) and e.probe_id is None
    ]
