"""Step 6: a batch of records becomes rows, in ONE transaction.

In: decoded records of some partitions (step 5). Out: evidence, attempts, liveness and the next
offsets, all or nothing. After: `sweep` settles what is due. Dying anywhere repeats the batch, and
a repeat changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.contracts import attempt
from services.contracts.evidence import (
    DeviceOpened,
    DeviceSeen,
    Event,
    Evidence,
    Heartbeat,
    ProbeAnswered,
    ReportReceived,
)
from services.contracts.vocabulary import AnswerResult
from services.runtime.errors import Retry
from services.storage import rows, sink
from services.storage.pool import Connection


@dataclass(frozen=True, slots=True)
class Stored:
    """One decoded record and where it stood."""

    record: Evidence | Heartbeat
    partition: int
    offset: int
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """One partition's next offset, guarded by the one its reader started from."""

    topic: str
    partition: int
    expected: int | None
    next_offset: int
    stored_until: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction stores."""

    records: tuple[Stored, ...]
    moves: tuple[Move, ...]


New = list[tuple[Evidence, Stored]]


async def apply_batch(conn: Connection, batch: Batch) -> list[str]:
    """The steps, in order, inside the caller's transaction; the kinds of repeated events.

    Raises Retry (`fenced`) when another instance has moved one of the offsets: roll back.
    """
    events = _once_each(batch.records)
    known = await sink.existing_ids(conn, list(events))
    new = [pair for event_id, pair in events.items() if event_id not in known]
    await sink.copy_evidence(conn, [_evidence_row(event, stored) for event, stored in new])
    found = await sink.link_messages(conn, _answers(new), _orphans(new))
    await sink.merge_attempts(conn, [*_partials(new), *(report.partial for report in found)])
    await sink.touch_liveness(conn, signs_of_life(batch.records))
    for move in batch.moves:
        await _move(conn, move)
    return [event.kind for event_id, (event, _) in events.items() if event_id in known]


def signs_of_life(records: Iterable[Stored]) -> list[sink.Sign]:
    """What these records prove alive, by the time the broker had them.

    A heartbeat: its source, and whoever answered that worker. A sighting: the app that saw it, and
    that the platform reached the receiver.
    """
    return [
        sink.Sign(source, stored.known_at, stored.known_at)
        for stored in records
        for source in _alive(stored.record)
    ]


def _alive(record: Evidence | Heartbeat) -> list[str]:
    match record:
        case Heartbeat():
            worker = record.source.removeprefix("worker/")
            return [record.source, *(f"reach/{worker}/{name}" for name in record.reached)]
        case DeviceSeen() | DeviceOpened():
            seen_by = f"observer/{record.receiver}/{record.observer}"
            return [seen_by, f"reached/{record.receiver}/{record.platform}"]
        case _:
            return []


async def _move(conn: Connection, move: Move) -> None:
    if not await sink.move_offset(
        conn, move.topic, move.partition, move.expected, move.next_offset, move.stored_until
    ):
        raise Retry("fenced", f"{move.topic}/{move.partition} is stored by another instance")


def _once_each(records: Iterable[Stored]) -> dict[UUID, tuple[Evidence, Stored]]:
    """The evidence by event id; of repeats the first stays."""
    events: dict[UUID, tuple[Evidence, Stored]] = {}
    for stored in records:
        if isinstance(stored.record, Event):
            events.setdefault(stored.record.event_id, (stored.record, stored))
    return events


def _evidence_row(event: Evidence, stored: Stored) -> rows.EvidenceRow:
    return rows.evidence_row(event, stored.partition, stored.offset, stored.known_at)


def _partials(new: New) -> list[rows.Partial]:
    return [
        rows.Partial(attempt.lift(event), stored.partition, stored.known_at)
        for event, stored in new
        if event.probe_id is not None
    ]


def _answers(new: New) -> list[sink.MessageAnswer]:
    return [
        sink.MessageAnswer(e.account, e.provider_message_id, e.probe_id, stored.known_at)
        for e, stored in new
        if isinstance(e, ProbeAnswered)
        and e.result is AnswerResult.ACCEPTED
        and e.provider_message_id
    ]


def _orphans(new: New) -> list[sink.OrphanReport]:
    return [
        sink.OrphanReport(e.account, e.provider_message_id, e.event_id, stored.known_at)
        for e, stored in new
        if isinstance(e, ReportReceived) and e.probe_id is None
    ]
