"""What the apps and the person of a handset make of what arrived, under faults of their own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import ids, text
from simulators.faults import Fault, State
from simulators.journey import Journey, Message, Recipient, chance_of
from simulators.sights import next_beat
from simulators.world import World

START = datetime(2026, 1, 1, tzinfo=UTC)
PHONE = Recipient(
    "receiver:skt-01", "carrier:skt", "site:seoul",
    frozenset({"android-sms-gateway", "smsforwarder"}), resend_s=20.0, opens_after_s=20.0,
)  # fmt: skip
WORLD = World(seed=7, recipients={PHONE.id: PHONE})
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SMS = Message("m", "sms", "provider:sens", "account:sens", "sender:geoje-sms", PHONE.id)
ALIMTALK = replace(SMS, channel="alimtalk", platform="platform:kakaotalk")
DOCUMENT = replace(ALIMTALK, channel="edocument", document=True)


def journey(message: Message, *down: str, until: datetime | None = START + HOUR) -> Journey:
    faults = [Fault(component=one, state=State.DOWN, since=START, until=until) for one in down]
    return WORLD.under(tuple(faults)).send(message, START)


def test_sms_are_seen_by_the_gateway_and_kakaotalk_by_smsforwarder() -> None:
    for message, app in ((SMS, "android-sms-gateway"), (ALIMTALK, "smsforwarder")):
        found = journey(message)
        assert [(one.by, one.copy) for one in found.sights] == [(app, 0)]
        assert found.sights[0].arrived_at == found.arrivals[0] < found.sights[0].told_at


def test_a_phone_without_the_app_sees_nothing_of_what_arrives() -> None:
    bare = replace(PHONE, apps=frozenset({"android-sms-gateway"}))
    found = World(seed=7, recipients={PHONE.id: bare}).send(ALIMTALK, START)
    assert (len(found.arrivals), found.sights) == (1, ())


def test_a_mail_is_seen_in_its_box() -> None:
    naver = "platform:naver-mail"
    box = Recipient("receiver:naver-01", "", apps=frozenset({"imap"}), platforms=frozenset({naver}))
    mail = replace(SMS, channel="email", platform=naver, recipient=box.id)
    assert World(seed=7, recipients={box.id: box}).send(mail, START).sights[0].by == "imap"


def test_the_gateway_tells_later_what_came_while_it_was_down() -> None:
    found = journey(SMS, "observer:skt-01/android-sms-gateway")
    assert found.sights[0].told_at >= START + HOUR > found.sights[0].arrived_at


def test_smsforwarder_never_learns_of_what_came_while_it_was_down() -> None:
    found = journey(ALIMTALK, "observer:skt-01/smsforwarder")
    assert (len(found.arrivals), found.sights, found.held) == (1, (), False)


@pytest.mark.parametrize("message", [SMS, ALIMTALK])
def test_the_other_app_sees_nothing_of_a_fault(message: Message) -> None:
    other = {"sms": "smsforwarder", "alimtalk": "android-sms-gateway"}[message.channel]
    assert journey(message, f"observer:skt-01/{other}") == journey(message)


@pytest.mark.parametrize("message", [SMS, ALIMTALK])
def test_a_site_without_network_delays_what_is_told_and_not_what_arrives(message: Message) -> None:
    cut, well = journey(message, "site:seoul"), journey(message)
    assert (cut.arrivals, cut.report) == (well.arrivals, well.report)
    late = cut.sights[0].told_at - (START + HOUR)
    assert timedelta() < late < timedelta(seconds=21)  # at once, or with the next resend


@pytest.mark.parametrize("message", [SMS, ALIMTALK])
def test_what_waits_for_an_end_nobody_knows_is_held(message: Message) -> None:
    found = journey(message, "site:seoul", until=None)
    assert (found.held, found.sights) == (True, ())


def test_a_document_is_tried_three_times_by_a_phone_that_lives() -> None:
    found = journey(DOCUMENT)
    step = timedelta(seconds=20)
    assert found.openings == tuple(found.arrivals[0] + step * n for n in (1, 2, 3))


def test_a_phone_that_dies_for_a_moment_may_still_open_its_document() -> None:
    well, dead = journey(DOCUMENT), journey(DOCUMENT, "site:seoul", until=None)
    assert dead.openings == ()
    assert dead.looked_until >= well.openings[-1]


@pytest.mark.parametrize("broken", ["receiver:skt-01", "site:seoul"])
def test_nothing_is_opened_on_a_dead_phone_or_without_a_network(broken: str) -> None:
    assert all(at >= START + HOUR for at in journey(DOCUMENT, broken).openings)


def test_a_message_that_is_no_document_is_not_opened() -> None:
    assert journey(ALIMTALK).openings == ()


@given(st.integers(0, 2**74 - 1), st.integers(0, 7), st.sampled_from([SMS, ALIMTALK, DOCUMENT]))
def test_a_probe_has_one_fate_whatever_its_provider_calls_it(
    chance: int, leg: int, message: Message
) -> None:
    probe = ids.make_probe_id(str(chance).encode(), "r", "p", START, "s", None)
    fate = chance_of(f"{ids.write_nonce(probe, leg)} x")
    first = WORLD.send(replace(message, chance=fate), START)
    again = WORLD.send(replace(message, id="other", chance=fate), START)
    assert replace(first, message=message) == replace(again, message=message)


def test_a_text_without_a_probe_has_no_fate_of_its_own() -> None:
    assert chance_of("no nonce", "") == ""
    assert chance_of("", text.probe_text(ids.make_probe_id(b"k", "r", "p", START, "s", None), 0))


@given(st.text(min_size=1), st.floats(0.1, 3600), st.timedeltas(timedelta(), 30 * HOUR))
def test_an_app_keeps_its_beat_whoever_asks_and_when(
    app: str, every_s: float, later: timedelta
) -> None:
    every, after = timedelta(seconds=every_s), START + later
    at = next_beat(7, "beat", app, every_s, after)
    assert after <= at < after + every
    assert next_beat(7, "beat", app, every_s, at) == at
    assert next_beat(7, "beat", app, every_s, at + timedelta(microseconds=1)) == at + every


def test_apps_beat_at_different_times() -> None:
    beats = {next_beat(7, "beat", f"observer:skt-{n:02}/x", 20.0, START) for n in range(20)}
    assert len(beats) == 20
