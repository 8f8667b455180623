"""The fold: any order, any repetition, any grouping of evidence makes the same attempt."""

from datetime import timedelta
from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import attempt, outcome
from services.contracts.attempt import Attempt, Sighting
from services.contracts.evidence import Evidence
from services.contracts.vocabulary import (
    AnswerResult,
    ObserverKind,
    Placement,
    ReportState,
)
from tests.support import strategies
from tests.support.builders import (
    MINUTE,
    SECOND,
    a_living_receiver,
    a_probe_id,
    a_probe_sent,
    a_report,
    a_sighting,
    an_answer,
    an_opening,
)

SENT = a_probe_sent()
LATER = SENT.seen_due + timedelta(hours=1)


@given(strategies.evidence_of_one_probe(), st.data())
def test_any_order_and_number_of_evidence_makes_the_same_attempt(
    events: list[Evidence], data: st.DataObject
) -> None:
    shuffled = data.draw(strategies.any_order(events, most_repeated=20))
    folded = attempt.fold(events)
    assert attempt.fold(shuffled) == folded
    assert _outcome(attempt.fold(shuffled)) == _outcome(folded)


@given(strategies.evidence_of_one_probe(), st.data())
def test_any_grouping_of_evidence_makes_the_same_attempt(
    events: list[Evidence], data: st.DataObject
) -> None:
    """Two sinks, or two batches, fold what they have; the row holds both."""
    groups = data.draw(st.lists(st.integers(0, 3), min_size=len(events), max_size=len(events)))
    batches = [[e for e, g in zip(events, groups, strict=True) if g == n] for n in range(4)]
    folded = [attempt.fold(batch) for batch in batches if batch]
    partial = data.draw(strategies.any_order(folded, most_repeated=0))
    assert reduce(attempt.merge, partial) == attempt.fold(events)


@given(strategies.evidence_of_one_probe(most=60))
def test_sightings_stay_bounded_and_the_first_ones_stay(events: list[Evidence]) -> None:
    sightings = attempt.fold(events).sightings
    everything = sorted(
        (e.observed_max for e in events if e.kind == "device.seen"),
    )
    assert [s.upper for s in sightings] == everything[: attempt.MOST_SIGHTINGS]


def test_of_two_tellings_of_one_happening_the_first_stays() -> None:
    first = a_sighting(SENT)
    again = first.model_copy(update={"observed_max": first.observed_max - SECOND})
    assert attempt.fold([first, again]) == attempt.fold([first])


def test_the_earliest_announcement_stands_and_each_is_counted() -> None:
    second = a_probe_sent(worker="worker-b", sent_at=SENT.sent_at + SECOND)
    folded = attempt.fold([second, SENT])
    assert (folded.sent, folded.sends) == (SENT, 2)


def test_an_accepted_answer_stands_before_any_other() -> None:
    unclear = an_answer(SENT, worker="worker-b", result=AnswerResult.UNCLEAR)
    accepted = an_answer(SENT, started_at=SENT.sent_at + MINUTE)
    assert attempt.fold([unclear, accepted]).answer == accepted


def test_a_final_report_stands_before_a_pending_one_and_the_first_of_its_kind_before_others() -> (
    None
):
    pending = a_report(SENT, state=ReportState.PENDING, code="3005")
    first = a_report(SENT, reported_at=SENT.sent_at + 9 * SECOND)
    second = a_report(SENT, reported_at=SENT.sent_at + 10 * SECOND)
    assert attempt.fold([second, pending, first]).report == first


def test_a_report_of_a_substitute_is_never_the_providers_word_about_the_own_leg() -> None:
    failed = a_report(SENT, leg=1, state=ReportState.FAILED)
    late = a_report(SENT, leg=1, reported_at=SENT.sent_at + MINUTE)
    soon = a_report(SENT, leg=2, reported_at=SENT.sent_at + SECOND)
    assert attempt.fold([failed]).substitute_reported_at is None
    folded = attempt.fold([failed, late, soon])
    assert (folded.report, folded.substitute_reported_at) == (None, soon.reported_at)


def test_the_first_opening_stands() -> None:
    early = an_opening(SENT, source_event_id="1")
    late = an_opening(SENT, source_event_id="2", observed_max=SENT.sent_at + MINUTE)
    assert attempt.fold([late, early]).opened_at == early.observed_max


def test_evidence_of_two_probes_makes_no_attempt() -> None:
    other = a_probe_sent(route="geoje.sms.sens-a")
    with pytest.raises(ValueError, match="two probes"):
        attempt.fold([SENT, other])


def test_no_evidence_makes_no_attempt() -> None:
    with pytest.raises(ValueError, match="no evidence"):
        attempt.fold([])


def test_a_report_of_no_known_probe_waits_outside_any_attempt() -> None:
    with pytest.raises(ValueError, match="no attempt yet"):
        attempt.lift(a_report(SENT, probe_id=None))


def test_without_an_announcement_nothing_is_judged() -> None:
    lonely = attempt.fold([a_sighting(SENT), an_answer(SENT)])
    assert lonely.own_sighting is None
    assert (lonely.wrong_receiver, lonely.surplus(), lonely.content) == (0, 0, None)
    assert _outcome(lonely) is None


