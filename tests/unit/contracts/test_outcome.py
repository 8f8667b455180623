"""Every row of the table of outcomes, its conditions and its edges. The first match wins."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import attempt, outcome
from services.contracts.evidence import Evidence
from services.contracts.outcome import Liveness, MonitorFault, Verdict, Wait
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
from tests.support import strategies
from tests.support.builders import (
    MINUTE,
    SECOND,
    SLOT,
    a_failure,
    a_fault_of,
    a_living_receiver,
    a_probe_sent,
    a_refusal,
    a_report,
    a_sighting,
    an_answer,
    liveness,
)

SENT = a_probe_sent()
ACCEPTED = an_answer(SENT)
DUE = SENT.seen_due
TICK = timedelta(microseconds=1)
LATER = DUE + timedelta(hours=1)
QUARTER = timedelta(minutes=15)

NOBODY = liveness()
ALIVE = a_living_receiver(SENT)
OBSERVER = "observer/skt-1/smsforwarder"
REACHED = "reached/skt-1/kakaotalk"
OTHER = "reach/worker-a/control"

UNREACHABLE = an_answer(SENT, result=AnswerResult.UNREACHABLE, ended_at=SENT.sent_at + 20 * SECOND)
UNCLEAR = an_answer(SENT, result=AnswerResult.UNCLEAR, ended_at=SENT.sent_at + 20 * SECOND)
BY_SUBSTITUTE = a_sighting(SENT, leg=1, source_event_id="sms")
IN_SPAM = a_sighting(SENT, placement=Placement.SPAM)
SENT_LATE = a_probe_sent(sent_at=SENT.slot + MINUTE)
SENT_IN_TIME = a_probe_sent(sent_at=SENT.slot + MINUTE - TICK)


def seen(**over: Any) -> Evidence:
    return a_sighting(SENT, **over)


@dataclass(frozen=True)
class Row:
    """A case of the table: what is known, and what follows."""

    says: str
    events: list[Evidence]
    outcome: Outcome
    reason: str
    alive: Liveness = NOBODY
    faults: tuple[MonitorFault, ...] = ()


DELIVERED = [
    Row("seen in time", [SENT, ACCEPTED, seen()], Outcome.DELIVERED, "in_time"),
    Row("seen at the very threshold", [SENT, seen(observed_max=DUE)], Outcome.DELIVERED, "in_time"),
    Row("seen, though the send was never recorded (a crash)", [SENT, seen()],
        Outcome.DELIVERED, "in_time"),
    Row("seen, though refused", [SENT, a_refusal(FaultDomain.PLATFORM, SENT), seen()],
        Outcome.DELIVERED, "in_time"),
    Row("seen, though reported failed",
        [SENT, ACCEPTED, a_failure(FaultDomain.CARRIER, SENT), seen()],
        Outcome.DELIVERED, "in_time"),
    Row("seen, though the worker reached nobody", [SENT, UNREACHABLE, seen()],
        Outcome.DELIVERED, "in_time"),
    Row("seen, though sent late", [SENT_LATE, a_sighting(SENT_LATE)],
        Outcome.DELIVERED, "in_time"),
    Row("seen under a monitor fault", [SENT, ACCEPTED, seen()], Outcome.DELIVERED, "in_time",
        faults=(a_fault_of("receiver:skt-1", SENT),)),
    Row("seen beside its substitute", [SENT, ACCEPTED, seen(), BY_SUBSTITUTE],
        Outcome.DELIVERED, "in_time"),
    Row("seen in spam first, in the inbox in time", [SENT, ACCEPTED, IN_SPAM, seen()],
        Outcome.DELIVERED, "in_time"),
    Row("seen twice, the first in time",
        [SENT, seen(observed_max=LATER), seen(source_event_id="2")], Outcome.DELIVERED, "in_time"),
]  # fmt: skip

OVER = DUE + 40 * SECOND
EDGE = [
    Row("only the lower bound in time, observer silent between", [SENT, seen(observed_max=OVER)],
        Outcome.DELIVERED, "edge"),
    Row("lower bound at the very threshold", [SENT, seen(observed_min=DUE, observed_max=OVER)],
        Outcome.DELIVERED, "edge"),
    Row("signs of life at the threshold and at the upper bound only",
        [SENT, seen(observed_max=OVER)], Outcome.DELIVERED, "edge",
        liveness((OBSERVER, DUE), (OBSERVER, OVER))),
    Row("a sign of life by another app says nothing of this one", [SENT, seen(observed_max=OVER)],
        Outcome.DELIVERED, "edge", liveness(("observer/skt-1/ha", DUE + SECOND))),
    Row("a sign of life between the two", [SENT, seen(observed_max=OVER)],
        Outcome.LATE, "late", liveness((OBSERVER, DUE + SECOND))),
    Row("a sign of life just after the threshold", [SENT, seen(observed_max=OVER)],
        Outcome.LATE, "late", liveness((OBSERVER, DUE + TICK))),
    Row("a sign of life just before the upper bound", [SENT, seen(observed_max=OVER)],
        Outcome.LATE, "late", liveness((OBSERVER, OVER - TICK))),
]  # fmt: skip

LATE = [
    Row("both bounds too late", [SENT, seen(observed_min=DUE + TICK, observed_max=OVER)],
        Outcome.LATE, "late"),
    Row("upper bound one tick too late, observer not silent",
        [SENT, seen(observed_min=DUE + TICK, observed_max=DUE + TICK)], Outcome.LATE, "late"),
    Row("hours later", [SENT, ACCEPTED, seen(observed_min=LATER, observed_max=LATER)],
        Outcome.LATE, "late", ALIVE),
    Row("late beside a substitute in time",
        [SENT, ACCEPTED, BY_SUBSTITUTE, seen(observed_min=OVER, observed_max=OVER)],
        Outcome.LATE, "late"),
]  # fmt: skip

UNREACHABLE_LATE = an_answer(SENT_LATE, result=AnswerResult.UNREACHABLE)
RECIPIENT = a_refusal(FaultDomain.HANDSET, SENT)
RECIPIENT_LATER = a_failure(FaultDomain.HANDSET, SENT)
BEGAN, ENDED = UNREACHABLE.started_at, UNREACHABLE.ended_at
TOLD = ENDED + 10 * SECOND  # the first heartbeat that tells of the time after the call alone
OURS = [
    Row("nothing left the machine and nobody else was reached", [SENT, UNREACHABLE],
        Outcome.VOID, "own_network", ALIVE),
    Row("only the same provider was reached", [SENT, UNREACHABLE],
        Outcome.VOID, "own_network",
        liveness(("reach/worker-a/sens", BEGAN), ("reach/worker-a/sens", TOLD))),
    Row("only another worker reached others", [SENT, UNREACHABLE],
        Outcome.VOID, "own_network",
        liveness(("reach/worker-b/nhn", BEGAN), ("reach/worker-b/nhn", TOLD))),
    Row("others were reached before only: our network went", [SENT, UNREACHABLE],
        Outcome.VOID, "own_network", liveness((OTHER, BEGAN))),
    Row("others were reached after only: our network came back", [SENT, UNREACHABLE],
        Outcome.VOID, "own_network", liveness((OTHER, TOLD))),
    Row("a heartbeat right after the call tells of the time before", [SENT, UNREACHABLE],
        Outcome.VOID, "own_network", liveness((OTHER, BEGAN), (OTHER, TOLD - TICK))),
    Row("others were reached too long before", [SENT, UNREACHABLE],
        Outcome.VOID, "own_network", liveness((OTHER, BEGAN - MINUTE - TICK), (OTHER, TOLD))),
    Row("others were reached too long after", [SENT, UNREACHABLE],
        Outcome.VOID, "own_network", liveness((OTHER, BEGAN), (OTHER, TOLD + MINUTE + TICK))),
    Row("unreachable and sent late", [SENT_LATE, UNREACHABLE_LATE], Outcome.VOID, "own_network"),
    Row("sent a whole interval after its slot", [SENT_LATE, an_answer(SENT_LATE)],
        Outcome.VOID, "sent_late", a_living_receiver(SENT_LATE)),
    Row("sent just within its interval", [SENT_IN_TIME, an_answer(SENT_IN_TIME)],
        Outcome.UNDELIVERED, "not_seen", a_living_receiver(SENT_IN_TIME)),
    Row("sent late and refused", [SENT_LATE, a_refusal(FaultDomain.PLATFORM, SENT_LATE)],
        Outcome.VOID, "sent_late"),
    Row("refused for the handset", [SENT, RECIPIENT], Outcome.VOID, "handset"),
    Row("reported failed for the handset", [SENT, ACCEPTED, RECIPIENT_LATER],
        Outcome.VOID, "handset", ALIVE),
    Row("handset reached on another platform only", [SENT, RECIPIENT],
        Outcome.VOID, "handset", liveness(("reached/skt-1/skt", SENT.sent_at))),
    Row("handset reached, but too long before", [SENT, RECIPIENT],
        Outcome.VOID, "handset", liveness((REACHED, SENT.sent_at - QUARTER - TICK))),
    Row("handset reached, but too long after", [SENT, RECIPIENT],
        Outcome.VOID, "handset", liveness((REACHED, DUE + QUARTER + TICK))),
    Row("handset reached shortly before", [SENT, RECIPIENT],
        Outcome.REJECTED, "handset", liveness((REACHED, SENT.sent_at - QUARTER))),
    Row("handset reached shortly after the final report", [SENT, ACCEPTED, RECIPIENT_LATER],
        Outcome.REJECTED, "handset", liveness((REACHED, DUE + QUARTER))),
]  # fmt: skip

FAILOVER = [
    Row("only the substitute was seen", [SENT, ACCEPTED, BY_SUBSTITUTE],
        Outcome.FAILOVER, "substitute", ALIVE),
    Row("the own leg failed, the substitute was seen",
        [SENT, ACCEPTED, a_failure(FaultDomain.PLATFORM, SENT), BY_SUBSTITUTE],
        Outcome.FAILOVER, "substitute"),
    Row("a second substitute", [SENT, ACCEPTED, seen(leg=2)], Outcome.FAILOVER, "substitute"),
    Row("own network away, yet the substitute was seen", [SENT, UNREACHABLE, BY_SUBSTITUTE],
        Outcome.FAILOVER, "substitute"),
    Row("sent late, the substitute was seen", [SENT_LATE, a_sighting(SENT_LATE, leg=1)],
        Outcome.FAILOVER, "substitute"),
    Row("handset refused, the substitute was seen", [SENT, RECIPIENT, BY_SUBSTITUTE],
        Outcome.FAILOVER, "substitute"),
    Row("own leg in spam, the substitute was seen", [SENT, ACCEPTED, IN_SPAM, BY_SUBSTITUTE],
        Outcome.FAILOVER, "substitute"),
    Row("a substitute in spam is not seen",
        [SENT, ACCEPTED, seen(leg=1, placement=Placement.SPAM)],
        Outcome.UNDELIVERED, "not_seen", ALIVE),
    Row("a substitute on another receiver is not seen",
        [SENT, ACCEPTED, seen(leg=1, receiver="kt-1")], Outcome.UNDELIVERED, "not_seen", ALIVE),
    Row("a substitute only reported is not seen", [SENT, ACCEPTED, a_report(SENT, leg=1)],
        Outcome.UNDELIVERED, "not_seen", ALIVE),
]  # fmt: skip

THEIRS = sorted(set(FaultDomain) - CONFIGURATION - {FaultDomain.HANDSET})
REJECTED = [
    *(Row(f"refused: {fault}", [SENT, a_refusal(fault, SENT)], Outcome.REJECTED, str(fault))
      for fault in THEIRS),
    *(Row(f"reported failed: {fault}", [SENT, ACCEPTED, a_failure(fault, SENT)],
          Outcome.REJECTED, str(fault)) for fault in THEIRS),
    Row("refused without a cause", [SENT, a_refusal(None, SENT)], Outcome.REJECTED, "unknown"),
    Row("failed without a cause", [SENT, ACCEPTED, a_failure(None, SENT)],
        Outcome.REJECTED, "unknown"),
    Row("failed, the answer unclear", [SENT, UNCLEAR, a_failure(FaultDomain.CARRIER, SENT)],
        Outcome.REJECTED, "carrier"),
    Row("failed by report, the answer lost in a crash",
        [SENT, a_failure(FaultDomain.CARRIER, SENT)], Outcome.REJECTED, "carrier"),
    Row("unreachable while control answered, before and after", [SENT, UNREACHABLE],
        Outcome.REJECTED, "no_answer", liveness((OTHER, BEGAN - MINUTE), (OTHER, TOLD + MINUTE))),
    Row("unclear while other providers answered", [SENT, UNCLEAR],
        Outcome.REJECTED, "no_answer", liveness(("reach/worker-a/nhn", BEGAN), (OTHER, TOLD))),
]  # fmt: skip

EXEMPT = [
    *(Row(f"refused: {fault}", [SENT, a_refusal(fault, SENT)], Outcome.EXEMPT, str(fault), ALIVE)
      for fault in sorted(CONFIGURATION)),
    *(Row(f"reported failed: {fault}", [SENT, ACCEPTED, a_failure(fault, SENT)],
          Outcome.EXEMPT, str(fault)) for fault in sorted(CONFIGURATION)),
]  # fmt: skip


def covered(component: str, **over: Any) -> Row:
    return Row(
        f"{component} was at fault", [SENT, ACCEPTED], Outcome.VOID, "monitor_fault", ALIVE,
        (a_fault_of(component, SENT, **over),),
    )  # fmt: skip


def uncovered(component: str, **over: Any) -> Row:
    return Row(
        f"{component} was at fault elsewhere or at another time", [SENT, ACCEPTED],
        Outcome.UNDELIVERED, "not_seen", ALIVE, (a_fault_of(component, SENT, **over),),
    )  # fmt: skip


BLIND = [
    covered("worker:worker-a"),
    covered("receiver:skt-1"),
    covered("site:seoul"),
    covered("observer:skt-1/smsforwarder"),
    covered("receiver:skt-1", start=DUE, end=LATER),
    covered("receiver:skt-1", start=SENT.slot - MINUTE, end=SENT.sent_at),
    uncovered("receiver:kt-1"),
    uncovered("observer:skt-1/imap"),
    uncovered("receiver:skt-1", start=DUE + TICK, end=LATER),
    uncovered("receiver:skt-1", start=SENT.slot - MINUTE, end=SENT.sent_at - TICK),
    Row("a fault does not excuse a refusal", [SENT, a_refusal(FaultDomain.PLATFORM, SENT)],
        Outcome.REJECTED, "platform", ALIVE, (a_fault_of("receiver:skt-1", SENT),)),
    Row("no sign of life at all", [SENT, ACCEPTED], Outcome.VOID, "receiver_silent"),
    Row("a sign before only", [SENT, ACCEPTED], Outcome.VOID, "receiver_silent",
        liveness((OBSERVER, SENT.sent_at))),
    Row("a sign after only", [SENT, ACCEPTED], Outcome.VOID, "receiver_silent",
        liveness((OBSERVER, DUE))),
    Row("a sign between sending and due time proves neither side", [SENT, ACCEPTED],
        Outcome.VOID, "receiver_silent",
        liveness((OBSERVER, SENT.sent_at + TICK), (OBSERVER, DUE - TICK))),
    Row("signs too far away", [SENT, ACCEPTED], Outcome.VOID, "receiver_silent",
        liveness((OBSERVER, SENT.sent_at - QUARTER - TICK), (OBSERVER, DUE + QUARTER + TICK))),
    Row("an app that does not see this channel lives", [SENT, ACCEPTED],
        Outcome.VOID, "receiver_silent", a_living_receiver(SENT, "imap")),
    Row("one app lived before and another after", [SENT, ACCEPTED], Outcome.VOID, "receiver_silent",
        liveness((OBSERVER, SENT.sent_at), ("observer/skt-1/ha", DUE))),
    Row("another receiver lives", [SENT, ACCEPTED], Outcome.VOID, "receiver_silent",
        liveness(("observer/skt-10/smsforwarder", SENT.sent_at),
                 ("observer/skt-10/smsforwarder", DUE))),
    Row("no app sees this channel", [SENT.model_copy(update={"observers": ()}), ACCEPTED],
        Outcome.VOID, "receiver_silent", ALIVE),
]  # fmt: skip

UNDELIVERED = [
    Row("receiver alive, nothing seen", [SENT, ACCEPTED], Outcome.UNDELIVERED, "not_seen", ALIVE),
    Row("signs at the far ends of both windows", [SENT, ACCEPTED], Outcome.UNDELIVERED, "not_seen",
        liveness((OBSERVER, SENT.sent_at - QUARTER), (OBSERVER, DUE + QUARTER))),
    Row("signs at the near ends of both windows", [SENT, ACCEPTED], Outcome.UNDELIVERED, "not_seen",
        liveness((OBSERVER, SENT.sent_at), (OBSERVER, DUE))),
    Row("a second app that sees this channel is enough", [SENT, ACCEPTED],
        Outcome.UNDELIVERED, "not_seen", a_living_receiver(SENT, "ha")),
    Row("the provider claims delivery", [SENT, ACCEPTED, a_report(SENT)],
        Outcome.UNDELIVERED, "not_seen", ALIVE),
    Row("the provider says pending", [SENT, ACCEPTED, a_report(SENT, state=ReportState.PENDING)],
        Outcome.UNDELIVERED, "not_seen", ALIVE),
    Row("a code nobody mapped decides nothing",
        [SENT, ACCEPTED, a_report(SENT, state=ReportState.UNKNOWN)],
        Outcome.UNDELIVERED, "not_seen", ALIVE),
    Row("a substitute that failed is no refusal of the own leg",
        [SENT, ACCEPTED, a_failure(FaultDomain.CARRIER, SENT, leg=1)],
        Outcome.UNDELIVERED, "not_seen", ALIVE),
    Row("spam alone is not seen", [SENT, ACCEPTED, IN_SPAM], Outcome.UNDELIVERED, "spam", ALIVE),
    Row("seen on a wrong receiver", [SENT, ACCEPTED, seen(receiver="kt-1")],
        Outcome.UNDELIVERED, "not_seen", ALIVE),
    Row("spam on a wrong receiver", [SENT, ACCEPTED, seen(receiver="kt-1", placement="spam")],
        Outcome.UNDELIVERED, "not_seen", ALIVE),
]  # fmt: skip

UNKNOWN = [
    Row("a crash between announcing and recording", [SENT], Outcome.UNKNOWN, "no_answer", ALIVE),
    Row("a crash, though others were reached", [SENT], Outcome.UNKNOWN, "no_answer",
        liveness((OTHER, BEGAN), (OTHER, TOLD))),
    Row("unclear, and our network went", [SENT, UNCLEAR], Outcome.UNKNOWN, "unclear",
        liveness((OTHER, BEGAN))),
    Row("unclear, nobody else reached", [SENT, UNCLEAR], Outcome.UNKNOWN, "unclear", ALIVE),
    Row("unclear, only the same provider reached", [SENT, UNCLEAR], Outcome.UNKNOWN, "unclear",
        liveness(("reach/worker-a/sens", BEGAN), ("reach/worker-a/sens", TOLD))),
]  # fmt: skip

TABLE = [
    *DELIVERED, *EDGE, *LATE, *OURS, *FAILOVER, *REJECTED, *EXEMPT, *BLIND, *UNDELIVERED, *UNKNOWN,
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.outcome}: {row.says}")
def test_the_table_of_outcomes(row: Row) -> None:
    folded = attempt.fold(row.events)
    assert outcome.outcome(folded, row.alive, row.faults, LATER) == Verdict(row.outcome, row.reason)


def test_the_table_reaches_every_outcome() -> None:
    assert {row.outcome for row in TABLE} == set(Outcome)


@given(strategies.evidence_of_one_probe(), st.sampled_from([NOBODY, ALIVE]))
def test_every_announced_attempt_has_exactly_one_outcome(
    events: list[Evidence], alive: Liveness
) -> None:
    verdict = outcome.outcome(attempt.fold([SENT, *events]), alive, [], LATER)
    assert verdict is not None
    assert verdict.outcome in Outcome


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.SCHEDULED}))
def test_only_a_scheduled_probe_has_a_slot_to_be_late_for(purpose: Purpose) -> None:
    sent = a_probe_sent(purpose=purpose, sent_at=SENT.slot + timedelta(minutes=5))
    folded = attempt.fold([sent, an_answer(sent)])
    verdict = outcome.outcome(folded, a_living_receiver(sent), [], LATER)
    assert verdict == Verdict(Outcome.UNDELIVERED, "not_seen")


def test_a_sign_of_life_after_the_cutoff_is_not_known_yet() -> None:
    folded = attempt.fold([SENT, ACCEPTED])
    signs = liveness((OBSERVER, SENT.sent_at), (OBSERVER, DUE + 2 * SECOND))
    before = outcome.outcome(folded, signs, [], DUE + SECOND)
    after = outcome.outcome(folded, signs, [], DUE + 2 * SECOND)
    assert before == Verdict(Outcome.VOID, "receiver_silent")
    assert after == Verdict(Outcome.UNDELIVERED, "not_seen")


# Settling


def test_an_attempt_without_an_announcement_is_not_settled() -> None:
    assert outcome.settle(attempt.fold([ACCEPTED]), ALIVE, [], DUE) is None


def test_a_seen_message_settles_at_once() -> None:
    settled = outcome.settle(attempt.fold([SENT, ACCEPTED, seen()]), NOBODY, [], DUE)
    assert settled == Verdict(Outcome.DELIVERED, "in_time")


def test_an_unseen_message_settles_when_its_observer_gives_a_sign() -> None:
    folded = attempt.fold([SENT, ACCEPTED])
    before = liveness((OBSERVER, SENT.sent_at))
    assert outcome.settle(folded, before, [], DUE) == Wait(DUE + outcome.RECHECK_EVERY)
    settled = outcome.settle(folded, ALIVE, [], DUE + SECOND)
    assert settled == Verdict(Outcome.UNDELIVERED, "not_seen")


def test_settling_waits_for_a_sign_of_life_fifteen_minutes_at_most() -> None:
    folded, last = attempt.fold([SENT, ACCEPTED]), DUE + QUARTER
    assert outcome.settle(folded, NOBODY, [], last - 3 * SECOND) == Wait(last)
    silent = Verdict(Outcome.VOID, "receiver_silent")
    assert outcome.settle(folded, NOBODY, [], last) == silent


def test_waiting_always_ends() -> None:
    folded, now, looks = attempt.fold([SENT, ACCEPTED]), DUE, 0
    while isinstance(step := outcome.settle(folded, NOBODY, [], now), Wait):
        assert now < step.until <= DUE + QUARTER
        now, looks = step.until, looks + 1
    assert looks == QUARTER // outcome.RECHECK_EVERY


def test_a_refusal_for_the_handset_waits_for_proof_that_it_was_reachable() -> None:
    folded = attempt.fold([SENT, RECIPIENT])
    assert isinstance(outcome.settle(folded, NOBODY, [], DUE), Wait)
    proven = outcome.settle(folded, liveness((REACHED, DUE)), [], DUE)
    assert proven == Verdict(Outcome.REJECTED, "handset")


@pytest.mark.parametrize("result", [AnswerResult.UNREACHABLE, AnswerResult.UNCLEAR])
def test_an_unanswered_call_waits_until_it_is_known_whose_network_it_was(
    result: AnswerResult,
) -> None:
    """However soon a message of the route is late."""
    sent = a_probe_sent(seen_due=SENT.sent_at + 25 * SECOND)
    answer = an_answer(sent, result=result, ended_at=sent.sent_at + 20 * SECOND)
    folded, before = attempt.fold([sent, answer]), liveness((OTHER, sent.sent_at))
    soon = sent.seen_due + outcome.RECHECK_EVERY
    assert outcome.settle(folded, before, [], sent.seen_due) == Wait(soon)
    others = liveness((OTHER, sent.sent_at), (OTHER, soon))
    assert outcome.settle(folded, others, [], soon) == Verdict(Outcome.REJECTED, "no_answer")
    last = answer.ended_at + outcome.HEARTBEAT_EVERY + outcome.REACH_WITHIN
    assert isinstance(outcome.settle(folded, before, [], last - TICK), Wait)
    assert isinstance(outcome.settle(folded, before, [], last), Verdict)
    assert isinstance(outcome.settle(folded, NOBODY, [], sent.seen_due), Verdict)


@pytest.mark.parametrize("faults", [[a_fault_of("receiver:skt-1", SENT)]])
def test_a_void_with_a_cause_needs_no_wait(faults: list[MonitorFault]) -> None:
    settled = outcome.settle(attempt.fold([SENT, ACCEPTED]), NOBODY, faults, DUE)
    assert settled == Verdict(Outcome.VOID, "monitor_fault")


def test_a_sight_by_an_app_nobody_counted_on_delivers_too() -> None:
    for kind in ObserverKind:
        folded = attempt.fold([SENT, seen(observer=kind)])
        verdict = outcome.outcome(folded, NOBODY, [], LATER)
        assert verdict == Verdict(Outcome.DELIVERED, "in_time")


def test_of_the_minute_of_the_cutoff_only_the_first_sign_is_known_for_ever() -> None:
    first, last, later = (SLOT + n * SECOND for n in (10, 50, 70))
    once, then = Liveness({"a": [(first, last)]}), Liveness({"a": [(first, last), (later, later)]})
    assert then.known_before(SLOT + 60 * SECOND).signs == once.signs
    for cutoff in (SLOT + 30 * SECOND, SLOT + 59 * SECOND):
        assert then.known_before(cutoff).signs == {"a": [(first, first)]}
    assert then.known_before(first).signs == {"a": []}
