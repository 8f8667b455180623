"""Evidence: one frozen model per kind of event, heartbeats, commands, dead letters.

`probe.sent` carries everything that held at its slot, so nobody looks up the catalogue for a past
probe. Occurrence times are the sender's own; the *known* time is the broker's append time and
stands in no model. Unknown fields are ignored when reading: a newer producer may say more.
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from services.contracts import ids
from services.contracts.vocabulary import (
    AnswerResult,
    Carrier,
    Channel,
    ClockSource,
    FaultDomain,
    NoticeClass,
    ObserverKind,
    Placement,
    Purpose,
    ReportState,
)

# Outside these, sums with spans overflow and ids cannot hold the time: such a clock is broken.
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _in_utc(value: datetime) -> datetime:
    if not _EARLIEST <= value < _LATEST:
        raise ValueError("a time before 1970 or after 2199")
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
Source = Annotated[str, Field(pattern=r"^[a-z]+(/[a-z0-9][a-z0-9._-]*){1,2}$", max_length=200)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# No NUL: Postgres stores none, and one such record would hold up its partition.
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Code = Annotated[Text, Field(max_length=40)]
Fields = dict[Text, Text]
LegNumber = Annotated[int, Field(ge=0, le=7, strict=True)]  # `true` is no leg


class Record(BaseModel):
    """What every record of bongsu's topics shares: frozen, and tolerant of fields to come.

    Each kind says which of its fields are its key (see `topics`), its id and its time.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    key_field: ClassVar[str]
    id_field: ClassVar[str]
    time_field: ClassVar[str] = "at"

    @property
    def occurred_at(self) -> datetime:
        """When it happened, by the clock of whoever says so."""
        at: datetime = getattr(self, self.time_field)
        return at


class Event(Record):
    """One happening; a repeat of it has the same `event_id` and no effect."""

    key_field, id_field = "probe_id", "event_id"
    event_id: UUID
    source: Source


class ProbeSent(Event):
    """시험 발송 announced: acknowledged by Kafka before the provider is called."""

    time_field = "sent_at"
    kind: Literal["probe.sent"] = "probe.sent"
    version: Literal[1] = 1
    probe_id: UUID
    sent_at: Moment
    slot: Moment
    purpose: Purpose
    command_id: UUID | None = None
    revision: UUID
    route: Id
    body: Id
    notice: Id
    notice_class: NoticeClass
    channel: Channel
    adapter: Id
    account: Id
    provider: Id
    sender: Id
    template: Text | None = Field(default=None, max_length=60)
    platform: Id
    carrier: Carrier
    worker: Id
    receiver: Id
    site: Id
    observers: tuple[ObserverKind, ...]
    interval_s: int = Field(gt=0)
    accepted_due: Moment
    seen_due: Moment
    reported_due: Moment
    opened_due: Moment | None = None
    text_digest: Digest
    link_digest: Digest | None = None
    text_chars: int = Field(ge=0)
    # Of the substitute that the provider is to send when the own leg fails.
    substitute_sender: Id | None = None
    substitute_digest: Digest | None = None


class ProbeAnswered(Event):
    """What became of the call: the provider's answer, or its absence."""

    time_field = "ended_at"
    kind: Literal["probe.answered"] = "probe.answered"
    version: Literal[1] = 1
    probe_id: UUID
    worker: Id
    channel: Channel
    adapter: Id
    account: Id
    provider: Id
    result: AnswerResult
    started_at: Moment
    ended_at: Moment
    code: Code | None = None
    fault: FaultDomain | None = None
    provider_message_id: Text | None = Field(default=None, max_length=120)


class ReportReceived(Event):
    """The provider's word about an accepted message, by webhook or look-up."""

    time_field = "reported_at"
    kind: Literal["report.received"] = "report.received"
    version: Literal[1] = 1
    probe_id: UUID | None = None
    account: Id
    provider_message_id: Text = Field(min_length=1, max_length=120)
    leg: LegNumber  # said in every report: what lost it must not count for the own channel
    state: ReportState
    code: Code | None = None
    fault: FaultDomain | None = None
    reported_at: Moment
    fields: Fields = Field(default_factory=dict)


class _Observation(Event):
    """`platform` is who brought it to the device: `kakaotalk`, or the receiver's carrier."""

    time_field = "observed_max"
    probe_id: UUID
    receiver: Id
    observer: ObserverKind
    platform: Id
    leg: LegNumber
    source_event_id: Text = Field(min_length=1, max_length=200)
    observed_min: Moment
    observed_max: Moment
    clock: ClockSource
    placement: Placement


class DeviceSeen(_Observation):
    """A device saw the message. Arrival is an interval: from `observed_min` to `observed_max`.

    `senders`: the catalogue's senders whose registered number the device showed (bodies use one
    number for several); empty: nobody's; None where it shows none.
    """

    kind: Literal["device.seen"] = "device.seen"
    version: Literal[1] = 1
    text_digest: Digest | None = None
    link_digest: Digest | None = None
    text_chars: int | None = Field(default=None, ge=0)
    senders: tuple[Id, ...] | None = None


