"""What a drill shows: fired, arrived, in time, once, whole, from the right sender."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import outcome, text
from services.contracts.attempt import fold
from services.contracts.evidence import DeviceSeen, Evidence, ProbeSent
from services.contracts.ladder import Drill, judge
from services.contracts.vocabulary import FaultDomain, ObserverKind, Outcome, Purpose, ReportState
from tests.support import builders
from tests.support.builders import CONTENT_KEY, SECOND
from tests.support.strategies import evidence_of_one_probe

GATEWAY = ObserverKind.ANDROID_SMS_GATEWAY
WORDS = text.probe_text(builders.a_probe_id(), 1)
GOOD = Drill(fired=True, arrived=True, in_time=True, once=True, whole=True, right_sender=True)


def _sent(**over: Any) -> ProbeSent:
    fields: dict[str, Any] = {
        "purpose": Purpose.DRILL, "receiver": "skt-3", "observers": (GATEWAY,),
        "substitute_sender": "eumseong-lms",
        "substitute_digest": text.digest(CONTENT_KEY, WORDS),
    }  # fmt: skip
    return builders.a_probe_sent(**fields | over)


def _seen(sent: ProbeSent, **over: Any) -> DeviceSeen:
    fields: dict[str, Any] = {
        "leg": 1, "observer": GATEWAY, "placement": "inbox", "platform": "skt",
        "text_digest": text.digest(CONTENT_KEY, WORDS), "senders": ("eumseong-lms",),
    }  # fmt: skip
    return builders.a_sighting(sent, **fields | over)


def _failed(sent: ProbeSent) -> list[Evidence]:
    """Kakao knows no such user, as a drill wants it."""
    return [sent, builders.an_answer(sent), builders.a_failure(FaultDomain.HANDSET, sent)]


def _shows(*events: Evidence) -> Drill:
    """Judged by the outcome that the drill's evidence has while its phone is alive."""
    folded = fold(events)
    assert folded.sent is not None
    alive = builders.a_living_receiver(folded.sent, GATEWAY)
    cutoff = folded.sent.seen_due + timedelta(hours=1)
    verdict = outcome.outcome(folded, alive, [], cutoff)
    assert verdict is not None
    return judge(folded, verdict.outcome)


def test_a_substitute_that_came_as_it_should_is_right_in_everything() -> None:
    sent = _sent()
    assert _shows(*_failed(sent), _seen(sent)) == GOOD


@pytest.mark.parametrize(
    ("over", "differs"),
    [
        ({"senders": ("geoje-sms", "eumseong-lms")}, {}),
        ({"senders": ("geoje-sms",)}, {"right_sender": False}),
        ({"senders": ()}, {"right_sender": False}),
        ({"senders": None}, {"right_sender": None}),
        ({"text_digest": "0" * 64}, {"whole": False}),
        ({"text_digest": None}, {"whole": None}),
    ],
)
def test_what_the_phone_saw_decides(over: dict[str, Any], differs: dict[str, Any]) -> None:
    sent = _sent()
    assert _shows(*_failed(sent), _seen(sent, **over)) == replace(GOOD, **differs)


def test_a_substitute_after_the_due_time_is_late() -> None:
    sent = _sent()
    late = _seen(sent, observed_max=sent.seen_due + SECOND)
    assert _shows(*_failed(sent), late) == replace(GOOD, in_time=False)


def test_two_copies_of_one_send_are_one_too_many_and_of_two_sends_are_not() -> None:
    sent = _sent()
    copies = [_seen(sent), _seen(sent, source_event_id="another")]
    assert _shows(*_failed(sent), *copies) == replace(GOOD, once=False)
    assert _shows(*_failed(sent), _sent(worker="worker-b"), *copies) == GOOD


def test_a_substitute_that_was_sent_and_never_came_is_fired_and_not_arrived() -> None:
    sent = _sent()
    tried = builders.a_report(sent, leg=1, state=ReportState.PENDING)
    assert _shows(*_failed(sent), tried) == Drill(fired=True, arrived=False)


def test_a_ladder_that_does_nothing_is_not_fired() -> None:
    assert _shows(*_failed(_sent())) == Drill(fired=False, arrived=False)


def test_a_silent_phone_shows_nothing_of_the_ladder() -> None:
    folded = fold(_failed(_sent()))
    verdict = outcome.outcome(folded, builders.liveness(), [], builders.SLOT)
    assert verdict is not None
    assert verdict.outcome is Outcome.VOID
    assert judge(folded, verdict.outcome) == Drill()


def test_nothing_is_said_before_the_drill_is_settled() -> None:
    sent = _sent()
    assert judge(fold([*_failed(sent), _seen(sent)]), None) == Drill()


def test_a_scheduled_probe_refused_for_its_handset_is_still_refused() -> None:
    folded = fold(_failed(_sent(purpose=Purpose.SCHEDULED)))
    verdict = outcome.outcome(folded, builders.liveness(), [], builders.SLOT)
    assert verdict == outcome.Verdict(Outcome.VOID, "handset")


@given(evidence_of_one_probe(), st.sampled_from(Outcome), st.randoms())
def test_any_order_of_evidence_shows_the_same(
    events: list[Evidence], outcome: Outcome, mixed: Any
) -> None:
    again = [*events, *events]
    mixed.shuffle(again)
    shown = judge(fold(events), outcome)
    assert judge(fold(again), outcome) == shown
    assert shown.arrived is not None or shown == Drill()
    assert shown.arrived or shown.in_time is None
