"""The journeys of messages: what each fault does, when it is looked at, how chance is drawn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.config import Night
from simulators.faults import Delay, Fault, FaultBook, State
from simulators.journey import Answer, Journey, Letter, Message, Reason, Recipient
from simulators.world import World

START = datetime(2026, 1, 1, tzinfo=UTC)
CARRIERS = ("carrier:skt", "carrier:kt", "carrier:lgu")
PHONES = [Recipient(f"receiver:phone-{n:02}", CARRIERS[n % 3]) for n in range(21)]
WORLD = World(seed=7, recipients={phone.id: phone for phone in PHONES})
KAKAOTALK = "platform:kakaotalk"


def alimtalk(message_id: str = "m", recipient: str = PHONES[0].id) -> Message:
    return Message(
        id=message_id,
        channel="alimtalk",
        provider="provider:sens",
        account="account:sens",
        sender="sender:geoje-alimtalk",
        recipient=recipient,
        platform=KAKAOTALK,
    )


def sms(message_id: str = "m", recipient: str = PHONES[0].id) -> Message:
    return replace(alimtalk(message_id, recipient), channel="sms", platform=None)


def brandmessage() -> Message:
    return replace(alimtalk(), channel="brandmessage")


def picture() -> Message:
    return replace(brandmessage(), image=True)


def lms() -> Message:
    return replace(sms(), channel="lms")


def journey(message: Message, *faults: Fault, world: World = WORLD) -> Journey:
    return world.under(faults).send(message, START)


def fault(component: str, state: State, **more: object) -> Fault:
    return Fault.model_validate({"component": component, "state": state, **more})


def seconds(since: datetime, until: datetime | None) -> float:
    assert until is not None
    return (until - since).total_seconds()


def test_at_rest_every_message_arrives_once_and_is_reported_after_it_arrived() -> None:
    for n in range(500):
        found = journey(alimtalk(f"m{n}"))
        assert found.answer is Answer.ACCEPTED
        assert len(found.arrivals) == 1
        assert found.answered_at is not None
        assert found.handed_at is not None
        assert found.report is not None
        times = [found.answered_at, found.handed_at, found.arrivals[0], found.report.at]
        assert times == sorted(times)
        assert found.report.reason == Reason.DELIVERED


@pytest.mark.parametrize(("make", "p50", "p99"), [(alimtalk, 1.2, 6.0), (sms, 2.5, 12.0)])
def test_latencies_have_the_shape_of_the_channel(make: object, p50: float, p99: float) -> None:
    assert callable(make)
    found = [journey(make(f"m{n}")) for n in range(4000)]
    taken = sorted(seconds(one.handed_at or START, one.arrivals[0]) for one in found)
    assert taken[2000] == pytest.approx(p50, rel=0.1)
    assert taken[3960] == pytest.approx(p99, rel=0.25)
    answered = sorted(seconds(START, one.answered_at) for one in found)
    assert 0.025 < answered[200] < answered[3800] < 0.13


@given(st.integers(), st.text(min_size=1), st.sampled_from(list(State)))
def test_the_same_seed_gives_the_same_journey(seed: int, message_id: str, state: State) -> None:
    world = replace(WORLD, seed=seed)
    faults = [fault(KAKAOTALK, state, share=0.5)]
    assert journey(alimtalk(message_id), *faults, world=world) == journey(
        alimtalk(message_id), *faults, world=world
    )


@given(st.text(min_size=1), st.sampled_from(list(State)), st.floats(0.001, 3600))
def test_a_fault_set_after_the_last_look_changes_nothing(
    message_id: str, state: State, later: float
) -> None:
    before = journey(alimtalk(message_id))
    since = before.looked_until + timedelta(seconds=later)
    components = (KAKAOTALK, PHONES[0].id, "provider:sens")
    late = [fault(c, state, since=since) for c in components]
    assert journey(alimtalk(message_id), *late) == before


@given(st.text(min_size=1))
def test_nothing_arrives_while_the_platform_is_down_and_nobody_reports_it(text: str) -> None:
    found = journey(alimtalk(text), fault(KAKAOTALK, State.DOWN))
    assert found.answer is Answer.ACCEPTED
    assert (found.arrivals, found.report, found.held) == ((), None, False)


@given(st.text(min_size=1))
def test_messages_arrive_again_after_the_repair(message_id: str) -> None:
    down = fault(KAKAOTALK, State.DOWN, since=START - timedelta(hours=1), until=START)
    assert journey(alimtalk(message_id), down) == journey(alimtalk(message_id))


def test_a_fault_is_looked_at_when_the_message_passes_not_when_it_is_sent() -> None:
    handed = journey(alimtalk()).handed_at
    assert handed is not None
    short = {"since": START, "until": handed - timedelta(milliseconds=1)}
    assert journey(alimtalk(), fault(KAKAOTALK, State.DOWN, **short)).arrivals
    short["until"] = handed + timedelta(milliseconds=1)
    assert not journey(alimtalk(), fault(KAKAOTALK, State.DOWN, **short)).arrivals


@given(st.floats(0.01, 0.99), st.integers(0, 1000))
def test_a_sticky_share_hits_always_the_same_recipients(share: float, seed: int) -> None:
    world, down = replace(WORLD, seed=seed), fault(KAKAOTALK, State.DOWN, share=share)

    def hit(round_: int) -> set[str]:
        found = [journey(alimtalk(f"{round_}-{p.id}", p.id), down, world=world) for p in PHONES]
        return {one.message.recipient or "" for one in found if not one.arrivals}

    first = hit(1)
    assert len(first) == max(1, round(share * len(PHONES)))
    assert hit(2) == first


def test_a_share_of_a_carrier_is_counted_over_its_own_recipients() -> None:
    down = fault("carrier:kt", State.DOWN, share=0.3)
    found = [journey(sms(p.id, p.id), down) for p in PHONES]
    lost = [one.message.recipient for one in found if not one.arrivals]
    assert len(lost) == 2
    assert {WORLD.recipients[one or ""].carrier for one in lost} == {"carrier:kt"}


def test_a_share_of_a_platform_is_counted_over_its_users() -> None:
    few = [p if n < 2 else replace(p, platforms=frozenset()) for n, p in enumerate(PHONES)]
    world = replace(WORLD, recipients={phone.id: phone for phone in few})
    down = fault(KAKAOTALK, State.DOWN, share=0.01)
    found = [journey(alimtalk(p.id, p.id), down, world=world) for p in PHONES[:2]]
    assert sum(not one.arrivals for one in found) == 1


def test_a_share_of_one_phone_is_that_phone() -> None:
    for phone in PHONES:
        assert journey(sms("m", phone.id), fault(phone.id, State.DOWN, share=0.1)).held


def test_a_share_that_is_not_sticky_is_drawn_for_each_message() -> None:
    down = fault(KAKAOTALK, State.DOWN, share=0.4, sticky=False)
    lost = sum(not journey(alimtalk(f"m{n}"), down).arrivals for n in range(4000))
    assert lost / 4000 == pytest.approx(0.4, abs=0.03)


def test_lossy_loses_its_share_of_messages() -> None:
    lossy = fault(KAKAOTALK, State.LOSSY, share=0.3)
    found = [journey(alimtalk(f"m{n}"), lossy) for n in range(4000)]
    lost = [one for one in found if not one.arrivals]
    assert len(lost) / 4000 == pytest.approx(0.3, abs=0.03)
    assert all(one.report is None for one in lost)


def test_base_loss_loses_messages_without_any_fault() -> None:
    world = replace(WORLD, base_loss=0.1)
    lost = sum(not journey(sms(f"m{n}"), world=world).arrivals for n in range(4000))
    assert lost / 4000 == pytest.approx(0.1, abs=0.02)


def test_degraded_loses_half_and_delays_the_rest() -> None:
    degraded = fault(KAKAOTALK, State.DEGRADED, delay_s={"median": 100, "p95": 120})
    found = [journey(alimtalk(f"m{n}"), degraded) for n in range(2000)]
    arrived = [seconds(START, one.arrivals[0]) for one in found if one.arrivals]
    assert len(arrived) / 2000 == pytest.approx(0.5, abs=0.05)
    assert sorted(arrived)[len(arrived) // 2] == pytest.approx(102, abs=4)


@given(st.text(min_size=1), st.floats(1.1, 20))
def test_loaded_multiplies_the_latency(message_id: str, factor: float) -> None:
    rest = journey(sms(message_id))
    loaded = journey(sms(message_id), fault("carrier:skt", State.LOADED, factor=factor))
    usual = seconds(rest.handed_at or START, rest.arrivals[0])
    taken = seconds(loaded.handed_at or START, loaded.arrivals[0])
    assert taken == pytest.approx(usual * factor, abs=1e-4)


@pytest.mark.parametrize("component", ["provider:sens", "account:sens", "sender:geoje-alimtalk"])
def test_before_the_api_down_is_silence_and_refusing_a_refusal(component: str) -> None:
    silent = journey(alimtalk(), fault(component, State.DOWN))
    assert (silent.answer, silent.answered_at, silent.arrivals) == (Answer.SILENT, None, ())
    refused = journey(alimtalk(), fault(component, State.REFUSING))
    assert (refused.answer, refused.refused_by) == (Answer.REFUSED, component)
    assert refused.answered_at is not None
    assert refused.arrivals == ()


def test_a_silent_sender_accepts_and_nothing_goes() -> None:
    found = journey(alimtalk(), fault("sender:geoje-alimtalk", State.SILENT_SENDER))
    assert found.answer is Answer.ACCEPTED
    assert (found.handed_at, found.arrivals, found.report) == (None, (), None)


def test_duplicating_delivers_twice() -> None:
    first, second = journey(sms(), fault("carrier:skt", State.DUPLICATING)).arrivals
    assert first < second


@pytest.mark.parametrize("component", [KAKAOTALK, "provider:sens"])
def test_a_liar_reports_delivery_of_what_never_arrives(component: str) -> None:
    found = journey(alimtalk(), fault(component, State.LYING))
    assert found.arrivals == ()
    assert found.report is not None
    assert found.report.reason == Reason.DELIVERED


def test_a_liar_with_another_fault_claims_delivery_of_what_that_loses() -> None:
    faults = (fault("provider:sens", State.LYING), fault(KAKAOTALK, State.LOSSY, share=0.5))
    found = [journey(alimtalk(f"m{n}"), *faults) for n in range(200)]
    assert {one.report.reason for one in found if one.report} == {Reason.DELIVERED}
    assert all(one.report for one in found)


def test_a_liar_claims_delivery_of_what_a_silent_sender_keeps() -> None:
    sender = fault("sender:geoje-alimtalk", State.SILENT_SENDER)
    found = journey(alimtalk(), sender, fault("provider:sens", State.LYING))
    assert (found.answer, found.arrivals) == (Answer.ACCEPTED, ())
    assert found.report is not None
    assert found.report.reason == Reason.DELIVERED


@pytest.mark.parametrize("component", ["provider:sens", KAKAOTALK])
def test_nobody_says_no_to_a_message_that_was_lost(component: str) -> None:
    phone = replace(PHONES[0], platforms=frozenset())
    world = replace(WORLD, recipients={phone.id: phone})
    message = replace(alimtalk(), substitute=sms("second"))
    found = journey(message, fault(component, State.LOSSY, share=1), world=world)
    assert (found.arrivals, found.report, found.substitute) == ((), None, None)


def test_of_two_equal_states_the_stronger_wins_in_whatever_order() -> None:
    faults = [fault(KAKAOTALK, State.LOADED, factor=factor) for factor in (2, 9)]
    strongest = journey(alimtalk(), faults[1])
    assert journey(alimtalk(), *faults) == journey(alimtalk(), *reversed(faults)) == strongest


def test_the_worst_of_overlapping_states_wins() -> None:
    everything = [fault(KAKAOTALK, state) for state in State if state is not State.LYING]
    assert journey(alimtalk(), *everything).report is None
    weaker = [one for one in everything if one.state is not State.DOWN]
    report = journey(alimtalk(), *weaker).report
    assert report is not None
    assert report.reason == Reason.PLATFORM_REFUSED


@pytest.mark.parametrize(
    ("component", "function", "make", "hit"),
    [
        (KAKAOTALK, "alimtalk", alimtalk, True),
        (KAKAOTALK, "text", alimtalk, True),
        (KAKAOTALK, "openchat", alimtalk, False),
        (KAKAOTALK, "media", alimtalk, False),
        (KAKAOTALK, "brandmessage", alimtalk, False),
        (KAKAOTALK, "brandmessage", brandmessage, True),
        (KAKAOTALK, "text", brandmessage, True),
        (KAKAOTALK, "alimtalk", brandmessage, False),
        (KAKAOTALK, "media", brandmessage, False),
        (KAKAOTALK, "media", picture, True),
        (KAKAOTALK, "text", picture, True),
        (KAKAOTALK, "alimtalk", sms, False),
        ("carrier:skt", "sms", sms, True),
        ("carrier:skt", "lms", sms, False),
        ("carrier:skt", "lms", lms, True),
        ("carrier:skt", "sms", lms, False),
    ],
)
def test_a_function_narrows_what_a_fault_hits(
    component: str, function: str, make: object, hit: bool
) -> None:
    assert callable(make)
    found = journey(make(), fault(component, State.DOWN, function=function))
    assert bool(found.arrivals) is not hit


@pytest.mark.parametrize(
    ("clock", "asleep"),
    [
        *(("20:49:59", False), ("20:50:00", True), ("23:59:59", True), ("00:00:00", True)),
        *(("07:59:59", True), ("08:00:00", False), ("13:00:00", False)),
    ],
)
def test_kakaos_night_is_from_ten_to_nine_until_eight_in_korea(clock: str, asleep: bool) -> None:
    at = datetime.fromisoformat(f"2026-06-01T{clock}+09:00").astimezone(UTC)
    assert Night().holds(at) is asleep


def test_a_message_waits_for_a_handset_that_is_down_and_arrives_when_it_is_back() -> None:
    down = fault(PHONES[0].id, State.DOWN)
    waiting = journey(sms(), down)
    assert waiting.held
    assert (waiting.arrivals, waiting.report) == ((), None)
    back = START + timedelta(minutes=10)
    found = journey(sms(), down.model_copy(update={"until": back}))
    assert not found.held
    assert back < found.arrivals[0] < back + timedelta(seconds=30)
    assert found.report is not None
    assert found.report.at > found.arrivals[0]


def test_a_number_nobody_has_and_a_phone_without_kakaotalk_are_reported() -> None:
    nobody = journey(replace(sms(), recipient=None))
    assert nobody.report is not None
    assert nobody.report.reason == Reason.NO_SUBSCRIBER
    phone = replace(PHONES[0], platforms=frozenset())
    world = replace(WORLD, recipients={phone.id: phone})
    without = journey(alimtalk(), world=world)
    assert without.report is not None
    assert without.report.reason == Reason.NOT_A_USER


def test_a_substitute_goes_after_a_failure_report_and_only_then() -> None:
    message = replace(alimtalk("first"), substitute=sms("second"))
    assert journey(message).substitute is None
    assert journey(message, fault(KAKAOTALK, State.DOWN)).substitute is None
    failed = journey(message, fault(KAKAOTALK, State.REFUSING))
    assert failed.report is not None
    assert failed.substitute is not None
    assert failed.substitute.sent_at > failed.report.at
    assert len(failed.substitute.arrivals) == 1
    assert [leg.message.id for leg in failed.legs()] == ["first", "second"]


def test_a_code_that_was_asked_for_is_the_result_and_no_report_stays_none() -> None:
    failed = journey(replace(alimtalk(), fails_with="3018"))
    assert failed.report is not None
    assert (failed.report.reason, failed.arrivals) == ("3018", ())
    unreported = journey(replace(alimtalk(), reported=False))
    assert unreported.arrivals
    assert unreported.report is None


def test_a_fault_set_again_replaces_the_earlier_one_and_its_past_stays() -> None:
    book, later = FaultBook(), START + timedelta(minutes=1)
    book.put(fault(KAKAOTALK, State.LOSSY, share=0.2), START)
    woken = book.changed
    book.put(fault(KAKAOTALK, State.LOSSY, share=0.9), later)
    assert woken.is_set()
    assert [one.share for one in book.active(START)] == [0.2]
    assert [one.share for one in book.active(later)] == [0.9]
    assert book.clear(KAKAOTALK, later + timedelta(minutes=1)) == 1
    assert book.active(later + timedelta(minutes=1)) == []
    assert [one.share for one in book.active(later)] == [0.9]


def test_the_faults_of_one_component_are_cleared_alone() -> None:
    book = FaultBook()
    book.put(fault(KAKAOTALK, State.DOWN), START)
    book.put(fault("carrier:kt", State.DOWN), START)
    assert book.clear("carrier:kt", START) == 1
    assert [one.component for one in book.active(START)] == [KAKAOTALK]
    assert book.clear(None, START) == 1


ONE_OF_TWO = st.sampled_from([KAKAOTALK, "carrier:kt"])


def after(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


@st.composite
def spans(draw: st.DrawFn, at: int) -> tuple[str, int, int]:
    """A component, and from when to when it is down; not before `at`."""
    since = at + draw(st.integers(0, 60))
    return draw(ONE_OF_TWO), since, since + draw(st.integers(1, 60))


@st.composite
def orders(draw: st.DrawFn) -> list[tuple[int, str, Any]]:
    """What a world is told, one thing every ten seconds: timetables, single faults, repairs."""
    kinds = draw(st.lists(st.sampled_from(["follow", "put", "clear"]), min_size=1, max_size=6))
    given = list[tuple[int, str, Any]]()
    for at, kind in zip(range(0, 60, 10), kinds, strict=False):
        about = {"follow": st.lists(spans(at), max_size=5), "put": spans(at), "clear": ONE_OF_TWO}
        given.append((at, kind, draw(about[kind])))
    return given


def down(component: str, since: int, until: int) -> Fault:
    return fault(component, State.DOWN, since=after(since), until=after(until))


def told(given: list[tuple[int, str, Any]]) -> FaultBook:
    book = FaultBook()
    for at, kind, about in given:
        match kind:
            case "follow":
                book.follow([down(*span) for span in about], after(at))
            case "put":
                book.put(down(*about), after(at))
            case _:
                book.clear(about, after(at))
    return book


def meant(given: list[tuple[int, str, Any]], second: int) -> list[str]:
    """Which components are down at a second, from what was said until then."""
    timetable, single = list[tuple[str, int, int]](), dict[str, tuple[str, int, int]]()
    for at, kind, about in given:
        if at > second:
            break
        match kind:
            case "follow":
                timetable = about
            case "put":
                single[about[0]] = about
            case _:
                timetable = [span for span in timetable if span[0] != about]
                single.pop(about, None)
    known = (*timetable, *single.values())
    return sorted(component for component, since, until in known if since <= second < until)


@given(orders(), st.integers(0, 180))
def test_every_fault_of_a_timetable_is_in_force_when_it_says_unless_repaired(
    given: list[tuple[int, str, Any]], second: int
) -> None:
    active = told(given).active(after(second))
    assert sorted(one.component for one in active) == meant(given, second)


def test_a_message_meets_a_fault_set_ahead_when_it_passes_the_component() -> None:
    book = FaultBook()
    book.follow([down(KAKAOTALK, 10, 20), down(KAKAOTALK, 600, 700)], START)
    world = WORLD.under(book.history)
    arrived = {at: bool(world.send(alimtalk(), after(at)).arrivals) for at in (0, 15, 300, 650)}
    assert arrived == {0: True, 15: False, 300: True, 650: False}


def test_a_delay_below_its_median_is_refused() -> None:
    with pytest.raises(ValueError, match="p95"):
        Delay(median=10, p95=5)


def test_what_a_message_says_shows_in_no_representation() -> None:
    message = replace(sms(), letter=Letter("secret words", "title", "0550000000"))
    shown = repr(journey(message))
    assert not any(word in shown for word in ("secret words", "title", "0550000000"))