class DeviceOpened(_Observation):
    """The message was opened, where the channel can tell."""

    kind: Literal["device.opened"] = "device.opened"
    version: Literal[1] = 1


class ChannelObserved(Event):
    """A post in a room on which bongsu sends nothing, seen by a member's device.

    That and when it came, nothing of what it says. No probe, attempt, outcome or ratio hangs on it.
    """

    key_field, time_field = "route", "observed_max"
    kind: Literal["channel.observed"] = "channel.observed"
    version: Literal[1] = 1
    route: Id
    receiver: Id
    observer: ObserverKind
    source_event_id: Text = Field(min_length=1, max_length=200)
    observed_min: Moment
    observed_max: Moment


class CanaryAnnounced(Event):
    """A probe to nobody, announced like all others and never sent: whoever misses it in Postgres
    or at the detector knows that bongsu sees nothing. No attempt, outcome or ratio hangs on it.
    """

    key_field = "event_id"
    kind: Literal["canary.announced"] = "canary.announced"
    version: Literal[1] = 1
    at: Moment


class PathReturned(Event):
    """The alert of a proof came back from the system that a path leads to, of which nothing else
    can be seen. No attempt, outcome or ratio hangs on it."""

    kind: Literal["path.returned"] = "path.returned"
    version: Literal[1] = 1
    probe_id: UUID
    path: Id
    at: Moment


# What one probe's attempt is folded from.
Evidence = ProbeSent | ProbeAnswered | ReportReceived | DeviceSeen | DeviceOpened


class Heartbeat(Record):
    """A sign of life: `worker/<id>`, `ingest/<id>` or `observer/<receiver>/<kind>`.

    `reached` lists the providers (and `control`) that answered a worker since its last heartbeat.
    """

    key_field = id_field = "source"
    kind: Literal["heartbeat"] = "heartbeat"
    version: Literal[1] = 1
    source: Source
    at: Moment
    reached: tuple[Id, ...] = ()


class ProbeCommand(Record):
    """A request for one extra probe; redelivered, it makes the same probe id."""

    key_field, id_field, time_field = "route", "command_id", "slot"
    kind: Literal["probe.command"] = "probe.command"
    version: Literal[1] = 1
    command_id: UUID
    source: Source
    route: Id
    receiver: Id | None = None
    slot: Moment
    purpose: Purpose
    expires_at: Moment


class DeadLetter(Record):
    """What could not be understood. `raw` (base64) only for records of bongsu's own topics."""

    key_field = id_field = "origin"
    kind: Literal["dead.letter"] = "dead.letter"
    version: Literal[1] = 1
    source: Source
    at: Moment
    origin: Text = Field(min_length=1, max_length=300)
    reason: Text = Field(max_length=300)
    size: int = Field(ge=0)
    digest: Digest
    fields: Fields = Field(default_factory=dict)
    raw: Text | None = None


def sent_id(key: bytes, probe_id: UUID, worker: str, start: datetime) -> UUID:
    """Id of a `probe.sent`: two workers that sent one slot are two events."""
    return _about(key, "probe.sent", probe_id, worker, _stamp(start))


def answered_id(key: bytes, probe_id: UUID, worker: str, start: datetime) -> UUID:
    """Id of a `probe.answered`: worker and start of the call."""
    return _about(key, "probe.answered", probe_id, worker, _stamp(start))


def report_id(
    key: bytes, probe_id: UUID | None, message: tuple[str, str], leg: int, code: str, at: datetime
) -> UUID:
    """Id of a `report.received`; `message` = (account, provider message id), used while the
    probe is unknown; `at` = the provider's own time, or UTC midnight of receipt."""
    parts = (str(leg), code, _stamp(at))
    if probe_id is not None:
        return _about(key, "report.received", probe_id, *parts)
    return ids.make_event_id(key, at, "report.received", [*message, *parts])


def observed_id(
    key: bytes, kind: str, probe_id: UUID, receiver: str, observer: str, source_event_id: str,
    placement: str,
) -> UUID:  # fmt: skip
    """Id of a `device.seen` or `device.opened`."""
    return _about(key, kind, probe_id, receiver, observer, source_event_id, placement)


def post_id(
    key: bytes, route: str, receiver: str, observer: str, source_event_id: str, at: datetime
) -> UUID:
    """Id of a `channel.observed`; `at` = the device's own time of the post."""
    parts = [route, receiver, observer, source_event_id]
    return ids.make_event_id(key, at, "channel.observed", parts)


def canary_id(key: bytes, worker: str, at: datetime) -> UUID:
    """Id of a `canary.announced`."""
    return ids.make_event_id(key, at, "canary.announced", [worker, _stamp(at)])


def returned_id(key: bytes, probe_id: UUID, path: str) -> UUID:
    """Id of a `path.returned`: it comes back once, however often it is told."""
    return _about(key, "path.returned", probe_id, path)


def _about(key: bytes, kind: str, probe_id: UUID, *parts: str) -> UUID:
    return ids.make_event_id(key, ids.time_of(probe_id), kind, [str(probe_id), *parts])


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
