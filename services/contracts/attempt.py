"""What all evidence of one probe amounts to: `fold` to an Attempt.

Pure, commutative, idempotent: any order, any repetition, any grouping gives the same row; SQL
merges stored rows by the same rules. After: `outcome.py` says what became of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import TypeVar
from uuid import UUID

from services.contracts.evidence import (
    DeviceSeen,
    Event,
    Evidence,
    ProbeAnswered,
    ProbeSent,
    ReportReceived,
)
from services.contracts.vocabulary import (
    AnswerResult,
    ObserverKind,
    Placement,
    ReportState,
)

# One message has one id there; apps that read notifications see it again and again.
COUNTS_COPIES = frozenset({ObserverKind.ANDROID_SMS_GATEWAY, ObserverKind.IMAP})
# Re-posted notifications repeat a sighting without end; the earliest ones decide.
MOST_SIGHTINGS = 32

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Of two answers, of two reports, the one that stands first here stays.
_ANSWERS = [AnswerResult(word) for word in ("accepted", "refused", "unclear", "unreachable")]
_REPORTS = list(ReportState)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One sight of the message on a device. Sorts as its line does, upper bound first: the first
    decides."""

    upper: datetime
    lower: datetime
    leg: int
    placement: str
    observer: str
    receiver: str
    text_chars: int
    text_digest: str
    source_event_id: str

    def write(self) -> str:
        """One line: stored, and sorted by (bytewise), in every language alike."""
        times = f"{_microseconds(self.upper):017d}|{_microseconds(self.lower):017d}"
        place = f"{self.leg}|{self.placement}|{self.observer}|{self.receiver}"
        return f"{times}|{place}|{self.text_chars}|{self.text_digest}|{self.source_event_id}"

    @classmethod
    def read(cls, line: str) -> "Sighting":
        """The inverse of `write`."""
        upper, lower, leg, placement, observer, receiver, chars, digest, event = line.split("|", 8)
        return cls(
            upper=_EPOCH + timedelta(microseconds=int(upper)),
            lower=_EPOCH + timedelta(microseconds=int(lower)),
            leg=int(leg), placement=placement, observer=observer, receiver=receiver,
            text_chars=int(chars), text_digest=digest, source_event_id=event,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attempt:
    """시도: all that is known of one probe. `sends` counts distinct announcements.

    `substitute_tried_at`: the provider's first word about a substitute, whatever it says.
    `substitute_senders`: whose numbers substitutes showed, an entry a sighting, distinct.
    """

    probe_id: UUID
    sent: ProbeSent | None = None
    sends: int = 0
    answer: ProbeAnswered | None = None
    report: ReportReceived | None = None
    substitute_reported_at: datetime | None = None
    substitute_tried_at: datetime | None = None
    substitute_senders: tuple[str, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    opened_at: datetime | None = None

    @property
    def own_sighting(self) -> Sighting | None:
        """The first sight of the route's own leg by the probe's own receiver."""
        return next(iter(self._seen(of_substitute=False)), None)

    @property
    def substitute_sighting(self) -> Sighting | None:
        """The first sight of any substitute's leg by the probe's own receiver."""
        return next(iter(self._seen(of_substitute=True)), None)

    @property
    def in_spam(self) -> bool:
        """Was the route's own leg seen in a spam folder?"""
        return any(s.leg == 0 and s.placement == Placement.SPAM for s in self._own())

    @property
    def wrong_receiver(self) -> int:
        """Sightings on receivers the probe was not sent to."""
        return len(self.sightings) - len(self._own()) if self.sent else 0

    def surplus(self, of_substitute: bool = False) -> int:
        """Copies at the device beyond the sends; notification re-posts are not copies."""
        own = (s for s in self._own() if (s.leg > 0) is of_substitute)
        copies = {s.source_event_id for s in own if s.observer in COUNTS_COPIES}
        return max(0, len(copies) - max(1, self.sends))

    @property
    def content(self) -> str | None:
        """`intact`, `truncated` or `altered` as first seen; None where it cannot be told."""
        seen = self.own_sighting
        if self.sent is None or seen is None or not seen.text_digest:
            return None
        if seen.text_digest == self.sent.text_digest:
            return "intact"
        return "truncated" if seen.text_chars < self.sent.text_chars else "altered"

    def _own(self) -> list[Sighting]:
        return [s for s in self.sightings if self.sent and s.receiver == self.sent.receiver]

    def _seen(self, of_substitute: bool) -> list[Sighting]:
        own = self._own()
        return [s for s in own if (s.leg > 0) is of_substitute and s.placement != Placement.SPAM]


def fold(events: Iterable[Evidence]) -> Attempt:
    """The attempt that these events of one probe make; of repeats (same event id) the first stays.

    Raises ValueError for no events or events of several probes.
    """
    distinct: dict[UUID, Evidence] = {}
    for event in events:
        distinct.setdefault(event.event_id, event)
    if not distinct:
        raise ValueError("no evidence to fold")
    return reduce(merge, map(lift, distinct.values()))


def lift(event: Evidence) -> Attempt:
    """The attempt one event makes on its own. Raises ValueError for a report of no known probe."""
    if event.probe_id is None:
        raise ValueError("a report whose probe is unknown belongs to no attempt yet")
    match event:
        case ProbeSent():
            return Attempt(event.probe_id, sent=event, sends=1)
        case ProbeAnswered():
            return Attempt(event.probe_id, answer=event)
        case ReportReceived(leg=0):
            return Attempt(event.probe_id, report=event)
        case ReportReceived(reported_at=at):
            came = at if event.state is ReportState.DELIVERED else None
            return Attempt(event.probe_id, substitute_reported_at=came, substitute_tried_at=at)
        case DeviceSeen():
            told = event.senders is not None and event.leg > 0
            senders = (",".join(sorted(event.senders or ())),) if told else ()
            return Attempt(
                event.probe_id, substitute_senders=senders, sightings=(_sighting(event),)
            )
        case _:
            return Attempt(event.probe_id, opened_at=event.observed_max)


def merge(one: Attempt, other: Attempt) -> Attempt:
    """Two partial attempts of one probe as one; they must not share an event."""
    if one.probe_id != other.probe_id:
        raise ValueError(f"{one.probe_id} and {other.probe_id} are two probes")
    senders = {*one.substitute_senders, *other.substitute_senders}
    sightings = {*one.sightings, *other.sightings}
    return Attempt(
        probe_id=one.probe_id,
        sent=_first(one.sent, other.sent, lambda e: 0),
        sends=one.sends + other.sends,
        answer=_first(one.answer, other.answer, lambda e: _ANSWERS.index(e.result)),
        report=_first(one.report, other.report, lambda e: _REPORTS.index(e.state)),
        substitute_reported_at=_earliest(one.substitute_reported_at, other.substitute_reported_at),
        substitute_tried_at=_earliest(one.substitute_tried_at, other.substitute_tried_at),
        substitute_senders=tuple(sorted(senders)[:MOST_SIGHTINGS]),
        sightings=tuple(sorted(sightings, key=Sighting.write)[:MOST_SIGHTINGS]),
        opened_at=_earliest(one.opened_at, other.opened_at),
    )


def _sighting(event: DeviceSeen) -> Sighting:
    return Sighting(
        upper=event.observed_max, lower=event.observed_min, leg=event.leg,
        placement=event.placement, observer=event.observer, receiver=event.receiver,
        text_chars=event.text_chars or 0, text_digest=event.text_digest or "",
        source_event_id=event.source_event_id,
    )  # fmt: skip


E = TypeVar("E", bound=Event)


def _first(one: E | None, other: E | None, rank: Callable[[E], int]) -> E | None:
    """By rank; of one rank the earlier one."""
    known = [event for event in (one, other) if event is not None]
    return min(known, key=lambda e: (rank(e), e.occurred_at, e.event_id), default=None)


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
