"""Events and attempts as rows, and back: which field of which model stands in which column.

In: models of `contracts`. Out: tuples for COPY in the order of the column lists here, and from a
row of `attempts` the very Attempt that `fold` would make. Pure.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from services.contracts.attempt import Attempt, Sighting
from services.contracts.evidence import (
    ChannelObserved,
    Event,
    Evidence,
    PathReturned,
    ProbeAnswered,
    ProbeSent,
    ReportReceived,
)
from services.storage.pool import Row

Kept = Evidence | ChannelObserved | PathReturned  # what the table of evidence holds
_NOT_STORED = {"kind", "version", "probe_id", "leg"}


def _columns(model: type[Event], prefix: str, own: Mapping[str, str]) -> dict[str, str]:
    """Column of each stored field, in the model's order."""
    fields = [name for name in model.model_fields if name not in _NOT_STORED]
    return {name: own.get(name, prefix + name) for name in fields}


_OF_SENT = _columns(ProbeSent, "", {"event_id": "sent_event"})
_OF_ANSWER = _columns(
    ProbeAnswered, "answer_",
    {"event_id": "answer_event", "provider_message_id": "provider_message_id"},
)  # fmt: skip
_OF_REPORT = _columns(
    ReportReceived, "report_",
    {"event_id": "report_event", "provider_message_id": "report_message_id",
     "state": "provider_says", "reported_at": "report_at"},
)  # fmt: skip
GROUPS = {
    "sent": tuple(_OF_SENT.values()),
    "answer": tuple(_OF_ANSWER.values()),
    "report": tuple(_OF_REPORT.values()),
}
FOLDED_COLUMNS = (
    "sends", "substitute_reported_at", "substitute_tried_at", "substitute_senders", "sightings",
    "opened_at",
    *GROUPS["sent"], *GROUPS["answer"], *GROUPS["report"],
)  # fmt: skip
STAGED_COLUMNS = ("probe_id", "partition", "first_known_at", *FOLDED_COLUMNS)


class EvidenceRow(NamedTuple):
    """One event as a row of `evidence`; `body` is the model's JSON."""

    event_id: UUID
    probe_id: UUID | None
    kind: str
    version: int
    source: str
    occurred_at: datetime
    known_at: datetime
    topic_partition: int
    topic_offset: int
    account: str | None
    provider_message_id: str | None
    receiver: str | None
    body: str


EVIDENCE_COLUMNS = EvidenceRow._fields


class Partial(NamedTuple):
    """What new events of one probe make of it. `partition` is that of the evidence topic for
    events keyed by the probe id, None for a report that found its probe through `message_ref`."""

    attempt: Attempt
    partition: int | None
    first_known_at: datetime


def evidence_row(event: Kept, partition: int, offset: int, known_at: datetime) -> EvidenceRow:
    """The row of an event that stood at `partition`, `offset` of the evidence topic."""
    return EvidenceRow(
        event.event_id, getattr(event, "probe_id", None), event.kind, event.version, event.source,
        event.occurred_at, known_at, partition, offset,
        getattr(event, "account", None), getattr(event, "provider_message_id", None),
        getattr(event, "receiver", None), event.model_dump_json(),
    )  # fmt: skip


def staged_row(partial: Partial) -> tuple[object, ...]:
    """A partial attempt in the order of STAGED_COLUMNS."""
    a = partial.attempt
    return (
        a.probe_id, partial.partition, partial.first_known_at,
        a.sends, a.substitute_reported_at, a.substitute_tried_at, list(a.substitute_senders),
        [s.write() for s in a.sightings], a.opened_at,
        *_written(_OF_SENT, a.sent), *_written(_OF_ANSWER, a.answer),
        *_written(_OF_REPORT, a.report),
    )  # fmt: skip


def attempt_of(row: Row) -> Attempt:
    """The attempt in a row that has `probe_id` and FOLDED_COLUMNS."""
    return Attempt(
        probe_id=row["probe_id"],
        sent=_event_of(ProbeSent, _OF_SENT, row, row["sent_event"]),
        sends=row["sends"],
        answer=_event_of(ProbeAnswered, _OF_ANSWER, row, row["answer_event"]),
        # The fold keeps no report of a substitute's leg.
        report=_event_of(ReportReceived, _OF_REPORT, row, row["report_event"], leg=0),
        substitute_reported_at=row["substitute_reported_at"],
        substitute_tried_at=row["substitute_tried_at"],
        substitute_senders=tuple(row["substitute_senders"]),
        sightings=tuple(Sighting.read(line) for line in row["sightings"]),
        opened_at=row["opened_at"],
    )


E = TypeVar("E", bound=Event)


def _event_of(
    model: type[E], columns: Mapping[str, str], row: Row, event_id: UUID | None, **fixed: Any
) -> E | None:
    if event_id is None:
        return None
    values = {name: row[column] for name, column in columns.items()}
    if "fields" in values:
        values["fields"] = json.loads(values["fields"])
    return model.model_validate({"probe_id": row["probe_id"], **fixed, **values})


def _written(fields: Iterable[str], event: Event | None) -> Iterator[object]:
    """The values of these fields; nothing in each of them without an event."""
    values = (getattr(event, name) if event else None for name in fields)
    return (json.dumps(value) if isinstance(value, dict) else value for value in values)
