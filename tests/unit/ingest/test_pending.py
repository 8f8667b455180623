"""When providers are asked, until when, and what is remembered of it."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.adapters.base import Report
from services.contracts.evidence import ProbeAnswered
from services.contracts.vocabulary import ReportState
from services.ingest.pending import Message, Pending, news, next_look
from tests.support.builders import SECOND, SLOT, a_failure, a_report, an_answer

HERE, ELSEWHERE = ("t.evidence", 3), ("t.evidence", 4)
LINE = ("sens-a", "sens-alimtalk")
SINCE = an_answer().ended_at


def told(state: ReportState, leg: int = 0, final: bool = True) -> Report:
    """What a provider says of message-0001."""
    return Report("message-0001", leg, state, "0000", None, SINCE, final)


def _pending(*answers: ProbeAnswered, most: int = 100) -> Pending:
    pending = Pending(most)
    pending.own([HERE])
    for answer in answers or (an_answer(),):
        pending.answered(HERE, answer, answer.ended_at)
    return pending


def _due(pending: Pending, after_s: float) -> list[Message]:
    return pending.due(LINE, SINCE + after_s * SECOND, 100)


def test_a_message_is_asked_about_often_at_first_and_seldom_later() -> None:
    at, looks = SINCE, []
    while (then := next_look(SINCE, at)) is not None:
        looks.append((then - SINCE).total_seconds())
        at = then
    assert looks[:7] == [1, 2, 5, 10, 40, 70, 100]
    assert looks[looks.index(580) :][:3] == [580, 600, 1200]
    assert looks[-1] == 26 * 3600
    assert len(looks) == 4 + 20 + 26 * 6 - 1


@given(st.floats(min_value=-100, max_value=100_000))
def test_the_next_look_is_always_ahead_and_never_far(age: float) -> None:
    now = SINCE + timedelta(seconds=age)
    then = next_look(SINCE, now)
    if then is None:
        assert age > 26 * 3600 - 600
    else:
        assert now < then <= max(now, SINCE) + timedelta(seconds=600)


def test_only_accepted_messages_of_own_partitions_are_waited_for() -> None:
    pending = _pending(an_answer(result="unclear"), an_answer(provider_message_id=None))
    pending.answered(ELSEWHERE, an_answer(), SINCE)
    assert len(pending) == 0


def test_a_message_is_due_once_at_a_time() -> None:
    pending = _pending()
    assert _due(pending, 0.9) == []
    (message,) = _due(pending, 1)
    assert _due(pending, 3600) == []
    pending.asked(message, [], SINCE + SECOND)
    assert _due(pending, 1.9) == []
    assert _due(pending, 2) == [message]


def test_a_batch_is_no_larger_than_the_adapter_takes() -> None:
    pending = _pending(*(an_answer(provider_message_id=f"m{n}") for n in range(9)))
    assert len(pending.due(LINE, SINCE + 2 * SECOND, 4)) == 4
    assert len(pending.due(LINE, SINCE + 2 * SECOND, 100)) == 5


def test_a_final_word_on_every_leg_ends_the_asking() -> None:
    pending = _pending()
    (message,) = _due(pending, 1)
    own_leg, substitute = told(ReportState.FAILED), told(ReportState.PENDING, 1, final=False)
    pending.asked(message, [own_leg, substitute], SINCE + SECOND)
    (again,) = _due(pending, 2)
    pending.asked(again, [own_leg, told(ReportState.DELIVERED, 1)], SINCE + 2 * SECOND)
    assert len(pending) == 0


def test_only_changes_of_a_leg_are_news() -> None:
    pending = _pending()
    (message,) = _due(pending, 1)
    waiting = told(ReportState.PENDING, final=False)
    assert news(message, [waiting]) == [waiting]
    pending.asked(message, [waiting], SINCE + SECOND)
    assert news(message, [waiting]) == []
    delivered = told(ReportState.DELIVERED)
    assert news(message, [delivered]) == [delivered]


def test_what_has_a_final_report_already_is_not_asked_about_after_a_restart() -> None:
    pending = _pending()
    pending.reported(HERE, a_report(state=ReportState.PENDING))
    assert len(pending) == 1
    pending.reported(ELSEWHERE, a_report())
    assert len(pending) == 1
    pending.reported(HERE, a_report())
    assert len(pending) == 0
    assert _due(pending, 3600) == []


def test_a_failed_own_leg_is_asked_about_once_more_for_its_substitute() -> None:
    pending = _pending()
    pending.reported(HERE, a_failure(None))
    (message,) = _due(pending, 1)
    assert news(message, [replace(told(ReportState.FAILED), code="3018")]) == []
    pending.reported(HERE, a_failure(None, leg=1))
    assert len(pending) == 0


def test_partitions_that_go_are_forgotten_even_in_the_middle_of_a_look_up() -> None:
    pending = _pending()
    (message,) = _due(pending, 1)
    pending.forget([HERE])
    pending.later([message], SINCE + SECOND)
    pending.asked(message, [told(ReportState.PENDING, final=False)], SINCE + SECOND)
    assert (len(pending), _due(pending, 3600)) == (0, [])


def test_a_partition_that_comes_back_starts_anew() -> None:
    pending = _pending()
    (old,) = _due(pending, 1)
    pending.own([HERE])
    pending.answered(HERE, an_answer(), SINCE)
    pending.asked(old, [told(ReportState.DELIVERED)], SINCE + SECOND)
    assert len(_due(pending, 1)) == 1


def test_too_many_messages_cost_the_oldest_and_are_counted() -> None:
    pending = _pending(*(an_answer(provider_message_id=f"m{n}") for n in range(12)), most=10)
    assert [m.provider_message_id for m in _due(pending, 1)] == [f"m{n}" for n in range(2, 12)]
    assert (pending.take_dropped(), pending.take_dropped()) == (2, 0)


def test_after_twenty_six_hours_a_message_is_given_up() -> None:
    pending = _pending()
    (message,) = _due(pending, 1)
    pending.later([message], SLOT + timedelta(hours=27))
    assert (len(pending), pending.take_dropped()) == (0, 1)


def test_a_provider_that_is_away_is_not_asked_before_its_pause_is_over() -> None:
    pending = _pending()
    pending.later(_due(pending, 1), SINCE + SECOND, SINCE + 20 * SECOND)
    assert _due(pending, 19.9) == []
    assert len(_due(pending, 20)) == 1


def _received(code: str, final: bool = False) -> Report:
    return Report("message-0001", 0, ReportState.DELIVERED, code, None, SINCE, final)


def test_a_delivery_that_may_go_on_is_asked_about_until_the_last_word() -> None:
    pending = Pending(goes_on={LINE[1]: {"RECEIVED"}})
    pending.own([HERE])
    pending.answered(HERE, an_answer(), SINCE)
    pending.reported(HERE, a_report(code="RECEIVED"))
    (message,) = _due(pending, 1)
    assert news(message, [_received("RECEIVED")]) == []
    assert news(message, [_received("READ")]) == [_received("READ")]
    pending.asked(message, [_received("READ", final=True)], SINCE + SECOND)
    assert len(pending) == 0


def test_a_document_that_nobody_reads_is_given_up_and_nothing_is_missing() -> None:
    pending = _pending()
    (message,) = _due(pending, 1)
    pending.asked(message, [_received("RECEIVED")], SINCE + timedelta(hours=27))
    assert (len(pending), pending.take_dropped()) == (0, 0)


def test_a_message_is_not_asked_about_sooner_than_its_provider_recommends() -> None:
    pending = _pending()
    (message,) = _due(pending, 1)
    pending.asked(message, [], SINCE + SECOND, SINCE + 6 * SECOND)
    assert _due(pending, 5.9) == []
    assert _due(pending, 6) == [message]
