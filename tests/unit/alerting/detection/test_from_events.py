"""From evidence to verdicts: the same whatever the order and number of events between two ticks."""

import random
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerting.detection import law, likelihood
from services.alerting.detection.explain import Explainer
from services.alerting.detection.items import Items, Note, Notice, Told, microseconds
from services.alerting.detection.law import SECOND
from services.alerting.detection.likelihood import Tables
from services.alerting.detection.paths import Inventory
from services.alerting.detection.state import Policy, State, Verdict
from services.alerting.detection.state import Told as Judged
from services.alerting.detection.tick import spent, tick
from services.alerting.detection.window import Window
from services.contracts.vocabulary import Channel, FaultDomain, ObserverKind
from tests.support.builders import (
    SLOT,
    a_heartbeat,
    a_probe_sent,
    a_refusal,
    a_sighting,
    an_answer,
)

START, BROKEN, END = microseconds(SLOT), 60, 130
Events = list[tuple[Told, int]]


class Second(NamedTuple):
    """All that one second shows."""

    at: int
    verdicts: tuple[Verdict, ...]
    notes: tuple[Note, ...]
    state: State


@cache
def _tables() -> Tables:
    return likelihood.tables(law.laws({}, []))


def _after(seconds: float) -> int:
    return START + round(seconds * SECOND)


@cache
def _day() -> tuple[tuple[Told, int], ...]:
    """Six routes, a message every two seconds; from BROKEN on KakaoTalk delivers nothing, later
    one sender is refused too; now and then a quota of ours is used up."""
    dice = random.Random(1)
    events: Events = [
        (a_heartbeat(at=SLOT + timedelta(seconds=at)), _after(at)) for at in range(0, END, 10)
    ]
    for at in range(0, END, 2):
        number = at // 2 % 6
        talk = number % 2 == 0
        over = {} if talk else {"channel": Channel.SMS, "platform": "skt"}
        sent_at = SLOT + timedelta(seconds=at)
        sent = a_probe_sent(
            route=f"b{number}.{'alimtalk' if talk else 'sms'}.sens-a",
            sender=f"s{number}",
            receiver=f"skt-{number}",
            observers=(ObserverKind.SMSFORWARDER,),
            slot=sent_at,
            sent_at=sent_at,
            **over,
        )
        events.append((sent, _after(at + 0.05)))
        no = _no(number, at)
        if no is not None:
            events.append((a_refusal(no, sent), _after(at + 0.4)))
            continue
        events.append((an_answer(sent), _after(at + 0.4)))
        if not (talk and at >= BROKEN):
            events.append((a_sighting(sent), _after(at + dice.uniform(1, 5))))
    return tuple(events)


def _no(number: int, at: int) -> FaultDomain | None:
    if number == 0 and at >= BROKEN + 30:
        return FaultDomain.SENDER
    return FaultDomain.QUOTA if at % 30 == 2 else None


def _seconds(seed: int | None) -> Iterator[Second]:
    """Tick by tick, each tick's events in an order of that seed, some of them twice."""
    items, window, state = Items(Inventory()), Window(), State()
    for second in range(1, END):
        new = [e for e in _day() if _after(second - 1) < e[1] <= _after(second)]
        if seed is not None:
            dice = random.Random(f"{seed}/{second}")
            new += dice.choices(new, k=len(new)) if new else []
            dice.shuffle(new)
        for event, known in new:
            items.feed(event, known)
        found = items.advance(_after(second))
        window.add(found.items)
        window.settle(found.endings)
        explainer = Explainer(window.at(_after(second), _tables(), spent(state)))
        state, verdicts = tick(explainer, state, Policy())
        yield Second(second, verdicts, tuple(found.notes), state)


@cache
def _in_order() -> list[Second]:
    return list(_seconds(None))


def test_a_dead_platform_is_named_from_evidence_alone() -> None:
    told = [(second.at, verdict) for second in _in_order() for verdict in second.verdicts]
    ((at, page),) = [(at, v) for at, v in told if v.told is Judged.OPENED]
    assert page.entry.component == "platform:kakaotalk"
    assert "platform:kakaotalk/alimtalk" in page.entry.alike
    assert BROKEN < at <= BROKEN + 45


def test_a_sender_refused_meanwhile_and_used_up_quotas_are_notes() -> None:
    told = [verdict for second in _in_order() for verdict in second.verdicts]
    noted = [v.entry.component for v in told if v.told is Judged.NOTED]
    assert noted == ["sender:s0"]
    notices = [note.notice for second in _in_order() for note in second.notes]
    assert set(notices) == {Notice.OWN_FAULT}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000))
def test_order_and_repeats_between_ticks_change_no_verdict_no_note_and_no_margin(seed: int) -> None:
    assert list(_seconds(seed)) == _in_order()
