"""What all evidence of one probe amounts to: `fold` to an Attempt, `outcome` to a result.

Pure, commutative, idempotent: any order, any repetition, any grouping gives the same row. Storing,
metrics, boards and the month's report all use these two and nothing else decides.
Source: the table of outcomes in `docs/components/contracts.md`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    CONFIGURATION,
    AnswerResult,
    FaultDomain,
    ObserverKind,
    Outcome,
    Placement,
    Purpose,
    ReportState,
)

ALIVE_WITHIN = timedelta(minutes=15)
REACH_WITHIN = timedelta(seconds=60)
RECHECK_EVERY = timedelta(seconds=10)
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and one word why, for the row and the documents."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class MonitorFault:
    """측정기 장애, entered by correction: a time in which a part of bongsu was blind."""

    component: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Liveness:
    """Signs of life by source, each a sorted list of (first, last) within one minute of receipt."""

    signs: Mapping[str, Sequence[tuple[datetime, datetime]]]

    def alive(self, source: str, start: datetime, end: datetime) -> bool:
        """Was there a sign from `source` in [start, end]? Only the first and the last sign of a
        minute are known; one between them proves nothing more."""
        return any(start <= sign <= end for minute in self.signs.get(source, ()) for sign in minute)

    def reached_other(self, worker: str, provider: str, start: datetime, end: datetime) -> bool:
        """Did anyone but `provider` answer that worker in [start, end]?"""
        mine = f"reach/{worker}/"
        return any(
            source.startswith(mine) and source != mine + provider and self.alive(source, start, end)
            for source in self.signs
        )


def outcome(
    attempt: Attempt, liveness: Liveness, faults: Sequence[MonitorFault], cutoff: datetime
) -> Verdict | None:
    """결과 of an attempt as known at `cutoff`; None without `probe.sent`. The first match wins."""
    if attempt.sent is None:
        return None
    sent = attempt.sent
    return (
        _seen(attempt, sent, liveness)
        or _our_own_hand_over(attempt, sent, liveness)
        or _by_substitute(attempt)
        or _refused(attempt, sent, liveness)
        or _not_seen(attempt, sent, liveness, faults, cutoff)
        or Verdict(Outcome.UNKNOWN, "no_answer" if attempt.answer is None else "unclear")
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome stands for now (later evidence settles the attempt again)."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be said before the observer's next sign of life; look again then."""

    until: datetime


def settle(
    attempt: Attempt,
    liveness: Liveness,
    faults: Sequence[MonitorFault],
    stored_until: datetime,
) -> Settled | Wait | None:
    """Settle an attempt whose due time is stored; None while it has no `probe.sent`.

    `void` for want of a sign of life waits for one, at most ALIVE_WITHIN after the due time.
    """
    verdict = outcome(attempt, liveness, faults, stored_until)
    if verdict is None or attempt.sent is None:
        return None
    last = attempt.sent.seen_due + ALIVE_WITHIN
    unproven = verdict.outcome is Outcome.VOID and verdict.reason in ("receiver_silent", "handset")
    if unproven and stored_until < last:
        return Wait(min(stored_until + RECHECK_EVERY, last))
    return Settled(verdict)


def _seen(attempt: Attempt, sent: ProbeSent, liveness: Liveness) -> Verdict | None:
    seen = attempt.own_sighting
    if seen is None:
        return None
    if seen.upper <= sent.seen_due:
        return Verdict(Outcome.DELIVERED, "in_time")
    source, tick = f"observer/{sent.receiver}/{seen.observer}", timedelta(microseconds=1)
    silent = not liveness.alive(source, sent.seen_due + tick, seen.upper - tick)
    if seen.lower <= sent.seen_due and silent:
        return Verdict(Outcome.DELIVERED, "edge")
    return Verdict(Outcome.LATE, "late")


