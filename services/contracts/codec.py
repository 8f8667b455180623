"""Bytes ↔ records: the CloudEvents 1.0 Kafka binding in binary mode. The only encoder and decoder.

`ce_type` = `bongsu.<kind>.v<version>`; the value is the model's JSON. Source: CloudEvents Kafka
protocol binding 1.0.2, section 3.2.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

from services.contracts import evidence
from services.contracts.evidence import Record

Headers = list[tuple[str, bytes]]

_TYPE_LIKE = re.compile(r"[a-z]{1,20}(\.[a-z]{1,20}){1,4}\.v[0-9]{1,3}")

_MODELS: tuple[type[Record], ...] = (
    evidence.ProbeSent,
    evidence.ProbeAnswered,
    evidence.ReportReceived,
    evidence.DeviceSeen,
    evidence.DeviceOpened,
    evidence.ChannelObserved,
    evidence.CanaryAnnounced,
    evidence.PathReturned,
    evidence.Heartbeat,
    evidence.ProbeCommand,
    evidence.DeadLetter,
)


class InvalidEvent(Exception):
    """The bytes are no record of ours; `reason` is a word of a closed set for metrics."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Encoded:
    """One record as it goes to the broker; without a value it deletes its key (a tombstone)."""

    key: bytes
    value: bytes | None
    headers: Headers = field(default_factory=list)


def type_of(model: type[Record]) -> str:
    """`bongsu.probe.sent.v1` and so on."""
    fields = model.model_fields
    return f"bongsu.{fields['kind'].default}.v{fields['version'].default}"


BY_TYPE: dict[str, type[Record]] = {type_of(model): model for model in _MODELS}
_TYPES = {model: name.encode() for name, model in BY_TYPE.items()}


def encode(record: Record) -> Encoded:
    """A record with its key (see `topics`) and CloudEvents headers."""
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", _id_of(record).encode()),
        ("ce_type", _TYPES[type(record)]),
        ("ce_source", str(getattr(record, "source", "bongsu")).encode()),
        ("ce_time", record.occurred_at.isoformat().encode()),
        ("content-type", b"application/json"),
    ]
    return Encoded(_key_of(record).encode(), record.model_dump_json().encode(), headers)


def decode(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> Record:
    """The record in these bytes. Raises InvalidEvent: `empty`, `unknown_type` or `invalid`."""
    if value is None:
        raise InvalidEvent("empty", "a record without a value")
    types = (raw for key, raw in headers if key == "ce_type")
    name = (next(types, None) or b"").decode("ascii", "replace")  # a header may hold null
    model = BY_TYPE.get(name)
    if model is None:
        shown = name if _TYPE_LIKE.fullmatch(name) else f"of {len(name)} characters"
        raise InvalidEvent("unknown_type", f"ce_type {shown} is not known here")
    try:
        return model.model_validate_json(value)
    except ValidationError as error:
        raise InvalidEvent("invalid", _first_complaint(error)) from None


def _first_complaint(error: ValidationError) -> str:
    """Field and kind of the first complaint; never the input, which may hold what must not leak.

    Of the place only the field: what follows may be a key of the input.
    """
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    field = first["loc"][0] if first["loc"] else "value"
    return f"{field}: {first['type']}"


def _key_of(record: Record) -> str:
    if isinstance(record, evidence.ReportReceived) and record.probe_id is None:
        return record.provider_message_id
    return str(getattr(record, record.key_field))


def _id_of(record: Record) -> str:
    name = str(getattr(record, record.id_field))
    # A source beats again and again.
    return f"{name}@{record.at.isoformat()}" if isinstance(record, evidence.Heartbeat) else name