@pytest.mark.parametrize(
    "tied",
    [
        [a_probe_sent(worker=f"worker-{n}") for n in range(8)],
        [an_answer(SENT, worker=f"worker-{n}") for n in range(8)],
        [a_report(SENT, code=f"000{n}") for n in range(8)],
    ],
    ids=["sent", "answered", "reported"],
)
def test_of_events_at_one_moment_the_id_decides(tied: list[Evidence]) -> None:
    first = min(event.event_id for event in tied)
    for order in (tied, tied[::-1], sorted(tied, key=lambda event: event.event_id)):
        folded = attempt.fold(order)
        chosen = folded.sent or folded.answer or folded.report
        assert chosen is not None
        assert chosen.event_id == first


# Counts beside the outcome


def test_a_sight_on_another_receiver_is_counted_and_is_no_delivery() -> None:
    folded = attempt.fold([SENT, a_sighting(SENT, receiver="kt-1")])
    assert (folded.wrong_receiver, folded.own_sighting) == (1, None)


def test_two_copies_at_a_gateway_are_one_duplicate() -> None:
    gateway = ObserverKind.ANDROID_SMS_GATEWAY
    first = a_sighting(SENT, observer=gateway, source_event_id="1")
    second = a_sighting(SENT, observer=gateway, source_event_id="2")
    assert attempt.fold([SENT, first]).surplus() == 0
    assert attempt.fold([SENT, first, second]).surplus() == 1


def test_our_own_second_send_is_no_duplicate_of_the_providers() -> None:
    mail = ObserverKind.IMAP
    copies = [a_sighting(SENT, observer=mail, source_event_id=str(n)) for n in range(2)]
    ours = a_probe_sent(worker="worker-b")
    assert attempt.fold([SENT, ours, *copies]).surplus() == 0


@pytest.mark.parametrize("kind", sorted(set(ObserverKind) - attempt.COUNTS_COPIES))
def test_a_notification_seen_again_is_no_copy(kind: ObserverKind) -> None:
    again = [a_sighting(SENT, observer=kind, source_event_id=str(n)) for n in range(3)]
    assert attempt.fold([SENT, *again]).surplus() == 0


def test_one_message_seen_by_two_apps_is_one_copy() -> None:
    gateway = a_sighting(SENT, observer=ObserverKind.ANDROID_SMS_GATEWAY, source_event_id="g")
    notice = a_sighting(SENT, observer=ObserverKind.HOME_ASSISTANT, source_event_id="n")
    assert attempt.fold([SENT, gateway, notice]).surplus() == 0


def test_a_substitute_beside_the_own_leg_is_no_copy() -> None:
    gateway = ObserverKind.ANDROID_SMS_GATEWAY
    legs = [a_sighting(SENT, observer=gateway, source_event_id=str(n), leg=n) for n in range(2)]
    assert attempt.fold([SENT, *legs]).surplus() == 0


@pytest.mark.parametrize(
    ("digest", "chars", "content"),
    [
        (SENT.text_digest, SENT.text_chars, "intact"),
        ("0" * 64, SENT.text_chars - 1, "truncated"),
        ("0" * 64, SENT.text_chars, "altered"),
        ("0" * 64, SENT.text_chars + 1, "altered"),
        (None, None, None),
    ],
)
def test_content_is_compared_by_digest_and_length(
    digest: str | None, chars: int | None, content: str | None
) -> None:
    seen = a_sighting(SENT, text_digest=digest, text_chars=chars)
    assert attempt.fold([SENT, seen]).content == content


def test_content_of_a_message_nobody_saw_cannot_be_told() -> None:
    assert attempt.fold([SENT]).content is None


# Sightings as lines

sightings = st.builds(
    Sighting,
    upper=strategies.moments,
    lower=strategies.moments,
    leg=st.integers(0, 7),
    placement=st.sampled_from([str(place) for place in Placement]),
    observer=st.sampled_from([str(kind) for kind in ObserverKind]),
    receiver=strategies.names,
    text_chars=strategies.counts,
    text_digest=st.one_of(st.just(""), strategies.digests),
    source_event_id=strategies.texts,
)


@given(sightings)
def test_a_sighting_comes_back_from_its_line(sighting: Sighting) -> None:
    assert Sighting.read(sighting.write()) == sighting


@given(st.lists(sightings, max_size=6))
def test_lines_sort_by_upper_then_lower_bound(some: list[Sighting]) -> None:
    by_line = sorted(some, key=lambda s: s.write().encode())
    for one, other in pairwise(by_line):
        assert (one.upper, one.lower) <= (other.upper, other.lower)


@given(st.sets(sightings, min_size=2, max_size=6))
def test_an_attempt_keeps_its_sightings_in_the_order_of_their_lines(some: set[Sighting]) -> None:
    attempts = [Attempt(a_probe_id(), sightings=(one,)) for one in some]
    kept = [s.write() for s in reduce(attempt.merge, attempts).sightings]
    assert kept == sorted(kept)


def test_equal_times_leave_the_order_to_the_rest_of_the_line() -> None:
    """`skt-10` sorts before `skt-1` here: `|` comes after the digits, in SQL as in Python."""
    many = [a_sighting(SENT, receiver=f"skt-{number}") for number in range(20)]
    kept = [s.write() for s in attempt.fold(many).sightings]
    assert kept == sorted(kept)
    assert attempt.fold(reversed(many)) == attempt.fold(many)


def test_an_event_id_of_another_system_may_hold_any_character() -> None:
    sighting = attempt.lift(a_sighting(SENT, source_event_id="a|b||\n봉수|")).sightings[0]
    assert Sighting.read(sighting.write()) == sighting


def _outcome(folded: Attempt) -> outcome.Verdict | None:
    return outcome.outcome(folded, a_living_receiver(SENT), [], LATER)