def _our_own_hand_over(attempt: Attempt, sent: ProbeSent, liveness: Liveness) -> Verdict | None:
    if attempt.substitute_sighting is not None:
        return None
    unreachable = _answer_of(attempt, AnswerResult.UNREACHABLE)
    if unreachable and not _worker_reached_others(unreachable, liveness):
        return Verdict(Outcome.VOID, "own_network")
    lag_s = (sent.sent_at - sent.slot).total_seconds()
    if sent.purpose is Purpose.SCHEDULED and lag_s >= sent.interval_s:
        return Verdict(Outcome.VOID, "sent_late")
    if _refusal(attempt) is FaultDomain.HANDSET and not _receiver_reached(sent, liveness):
        return Verdict(Outcome.VOID, "handset")
    return None


def _by_substitute(attempt: Attempt) -> Verdict | None:
    return Verdict(Outcome.FAILOVER, "substitute") if attempt.substitute_sighting else None


def _refused(attempt: Attempt, sent: ProbeSent, liveness: Liveness) -> Verdict | None:
    fault = _refusal(attempt)
    if fault in CONFIGURATION:
        return Verdict(Outcome.EXEMPT, str(fault))
    if fault is not None:
        return Verdict(Outcome.REJECTED, str(fault))
    unanswered = _answer_of(attempt, AnswerResult.UNREACHABLE, AnswerResult.UNCLEAR)
    if unanswered and _worker_reached_others(unanswered, liveness):
        return Verdict(Outcome.REJECTED, "no_answer")
    return None


def _not_seen(
    attempt: Attempt,
    sent: ProbeSent,
    liveness: Liveness,
    faults: Sequence[MonitorFault],
    cutoff: datetime,
) -> Verdict | None:
    if _answer_of(attempt, AnswerResult.ACCEPTED) is None:
        return None
    if any(_covers(fault, sent) for fault in faults):
        return Verdict(Outcome.VOID, "monitor_fault")
    if not _receiver_alive(sent, liveness, cutoff):
        return Verdict(Outcome.VOID, "receiver_silent")
    return Verdict(Outcome.UNDELIVERED, "spam" if attempt.in_spam else "not_seen")


def _refusal(attempt: Attempt) -> FaultDomain | None:
    """Whose fault the provider's no is, at once or in its final report; None without a no.

    A drill goes to a handset without the channel: that no is what it waits for.
    """
    answer, report = attempt.answer, attempt.report
    if answer is not None and answer.result is AnswerResult.REFUSED:
        return answer.fault or FaultDomain.UNKNOWN
    if report is not None and report.state is ReportState.FAILED:
        drill = attempt.sent is not None and attempt.sent.purpose is Purpose.DRILL
        if not (drill and report.fault is FaultDomain.HANDSET):
            return report.fault or FaultDomain.UNKNOWN
    return None


def _answer_of(attempt: Attempt, *results: AnswerResult) -> ProbeAnswered | None:
    answer = attempt.answer
    return answer if answer is not None and answer.result in results else None


def _worker_reached_others(answer: ProbeAnswered, liveness: Liveness) -> bool:
    window = (answer.started_at - REACH_WITHIN, answer.ended_at + REACH_WITHIN)
    return liveness.reached_other(answer.worker, answer.provider, *window)


def _receiver_reached(sent: ProbeSent, liveness: Liveness) -> bool:
    window = (sent.sent_at - ALIVE_WITHIN, sent.seen_due + ALIVE_WITHIN)
    return liveness.alive(f"reached/{sent.receiver}/{sent.platform}", *window)


def _receiver_alive(sent: ProbeSent, liveness: Liveness, cutoff: datetime) -> bool:
    """A sign before the sending and one after the due time, by one app that sees this channel."""
    before = (sent.sent_at - ALIVE_WITHIN, sent.sent_at)
    after = (sent.seen_due, min(sent.seen_due + ALIVE_WITHIN, cutoff))
    return any(
        liveness.alive(source, *before) and liveness.alive(source, *after)
        for source in (f"observer/{sent.receiver}/{kind}" for kind in sent.observers)
    )


def _covers(fault: MonitorFault, sent: ProbeSent) -> bool:
    parts = {
        f"worker:{sent.worker}",
        f"receiver:{sent.receiver}",
        f"site:{sent.site}",
        *(f"observer:{sent.receiver}/{kind}" for kind in sent.observers),
    }
    return fault.component in parts and fault.start <= sent.seen_due and fault.end >= sent.sent_at


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
