"""결과: what became of an attempt, as known at some moment. Nothing else decides.

Before: `attempt.fold`. After: storing, metrics, boards and the month's report. Pure; later evidence
settles an attempt again. Source: the table of outcomes in `docs/components/contracts.md`.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

from services.contracts.attempt import Attempt
from services.contracts.evidence import ProbeAnswered, ProbeSent
from services.contracts.vocabulary import (
    CONFIGURATION,
    AnswerResult,
    FaultDomain,
    Outcome,
    Purpose,
    ReportState,
)

ALIVE_WITHIN = timedelta(minutes=15)
REACH_WITHIN = timedelta(seconds=60)
# A heartbeat lists who answered since the last one: only a later one tells of the time since.
HEARTBEAT_EVERY = timedelta(seconds=10)
RECHECK_EVERY = timedelta(seconds=10)


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
        minutes = self.signs.get(source, ())
        first = bisect_left(minutes, start, key=itemgetter(1))
        return any(start <= sign <= end for minute in minutes[first : first + 1] for sign in minute)

    def reached_other(self, worker: str, provider: str, start: datetime, end: datetime) -> bool:
        """Did anyone but `provider` answer that worker in [start, end]?"""
        mine = f"reach/{worker}/"
        return any(
            source.startswith(mine) and source != mine + provider and self.alive(source, start, end)
            for source in self.signs
        )

    def known_before(self, cutoff: datetime) -> "Liveness":
        """What was known then. Of the minute of the cutoff the first sign only: who looks later
        finds a later last one."""
        of = cutoff.replace(second=0, microsecond=0)
        return Liveness(
            {
                source: [
                    (first, last if last < of else first)
                    for first, last in minutes
                    if first < cutoff
                ]
                for source, minutes in self.signs.items()
            }
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
class Wait:
    """Nothing can be said before the observer's next sign of life; look again then."""

    until: datetime


def settle(
    attempt: Attempt,
    liveness: Liveness,
    faults: Sequence[MonitorFault],
    stored_until: datetime,
) -> Verdict | Wait | None:
    """Settle an attempt whose due time is stored; None while it has no `probe.sent`.

    What a sign of life may still change waits for one: of the receiver at most ALIVE_WITHIN after
    the due time, of whom the worker reached until no heartbeat can tell any more.
    """
    verdict = outcome(attempt, liveness, faults, stored_until)
    if verdict is None or attempt.sent is None:
        return None
    last = _proof_until(attempt.sent, attempt.answer, verdict, liveness)
    if last is not None and stored_until < last:
        return Wait(min(stored_until + RECHECK_EVERY, last))
    return verdict


def _proof_until(
    sent: ProbeSent, answer: ProbeAnswered | None, verdict: Verdict, liveness: Liveness
) -> datetime | None:
    """Until when a sign of life can come that changes the verdict; None: none can."""
    if verdict.outcome is Outcome.VOID and verdict.reason in ("receiver_silent", "handset"):
        return sent.seen_due + ALIVE_WITHIN
    if answer is None or verdict.reason not in ("own_network", "unclear"):
        return None
    last = answer.ended_at + HEARTBEAT_EVERY + REACH_WITHIN
    return last if _reached_others_before(answer, liveness) else None


@dataclass(frozen=True, slots=True)
class Needed:
    """The signs of life that can matter to an attempt: of these sources, and of whatever these
    workers reached, in [start, end]."""

    sources: tuple[str, ...]
    workers: tuple[str, ...]
    start: datetime
    end: datetime


def needed(attempt: Attempt) -> Needed | None:
    """What `settle` must be told of; None without `probe.sent`."""
    sent, answer, seen = attempt.sent, attempt.answer, attempt.own_sighting
    if sent is None:
        return None
    moments = [sent.sent_at, sent.seen_due]
    moments += [answer.started_at, answer.ended_at] if answer else []
    if seen is not None and seen.lower <= sent.seen_due:  # was its app silent until it told?
        moments.append(seen.upper)
    kinds = dict.fromkeys([*sent.observers, *([seen.observer] if seen else [])])
    return Needed(
        sources=(
            f"reached/{sent.receiver}/{sent.platform}",
            *(f"observer/{sent.receiver}/{kind}" for kind in kinds),
        ),
        workers=(sent.worker, *([answer.worker] if answer else [])),
        start=min(moments) - ALIVE_WITHIN,
        end=max(moments) + ALIVE_WITHIN,
    )


def proven_alive(sent: ProbeSent, liveness: Liveness, cutoff: datetime) -> bool:
    """A sign of the receiver before the sending and one after the due time, by one app that sees
    this channel."""
    before = (sent.sent_at - ALIVE_WITHIN, sent.sent_at)
    after = (sent.seen_due, min(sent.seen_due + ALIVE_WITHIN, cutoff))
    return any(
        liveness.alive(source, *before) and liveness.alive(source, *after)
        for source in (f"observer/{sent.receiver}/{kind}" for kind in sent.observers)
    )


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
    if not proven_alive(sent, liveness, cutoff):
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
    """Before the call and after it: one side alone is the edge of an outage of our own."""
    told_after = answer.ended_at + HEARTBEAT_EVERY
    after = (told_after, told_after + REACH_WITHIN)
    return _reached_others_before(answer, liveness) and liveness.reached_other(
        answer.worker, answer.provider, *after
    )


def _reached_others_before(answer: ProbeAnswered, liveness: Liveness) -> bool:
    before = (answer.started_at - REACH_WITHIN, answer.started_at)
    return liveness.reached_other(answer.worker, answer.provider, *before)


def _receiver_reached(sent: ProbeSent, liveness: Liveness) -> bool:
    window = (sent.sent_at - ALIVE_WITHIN, sent.seen_due + ALIVE_WITHIN)
    return liveness.alive(f"reached/{sent.receiver}/{sent.platform}", *window)


def _covers(fault: MonitorFault, sent: ProbeSent) -> bool:
    parts = {
        f"worker:{sent.worker}",
        f"receiver:{sent.receiver}",
        f"site:{sent.site}",
        *(f"observer:{sent.receiver}/{kind}" for kind in sent.observers),
    }
    return fault.component in parts and fault.start <= sent.seen_due and fault.end >= sent.sent_at
