"""Step 6: a batch of records becomes rows, in ONE transaction.

In: decoded records of some partitions (step 5). Out: evidence, attempts, liveness and the next
offsets, all or nothing. After: `sweep` settles what is due. Dying anywhere repeats the batch, and
a repeat changes nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.contracts import attempt
from services.contracts.evidence import (
    CanaryAnnounced,
    ChannelObserved,
    DeviceOpened,
    DeviceSeen,
    Event,
    Evidence,
    Heartbeat,
    ProbeAnswered,
    Record,
    ReportReceived,
)
from services.contracts.vocabulary import AnswerResult
from services.runtime.errors import Retry
from services.runtime.kafka_readers import Fetched
from services.storage import rows, sink
from services.storage.pool import Connection


@dataclass(frozen=True, slots=True)
class Stored:
    """One decoded record and how it stood in Kafka."""

    record: Event | Heartbeat
    fetched: Fetched

    @property
    def known_at(self) -> datetime:
        """The broker's append time."""
        return self.fetched.known_at


class Move(NamedTuple):
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


New = list[tuple[rows.Kept, Stored]]


async def apply_batch(conn: Connection, batch: Batch) -> list[str]:
    """The steps, in order, inside the caller's transaction; the kinds of repeated events.

    Raises Retry (`fenced`) when another instance has moved one of the offsets: roll back.
    """
    events = [(s.record, s) for s in batch.records if isinstance(s.record, rows.Kept)]
    new = await _not_stored_yet(conn, events)
    at = [(event, s.fetched.partition, s.fetched.offset, s.known_at) for event, s in new]
    await sink.copy_evidence(conn, [rows.evidence_row(*each) for each in at])
    found = await sink.link_messages(conn, list(_mentions(new)))
    await sink.merge_attempts(conn, [*_partials(new), *found])
    await sink.touch_observed(conn, _posts(new))
    beats = [s for s in batch.records if isinstance(s.record, Heartbeat | CanaryAnnounced)]
    await sink.touch_liveness(conn, signs_of_life([*beats, *(s for _, s in new)]))
    for move in sorted(batch.moves, key=lambda move: move[:2]):
        if not await sink.move_offset(conn, *move):
            raise Retry("fenced", f"{move.topic}/{move.partition} is stored by another instance")
    kept = {id(stored) for _, stored in new}
    return [event.kind for event, stored in events if id(stored) not in kept]


async def _not_stored_yet(conn: Connection, events: New) -> New:
    """Of repeats the first stays, in the batch as in the table."""
    first: dict[UUID, tuple[rows.Kept, Stored]] = {}
    for event, stored in events:
        first.setdefault(event.event_id, (event, stored))
    known = await sink.existing_ids(conn, list(first))
    return [pair for event_id, pair in first.items() if event_id not in known]


def signs_of_life(records: Iterable[Stored]) -> list[sink.Sign]:
    """What these records prove alive, by the time the broker had them: a sign is never known
    before the evidence that its sender had sent until then."""
    return [
        sink.Sign(source, stored.known_at, stored.known_at)
        for stored in records
        for source in alive(stored.record)
    ]


def alive(record: Record) -> list[str]:
    """The sources that a record proves alive.

    A heartbeat: its source, and whoever answered that worker. A sighting: the app that saw it, and
    that the platform reached the receiver. A post in a room: the app that saw it. A canary: that
    some worker announces.
    """
    match record:
        case Heartbeat():
            worker = record.source.removeprefix("worker/")
            return [record.source, *(f"reach/{worker}/{name}" for name in record.reached)]
        case DeviceSeen() | DeviceOpened():
            seen_by = f"observer/{record.receiver}/{record.observer}"
            return [seen_by, f"reached/{record.receiver}/{record.platform}"]
        case ChannelObserved():
            return [f"observer/{record.receiver}/{record.observer}"]
        case CanaryAnnounced():
            return ["canary"]
        case _:
            return []


def _posts(new: New) -> list[sink.Post]:
    return [
        sink.Post(event.route, event.receiver, event.observed_max, stored.known_at)
        for event, stored in new
        if isinstance(event, ChannelObserved)
    ]


def _partials(new: New) -> list[rows.Partial]:
    return [
        rows.Partial(attempt.lift(event), stored.fetched.partition, stored.known_at)
        for event, stored in new
        if isinstance(event, Evidence) and event.probe_id is not None
    ]


def _mentions(new: New) -> Iterator[sink.Mention]:
    """Messages that a provider took, and reports that know no more than their message."""
    for event, stored in new:
        match event:
            case ProbeAnswered(result=AnswerResult.ACCEPTED, provider_message_id=str(message)) if (
                message
            ):
                yield sink.Mention(event.account, message, event.probe_id, None, stored.known_at)
            case ReportReceived(probe_id=None, provider_message_id=message):
                yield sink.Mention(event.account, message, None, event.event_id, stored.known_at)
