"""The SENS adapters beyond what every adapter must do: batches, clocks, and the simulated SENS.

The simulator was written from the same documents by other hands: where both sides read them alike,
the adapters' requests are signed, routed and understood, and their reports are the world's.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from services.adapters import discover
from services.adapters._sens import signature
from services.adapters.base import Adapter, LooksUp, Message, Report, Substitute, Surroundings
from services.contracts import text
from services.contracts.catalogue import Account
from services.contracts.vocabulary import AnswerResult, Channel, FaultDomain, ReportState
from services.runtime.errors import Retry, Stop
from simulators.app import run
from simulators.config import SimulatorConfig
from tests.support import adapters as support
from tests.support.waiting import eventually

NAMES = ("sens_alimtalk", "sens_brandmessage", "sens_sms")
SMS_SERVICE, KKO_SERVICE = "ncp:sms:kr:123456789012:bongsu", "ncp:kkobizmsg:kr:1234567:bongsu"
SENDER, PHONE, NO_KAKAO, NOBODY = "0550000000", "01000000001", "01000000002", "01000000003"
STRANGER = "01000000004"
Clock = dict[str, str]
ALWAYS = {"start": "00:00:00", "end": "23:59:59.999999"}
QUICK = {"median": 0.02, "p95": 0.05}
LMS: dict[str, Any] = {"channel": "lms"}


# Batches.


@dataclass
class ByTurn(support.Provider):
    """Answers as told, but 503 to the calls in `failing` (by turn, from 1)."""

    failing: frozenset[int] = frozenset()

    async def answer(self, request: web.Request) -> web.Response:
        told = await super().answer(request)
        return web.Response(status=503) if len(self.asked) in self.failing else told


def delivered(name: str, failing: frozenset[int] = frozenset()) -> ByTurn:
    case = support.cases(name)["look_up_delivered"]
    return ByTurn(200, json.dumps(case["body"]), failing=failing)


@pytest.mark.parametrize("name", NAMES)
async def test_one_look_up_that_fails_spoils_no_other(name: str) -> None:
    reports = await look_up(name, delivered(name, frozenset({2})), 3)
    assert len(reports) == 2


@pytest.mark.parametrize("name", NAMES)
async def test_when_none_can_be_asked_the_batch_is_for_later(name: str) -> None:
    with pytest.raises(Retry) as caught:
        await look_up(name, delivered(name, frozenset({1, 2})), 2)
    assert caught.value.reason == "unavailable"


async def look_up(name: str, provider: support.Provider, times: int) -> list[Report]:
    async with support.serving(provider) as url, support.adapter_at(name, url) as adapter:
        assert isinstance(adapter, LooksUp)
        return await adapter.look_up(support.setup_of(name)["ids"] * times)


# Accounts and clocks.


@pytest.mark.parametrize("name", NAMES)
async def test_a_401_by_a_clock_that_is_off_names_the_clock(name: str) -> None:
    for minutes, reason in ((-6, "clock"), (6, "clock"), (4, "credentials")):
        date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
        refusing = support.Provider(401, "", {"Date": date})
        async with support.serving(refusing) as url, support.adapter_at(name, url) as adapter:
            with pytest.raises(Stop) as caught:
                await adapter.send(support.message_of(name))
        assert caught.value.reason == reason


@pytest.mark.parametrize("name", NAMES)
async def test_an_account_without_key_or_service_stops_before_anything_is_sent(name: str) -> None:
    setup = support.setup_of(name)
    account = Account.model_validate(setup["account"])
    bare = account.model_copy(update={"services": {}})
    keys = {key: SecretStr(value) for key, value in setup["secret"].items()}
    async with aiohttp.ClientSession() as session:
        for given, secret in ((account, {}), (bare, keys)):
            with pytest.raises(Stop, match="account sens"):
                discover()[name](Surroundings(given, secret, session, account.base_url))


@pytest.mark.parametrize(
    ("name", "over", "code", "fault"),
    [
        ("sens_sms", {"text": "가" * 46}, "text-too-long", FaultDomain.TEMPLATE),
        ("sens_sms", {"text": "a" * 91}, "text-too-long", FaultDomain.TEMPLATE),
        ("sens_sms", {"text": "봉화 🔥"}, "text-charset", FaultDomain.TEMPLATE),
        ("sens_sms", {"sender_number": None}, "no-sender", FaultDomain.SENDER),
        ("sens_sms", LMS | {"text": "가" * 1_001}, "text-too-long", FaultDomain.TEMPLATE),
        ("sens_sms", LMS | {"text": "a" * 2_001}, "text-too-long", FaultDomain.TEMPLATE),
        ("sens_brandmessage", {"identity": None}, "no-sender", FaultDomain.SENDER),
        ("sens_brandmessage", {"text": "가" * 1_301}, "text-too-long", FaultDomain.TEMPLATE),
        ("sens_alimtalk", {"identity": None}, "no-sender", FaultDomain.SENDER),
        ("sens_alimtalk", {"template": None}, "no-template", FaultDomain.TEMPLATE),
    ],
)
async def test_what_cannot_go_out_is_refused_without_asking(
    name: str, over: dict[str, Any], code: str, fault: FaultDomain
) -> None:
    provider = support.Provider()
    async with support.serving(provider) as url, support.adapter_at(name, url) as adapter:
        result = await adapter.send(support.message_of(name, **over))
    assert (result.result, result.code, result.fault) == (AnswerResult.REFUSED, code, fault)
    assert provider.asked == []


@pytest.mark.parametrize(
    ("name", "over"),
    [
        ("sens_sms", {"text": "가" * 45}),
        ("sens_sms", {"text": "a" * 90}),
        ("sens_sms", LMS | {"text": "가" * 1_000}),
        ("sens_sms", LMS | {"text": "a" * 2_000}),
        ("sens_brandmessage", {"text": "가" * 1_300}),
        ("sens_brandmessage", {"text": "봉화 🔥", "template": None}),  # no charset, no template
    ],
)
async def test_a_text_of_just_the_longest_length_goes_out_whole(
    name: str, over: dict[str, Any]
) -> None:
    provider = support.Provider(503)
    async with support.serving(provider) as url, support.adapter_at(name, url) as adapter:
        await adapter.send(support.message_of(name, **over))
    request = json.loads(provider.asked[0][2])
    assert request.get("content", request["messages"][0].get("content")) == over["text"]
    assert ("subject" in request) is ("channel" in over)


async def test_without_a_substitute_the_channels_own_setting_is_overruled() -> None:
    provider = support.Provider(503)
    async with (
        support.serving(provider) as url,
        support.adapter_at("sens_alimtalk", url) as adapter,
    ):
        await adapter.send(support.message_of("sens_alimtalk", substitute=None))
    recipient = json.loads(provider.asked[0][2])["messages"][0]
    assert recipient["useSmsFailover"] is False
    assert "failoverConfig" not in recipient


async def test_what_is_signed_is_the_path_byte_for_byte_as_on_the_wire() -> None:
    setup = support.setup_of("sens_sms")
    escaped = {Channel.SMS: "ncp%3Asms%3Akr%3A123456789012%3Abongsu"}
    account = Account.model_validate(setup["account"]).model_copy(update={"services": escaped})
    secret = {key: SecretStr(value) for key, value in setup["secret"].items()}
    provider = support.Provider(404)
    async with support.serving(provider) as url, aiohttp.ClientSession() as session:
        adapter = discover()["sens_sms"](Surroundings(account, secret, session, url))
        assert isinstance(adapter, LooksUp)
        await adapter.look_up(["RSLA-1 ü&@"])
    method, path, _, headers = provider.asked[0]
    wanted = "/messages?requestId=RSLA-1%20%C3%BC%26%40"
    assert path == f"/sms/v2/services/{escaped[Channel.SMS]}{wanted}"
    at_ms, keys = headers["x-ncp-apigw-timestamp"], setup["secret"]
    signed = signature(method, path, at_ms, keys["access_key"], keys["secret_key"])
    assert headers["x-ncp-apigw-signature-v2"] == signed


@pytest.mark.parametrize("name", NAMES)
async def test_a_proxy_that_refuses_is_no_answer_of_the_provider(name: str) -> None:
    setup = support.setup_of(name)
    secret = {key: SecretStr(value) for key, value in setup["secret"].items()}
    account = Account.model_validate(setup["account"])
    async with support.serving(support.Provider(407)) as proxy, aiohttp.ClientSession() as session:
        for url in ("http://sens.invalid", "https://sens.invalid"):
            adapter = discover()[name](Surroundings(account, secret, session, url, proxy))
            with pytest.raises(Retry) as caught:
                await adapter.send(support.message_of(name))
            assert caught.value.reason == "unreachable"


# Against the simulated SENS.


def world(night: Clock | None = None) -> SimulatorConfig:
    apps = {
        "gateway_key": "bongsu-test-signing-key-0001-of-32-characters",
        "forwarder_secret": "SEC-bongsu-test-0001",
        "forwarder_token": "token-0001",
    }
    phone = {"carrier": "skt", "site": "seoul"} | apps
    template = {"code": "probe001", "text": "[봉수] #{점검번호} 전달 점검, 회신하지 마십시오."}
    channel = {"sender": "sender:test-alimtalk", "channel": "alimtalk", "identity": "@bongsu"}
    brand = channel | {"sender": "sender:test-brandmessage", "channel": "brandmessage"}
    services = {
        **{"alimtalk": KKO_SERVICE, "brandmessage": KKO_SERVICE},
        **{"sms": SMS_SERVICE, "lms": SMS_SERVICE},
    }
    account = {
        "id": "sens",
        "provider": "sens",
        "secret": support.setup_of("sens_sms")["secret"],
        "services": services,
        "senders": [
            {"sender": "sender:test-sms", "channel": "sms", "number": SENDER},
            channel | {"templates": [template]},
            brand | {"strangers": ["skt-03"]},
        ],
    }
    stages = ("api", "relay", "platform", "carrier", "report", "substitute")
    return SimulatorConfig.model_validate(
        {
            "ingest_url": "http://127.0.0.1:9",  # nobody: these tests are not about the phones
            "handsets": [
                phone | {"id": "skt-01", "number": PHONE},
                phone | {"id": "skt-02", "number": NO_KAKAO, "kakaotalk": False},
                phone | {"id": "skt-03", "number": STRANGER},
            ],
            "night": night,
            "accounts": [account],
            "world": {"latencies": dict.fromkeys(stages, QUICK)},
            "unanswered_s": 5,
        }
    )


@dataclass(frozen=True)
class Simulated:
    """A running simulator and a way to change what it does."""

    url: str
    session: aiohttp.ClientSession

    def adapter(self, name: str, **secret: str) -> Adapter:
        setup = support.setup_of(name)
        keys = {key: SecretStr(value) for key, value in (setup["secret"] | secret).items()}
        account = Account.model_validate(setup["account"])
        return discover()[name](Surroundings(account, keys, self.session, self.url))

    async def mode(self, **mode: object) -> None:
        async with self.session.put(f"{self.url}/world/sens/sens", json=mode) as answer:
            assert answer.status < 300, await answer.text()


@pytest.fixture
async def sens() -> AsyncIterator[Simulated]:
    async with _running() as url:
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield Simulated(url, session)


@asynccontextmanager
async def _running(night: Clock | None = None) -> AsyncIterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    stop = asyncio.Event()
    server = asyncio.create_task(run(world(night), listener, stop))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        await asyncio.wait_for(server, 10)


def message(name: str, to: str = PHONE, with_substitute: bool = False, **more: Any) -> Message:
    substitute = Substitute(Channel.SMS, "[봉수] 대체 점검", SecretStr(SENDER))
    over = more | {"to": to, "substitute": substitute if with_substitute else None}
    return support.message_of(name, **over | ({"sender_number": SENDER} if "sms" in name else {}))


async def final_reports(adapter: Adapter, sent: Message) -> list[Report]:
    """Send, be accepted, and ask until the own leg is final."""
    result = await adapter.send(sent)
    assert result.result is AnswerResult.ACCEPTED, result
    message_id = result.provider_message_id or ""
    assert isinstance(adapter, LooksUp)

    async def last() -> list[Report]:
        reports = await adapter.look_up([message_id])
        assert all(report.provider_message_id == message_id for report in reports)
        return reports if reports and reports[0].final else []

    return await eventually(last, within=15)


@pytest.mark.parametrize("fresh", ["empty", "not-found"])
@pytest.mark.parametrize("name", NAMES)
async def test_the_simulated_sens_accepts_and_reports_delivery(
    sens: Simulated, name: str, fresh: str
) -> None:
    await sens.mode(fresh_s=0.2, fresh_answer=fresh)
    started = datetime.now(UTC) - timedelta(seconds=2)
    [report] = await final_reports(sens.adapter(name), message(name))
    assert report.state is ReportState.DELIVERED
    assert report.reported_at is not None
    assert started <= report.reported_at <= datetime.now(UTC)


async def test_a_message_that_is_too_fresh_is_absent_and_no_failure(sens: Simulated) -> None:
    adapter = sens.adapter("sens_sms")
    assert isinstance(adapter, LooksUp)
    for fresh in ("empty", "not-found"):
        await sens.mode(fresh_s=60, fresh_answer=fresh)
        sent = await adapter.send(message("sens_sms"))
        assert await adapter.look_up([sent.provider_message_id or ""]) == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_number_nobody_has_is_the_handsets_fault(sens: Simulated, name: str) -> None:
    await sens.mode(fresh_s=0)
    [report] = await final_reports(sens.adapter(name), message(name, to=NOBODY))
    assert (report.state, report.fault) == (ReportState.FAILED, FaultDomain.HANDSET)


async def test_the_substitute_is_followed_to_its_end_as_leg_1(sens: Simulated) -> None:
    sent = message("sens_alimtalk", to=NO_KAKAO, with_substitute=True)
    own, substitute = await final_reports(sens.adapter("sens_alimtalk"), sent)
    assert (own.leg, own.state, own.code) == (0, ReportState.FAILED, "3019")
    assert (substitute.leg, substitute.state) == (1, ReportState.DELIVERED)


@pytest.mark.parametrize(("name", "code"), [("sens_sms", "2003"), ("sens_alimtalk", "9998")])
async def test_a_code_told_by_the_simulated_sens_is_kept(
    sens: Simulated, name: str, code: str
) -> None:
    await sens.mode(fresh_s=0, fail_codes={name.removeprefix("sens_"): code})
    [report] = await final_reports(sens.adapter(name), message(name))
    assert (report.state, report.code) == (ReportState.FAILED, code)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("quota-exceeded", {"result": "refused", "code": "429/400", "fault": "quota"}),
        ("throttled", {"raises": "Retry", "reason": "throttled"}),
        ("rate-limited", {"raises": "Retry", "reason": "throttled"}),
        ("unavailable", {"result": "refused", "code": "503/500", "fault": "provider"}),
        ("unexpected", {"result": "refused", "code": "500/900", "fault": "provider"}),
        ("timeout-after-send", {"result": "unclear", "code": "504/510"}),
    ],
)
@pytest.mark.parametrize("name", NAMES)
async def test_a_no_of_the_simulated_sens_is_understood(
    sens: Simulated, name: str, answer: str, told: dict[str, str]
) -> None:
    await sens.mode(answer=answer)
    assert await _told(sens.adapter(name), message(name)) == told


@pytest.mark.parametrize("name", NAMES)
async def test_a_wrong_key_stops_the_account(sens: Simulated, name: str) -> None:
    wrong = sens.adapter(name, secret_key="another-secret-key-not-real-0002")
    told = {"raises": "Stop", "reason": "credentials"}
    assert await _told(wrong, message(name)) == told


async def test_an_lms_goes_the_whole_way_by_the_service_of_sms(sens: Simulated) -> None:
    await sens.mode(fresh_s=0)
    long = text.probe_text(support.PROBE, 0, Channel.LMS)
    sent = message("sens_sms", **LMS, text=long)
    [report] = await final_reports(sens.adapter("sens_sms"), sent)
    assert (report.leg, report.state) == (0, ReportState.DELIVERED)


async def test_a_brand_message_to_no_friend_of_the_channel_is_not_delivered(
    sens: Simulated,
) -> None:
    sent = message("sens_brandmessage", to=STRANGER)
    [report] = await final_reports(sens.adapter("sens_brandmessage"), sent)
    told = (report.state, report.code, report.fault)
    assert told == (ReportState.FAILED, "3018", FaultDomain.HANDSET)


async def test_in_kakaos_night_a_brand_message_fails_by_our_own_fault() -> None:
    async with _running(ALWAYS) as url, aiohttp.ClientSession() as session:
        sens = Simulated(url, session)
        [report] = await final_reports(
            sens.adapter("sens_brandmessage"), message("sens_brandmessage")
        )
        [other] = await final_reports(sens.adapter("sens_alimtalk"), message("sens_alimtalk"))
    told = (report.state, report.code, report.fault)
    assert told == (ReportState.FAILED, "3022", FaultDomain.BODY)
    assert other.state is ReportState.DELIVERED


async def test_a_text_unlike_its_template_is_refused_by_the_simulated_sens(sens: Simulated) -> None:
    sent = support.message_of("sens_alimtalk", text="다른 글", substitute=None)
    told = {"result": "refused", "code": "A003", "fault": "template"}
    assert await _told(sens.adapter("sens_alimtalk"), sent) == told


async def _told(adapter: Adapter, sent: Message) -> support.Case:
    try:
        return support.told(await adapter.send(sent))
    except (Retry, Stop) as error:
        return support.told(error)
