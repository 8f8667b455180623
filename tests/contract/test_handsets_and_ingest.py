"""What the simulated handsets post is what ingest's receivers verify and read."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from services.contracts import ids, text
from services.contracts.vocabulary import Channel, ClockSource, Placement
from services.ingest import receivers
from services.ingest.receivers.base import Incoming, Observation, RoomPost, Said, SignOfLife, Stamp
from services.runtime.errors import Refuse
from simulators.carriage import Arrival
from simulators.config import HandsetConfig
from simulators.handsets import ForwarderApp, GatewayApp, Uplink
from simulators.journey import Letter, Message
from tests.support.builders import a_probe_id
from tests.support.waiting import eventually

GATEWAY, FORWARDER = GatewayApp.kind, ForwarderApp.kind
KEYS = {"key": "a key of tests", "secret": "a secret of tests", "token": "a token of tests"}
PHONE = HandsetConfig(
    id="skt-1", number="01000000001", carrier="skt", site="seoul", heartbeat_s=0.05,
    gateway_key=SecretStr(KEYS["key"]), forwarder_secret=SecretStr(KEYS["secret"]),
    forwarder_token=SecretStr(KEYS["token"]),
)  # fmt: skip
PROBE = a_probe_id()
ROOM = "중대재해 사이렌"
WORDS = text.probe_text(PROBE, 1) + " <https://www.geoje.go.kr/a?b=1&c='2'>"


class Posts(Uplink):
    """The way to an ingest that keeps each request and takes it."""

    def __init__(self) -> None:
        self.seed, self.made = 1, list[tuple[str, Incoming]]()

    def works(self, phone: HandsetConfig, kind: str) -> bool:
        return True

    async def post(
        self, kind: str, receiver: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, str]:
        lower = {name.lower(): value for name, value in headers.items()}
        self.made.append((kind, Incoming(lower, body)))
        return (200, '{"bongsu":"queued"}')


def _arrival(
    channel: str, platform: str | None = None, title: str = "", words: str = WORDS
) -> Arrival:
    letter = Letter(text=words, title=title, sender_number="0550000000")
    message = Message(
        id="m", channel=channel, provider="provider:sens", account="account:sens",
        sender="sender:geoje", recipient="receiver:skt-1", platform=platform, letter=letter,
    )  # fmt: skip
    now = datetime.now(UTC)
    return Arrival(message, at=now, handed_at=now - timedelta(seconds=3))


async def _request(kind: str, arrival: Arrival | None) -> Incoming:
    """The first request an app makes of an arrival; of none, its heartbeat."""
    posts = Posts()
    async with asyncio.TaskGroup() as tasks:
        gateway, forwarder = GatewayApp(PHONE, posts, tasks), ForwarderApp(PHONE, posts, {ROOM})
        app = gateway if kind == GATEWAY else forwarder
        if arrival is None:
            loop = tasks.create_task(app.beat())
        else:
            app.show(arrival)
            loop = tasks.create_task(forwarder.work())
        await eventually(lambda: posts.made, within=10)
        loop.cancel()
    made_by, request = posts.made[0]
    assert made_by == kind
    return request


def _verified(kind: str, request: Incoming, **keys: str) -> Stamp:
    app, held = receivers.discover()[kind], KEYS | keys
    secrets = {name: [SecretStr(held[name])] for name in app.secrets}
    return app.verify(request, secrets, datetime.now(UTC))


async def _said(kind: str, arrival: Arrival | None) -> Said:
    request = await _request(kind, arrival)
    stamp = _verified(kind, request)
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(seconds=2)
    return receivers.discover()[kind].read(request.body, stamp)


@pytest.mark.parametrize(("channel", "title"), [("sms", ""), ("lms", "안내")])
async def test_an_sms_or_lms_of_the_simulated_phone_is_seen(channel: str, title: str) -> None:
    arrival = _arrival(channel, title=title)
    seen = await _said(GATEWAY, arrival)
    assert isinstance(seen, Observation)
    assert (text.normalise(seen.text), seen.title) == (WORDS, title)
    assert ids.read_nonce(seen.text) == (PROBE, 1)
    assert seen.observed_min == arrival.handed_at.replace(microsecond=0)
    assert (seen.clock, seen.placement) == (ClockSource.SMSC, Placement.INBOX)
    assert seen.own_id


async def test_the_text_of_an_lms_arrives_as_it_was_announced_whatever_the_carrier_adds() -> None:
    sent = text.probe_text(PROBE, 0, Channel.LMS)
    seen = await _said(GATEWAY, _arrival("lms", title="[봉수] 전달 점검", words=sent))
    assert isinstance(seen, Observation)
    assert seen.text.startswith("[Web발신]\n")
    assert text.digest(b"key", seen.text) == text.digest(b"key", sent)
    assert text.length(seen.text) == text.length(sent)


async def test_a_kakaotalk_notification_of_the_simulated_phone_is_seen() -> None:
    arrival = _arrival("alimtalk", "platform:kakaotalk", "거제시청")
    seen = await _said(FORWARDER, arrival)
    assert isinstance(seen, Observation)
    assert (seen.text, seen.title, seen.platform) == (WORDS, "거제시청", "kakaotalk")
    assert ids.read_nonce(seen.text) == (PROBE, 1)
    assert seen.observed_min <= arrival.at < seen.observed_max
    assert (seen.clock, seen.placement) == (ClockSource.HANDSET, Placement.NOTIFICATION)


async def test_a_post_in_an_observed_room_leaves_the_phone_without_its_content() -> None:
    arrival = _arrival("openchat", "platform:kakaotalk", ROOM, words="사고 사례")
    request = await _request(FORWARDER, arrival)
    assert "사고 사례" not in request.body.decode()
    said = receivers.discover()[FORWARDER].read(request.body, _verified(FORWARDER, request))
    assert isinstance(said, RoomPost)
    assert (said.title, said.platform) == (ROOM, "kakaotalk")
    assert said.observed_min <= arrival.at < said.observed_max


async def test_a_message_in_any_other_room_stays_on_the_phone() -> None:
    posts = Posts()
    forwarder = ForwarderApp(PHONE, posts, {ROOM})
    forwarder.show(_arrival("openchat", "platform:kakaotalk", "가족", words="안녕"))
    forwarder.show(_arrival("openchat", "platform:kakaotalk", ROOM, words="사고 사례"))
    task = asyncio.create_task(forwarder.work())
    await eventually(lambda: posts.made, within=10)
    task.cancel()
    assert ["안녕" in incoming.body.decode() for _, incoming in posts.made] == [False]


@pytest.mark.parametrize("kind", [GATEWAY, FORWARDER])
async def test_a_heartbeat_of_the_simulated_phone_is_a_sign_of_life(kind: str) -> None:
    assert await _said(kind, None) == SignOfLife(battery=1.0)


@pytest.mark.parametrize(
    ("kind", "wrong"), [(GATEWAY, "key"), (FORWARDER, "secret"), (FORWARDER, "token")]
)
async def test_a_phone_with_another_key_is_refused(kind: str, wrong: str) -> None:
    request = await _request(kind, None)
    with pytest.raises(Refuse, match="bad_signature"):
        _verified(kind, request, **{wrong: "another"})
