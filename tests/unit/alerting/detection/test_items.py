"""Items: what of the evidence is waited for, and what counts as its end."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.detection.items import KEPT, Found, Items, Notice, Told, microseconds
from services.alerting.detection.law import SECOND, Row
from services.alerting.detection.paths import Beat, Inventory
from services.alerting.detection.window import ACCEPTANCE, DELIVERY, Ending
from services.contracts.evidence import Heartbeat, ProbeSent
from services.contracts.vocabulary import (
    AnswerResult,
    Carrier,
    Channel,
    FaultDomain,
    ObserverKind,
    Placement,
    Purpose,
)
from tests.support.builders import (
    SLOT,
    a_heartbeat,
    a_probe_sent,
    a_refusal,
    a_report,
    a_sighting,
    an_answer,
    an_opening,
)

START = microseconds(SLOT)
SENT = a_probe_sent(sent_at=SLOT)
APP = "observer/skt-1/smsforwarder"
INVENTORY = Inventory({APP: Beat(APP, 20 * SECOND, DELIVERY, ("observer:skt-1/smsforwarder",))})


def _advance(*told: tuple[Told, float], until: float = 300) -> Found:
    items = Items(INVENTORY)
    for event, after in told:
        items.feed(event, START + round(after * SECOND))
    return items.advance(START + round(until * SECOND))


def _ends(found: Found) -> list[tuple[int, Ending, float]]:
    return [(e.item.plane, e.ending, (e.known - START) / SECOND) for e in found.endings]


def _beats(*at: float) -> list[tuple[Told, float]]:
    return [(a_heartbeat(at=SLOT + timedelta(seconds=s)), s) for s in at]


def test_a_request_is_waited_for_from_its_sending_and_counts_when_known() -> None:
    (item,) = _advance((SENT, 0.1)).items
    assert (item.plane, item.row) == (ACCEPTANCE, Row("acceptance"))
    assert (item.start, item.visible) == (START, START + SECOND // 10)
    assert (item.deadline, item.window) == (30 * SECOND, 420 * SECOND)


def test_an_acceptance_ends_the_request_and_starts_the_wait_for_the_device() -> None:
    found = _advance((SENT, 0.1), (an_answer(SENT), 0.3))
    assert _ends(found) == [(ACCEPTANCE, Ending.ARRIVED, 0.3)]
    delivery = found.items[1]
    assert (delivery.plane, delivery.row) == (DELIVERY, Row("alimtalk", SENT.route))
    assert (delivery.start, delivery.visible) == (START + 80_000, START + 300_000)
    assert delivery.deadline == 120 * SECOND


def test_a_sight_ends_the_wait_even_if_it_was_known_before_the_acceptance() -> None:
    for told in (((an_answer(SENT), 0.3), (a_sighting(SENT), 2)),
                 ((a_sighting(SENT), 0.2), (an_answer(SENT), 0.3))):  # fmt: skip
        found = _advance((SENT, 0.1), *told)
        assert [plane for plane, _, _ in _ends(found)] == [ACCEPTANCE, DELIVERY]
        assert len(found.items) == 2


def test_a_message_seen_was_accepted_though_nobody_said_so() -> None:
    unclear = an_answer(SENT, result=AnswerResult.UNCLEAR)
    found = _advance((SENT, 0.1), (unclear, 5), (a_sighting(SENT), 7))
    assert _ends(found) == [(ACCEPTANCE, Ending.ARRIVED, 7)]
    assert len(found.items) == 1


@pytest.mark.parametrize(
    ("over", "counts"),
    [
        ({}, True),
        ({"leg": 1}, False),
        ({"receiver": "kt-9"}, False),
        ({"observer": ObserverKind.ADB}, False),
        ({"placement": Placement.SPAM}, False),
    ],
)
def test_only_the_message_itself_on_its_own_device_has_arrived(
    over: dict[str, Any], counts: bool
) -> None:
    for sight in (a_sighting(SENT, **over), an_opening(SENT, **over)):
        found = _advance((SENT, 0.1), (an_answer(SENT), 0.3), (sight, 2))
        assert ((DELIVERY, Ending.ARRIVED, 2) in _ends(found)) is counts


def test_a_providers_word_is_no_arrival() -> None:
    found = _advance((SENT, 0.1), (an_answer(SENT), 0.3), (a_report(SENT), 2))
    assert [plane for plane, _, _ in _ends(found)] == [ACCEPTANCE]


@pytest.mark.parametrize(
    ("fault", "ending", "notice", "component"),
    [
        (FaultDomain.SENDER, Ending.REFUSED, None, None),
        (FaultDomain.QUOTA, Ending.WITHDRAWN, Notice.OWN_FAULT, "account:sens-a"),
        (FaultDomain.HANDSET, Ending.WITHDRAWN, Notice.RECIPIENT, "reach:skt-1/kakaotalk"),
    ],
)
def test_a_refusal_counts_unless_it_is_our_own_fault_or_the_recipients(
    fault: FaultDomain, ending: Ending, notice: Notice | None, component: str | None
) -> None:
    found = _advance((SENT, 0.1), (a_refusal(fault, SENT), 0.3))
    assert _ends(found) == [(ACCEPTANCE, ending, 0.3)]
    assert [(n.notice, n.component) for n in found.notes] == (
        [(notice, component)] if notice else []
    )


def test_what_never_left_the_machine_has_failed_and_silence_stays_open() -> None:
    found = _advance((SENT, 0.1), (an_answer(SENT, result=AnswerResult.UNREACHABLE), 9))
    assert _ends(found) == [(ACCEPTANCE, Ending.FAILED, 9)]
    assert _ends(_advance((SENT, 0.1), (an_answer(SENT, result=AnswerResult.UNCLEAR), 9))) == []


@pytest.mark.parametrize("purpose", Purpose)
def test_only_scheduled_and_confirm_probes_are_evidence(purpose: Purpose) -> None:
    found = _advance((SENT.model_copy(update={"purpose": purpose}), 0.1))
    counted = purpose in (Purpose.SCHEDULED, Purpose.CONFIRM)
    assert bool(found.items) is counted


def test_the_window_holds_seven_messages_of_a_route_with_long_intervals() -> None:
    (item,) = _advance((SENT.model_copy(update={"interval_s": 300}), 0.1)).items
    assert item.window == 2100 * SECOND


def test_an_app_is_on_the_path_only_where_no_other_sees_the_message() -> None:
    both, alone = SENT, SENT.model_copy(update={"observers": (ObserverKind.SMSFORWARDER,)})
    assert not any(part.startswith("observer:") for part in _paths(both)[1])
    assert "observer:skt-1/smsforwarder" in _paths(alone)[1]


def _paths(sent: ProbeSent) -> list[set[str]]:
    found = _advance((sent, 0.1), (an_answer(sent, worker="worker-b"), 0.3))
    return [set(item.path) for item in found.items]


def test_a_talk_message_passes_its_platform_and_no_carrier() -> None:
    acceptance, delivery = _paths(SENT)
    dealer = {"provider:sens", "account:sens-a", "sender:geoje-kakao", f"route:{SENT.route}"}
    assert acceptance == dealer | {"worker:worker-a"}
    assert delivery == dealer | {
        "worker:worker-b",
        "line:sens-a-alimtalk",
        "platform:kakaotalk",
        "platform:kakaotalk/alimtalk",
        "reach:skt-1/kakaotalk",
        "receiver:skt-1",
        "site:seoul",
        "self:ingest",
    }


def test_a_text_message_passes_its_carrier_and_the_dealers_line_to_it() -> None:
    _, delivery = _paths(a_probe_sent(channel=Channel.LMS, platform="kt", carrier=Carrier.KT))
    assert {"carrier:kt", "carrier:kt/lms", "pair:sens-a-kt", "line:sens-a-lms"} <= delivery
    assert not {part for part in delivery if part.startswith(("platform:", "reach:"))}


def test_an_e_mail_is_taken_by_its_platform() -> None:
    mail = a_probe_sent(channel=Channel.EMAIL, platform="naver-mail", carrier=Carrier.NONE)
    assert all("platform:naver-mail" in path for path in _paths(mail))


def test_a_heartbeat_is_due_an_interval_after_the_last_one() -> None:
    found = _advance(*_beats(0, 10.1), until=12)
    ((item,), (ended,)) = found.items, found.endings
    assert (item.start, item.visible, item.path) == (
        START + 10 * SECOND, START + 10 * SECOND, ("worker:worker-a",)
    )  # fmt: skip
    assert (ended.item, ended.ending, ended.known) == (item, Ending.ARRIVED, START + 10_100_000)


def test_silence_is_waited_for_again_at_each_interval_and_a_sign_ends_only_the_nearest() -> None:
    found = _advance(*_beats(0, 30.2), until=41)
    assert [(i.start - START) / SECOND for i in found.items] == [10, 20, 30, 40.2]
    assert [(e.item.start - START) / SECOND for e in found.endings] == [30]


def test_who_is_gone_for_good_says_nothing_new_after_a_window() -> None:
    found = _advance(*_beats(0), until=7200)
    assert len(found.items) == 42


def test_all_instances_of_ingest_are_one_source() -> None:
    a, b = (a_heartbeat(source=f"ingest/{name}") for name in ("a", "b"))
    later = a_heartbeat(source="ingest/b", at=SLOT + timedelta(seconds=19))
    found = _advance((a, 0), (b, 5), (later, 19), until=20)
    assert {item.path for item in found.items} == {("self:ingest",)}
    assert [(e.item.start - START) / SECOND for e in found.endings] == [10, 15]


def test_an_app_is_watched_while_the_catalogue_knows_it() -> None:
    app = a_heartbeat(source=APP)
    items = Items(INVENTORY)
    items.feed(app, START)
    assert len(items.advance(START + 25 * SECOND).items) == 1
    items.change(Inventory())
    assert items.advance(START + 65 * SECOND).items == []


def test_an_item_teaches_once_after_a_quarter_of_an_hour() -> None:
    items = Items(INVENTORY)
    for event, after in ((SENT, 0.1), (an_answer(SENT), 0.3)):
        items.feed(event, START + round(after * SECOND))
    items.advance(START + SECOND)
    assert list(items.ripe(START + KEPT - 1)) == []
    taught = list(items.ripe(START + KEPT + SECOND))
    assert [(o.item.plane, o.bin) for o in taught] == [(ACCEPTANCE, 21), (DELIVERY, None)]
    assert list(items.ripe(START + 2 * KEPT)) == []


def test_a_repeat_of_what_was_forgotten_is_no_new_message() -> None:
    assert _advance((SENT, 901), until=1000).items == []


@given(st.data())
def test_order_and_repetition_of_events_between_ticks_change_nothing(data: st.DataObject) -> None:
    other = a_probe_sent(route="geoje.alimtalk.sens-b", sent_at=SLOT)
    told: list[tuple[Told, float]] = [
        (SENT, 0.1), (an_answer(SENT), 0.3), (a_sighting(SENT), 2.5),
        (a_sighting(SENT, source_event_id="again"), 2.5), (an_opening(SENT), 4),
        (other, 0.1), (a_refusal(FaultDomain.SENDER, other), 0.4),
        *_beats(0, 10.2, 20.1, 60), (a_heartbeat(source=APP), 1),
    ]  # fmt: skip
    fed = data.draw(st.permutations([*told, *data.draw(st.lists(st.sampled_from(told)))]))
    assert _advance(*fed) == _advance(*told)


def test_a_heartbeat_without_an_interval_is_no_sign_anyone_waits_for() -> None:
    stranger = Heartbeat(source="observer/kt-1/adb", at=SLOT)
    assert _advance((stranger, 0), until=600).items == []
