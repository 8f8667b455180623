"""The NHN adapters beyond what every adapter must do: keys, hosts, substitutes."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from services.adapters import discover
from services.adapters.base import Adapter, LooksUp, Report, Surroundings
from services.contracts.catalogue import Account
from services.contracts.vocabulary import Leg, ReportState
from services.runtime.errors import Retry, Stop
from tests.support import adapters as support

NAMES = ("nhn_alimtalk", "nhn_sms")
KEY, SMS_KEY = "a-key-of-tests-not-real-0001", "a-key-of-sms-not-real-0002"


async def test_a_send_is_made_with_the_secret_key_and_repeated_under_one_key_of_the_probe() -> None:
    _, _, _, headers = await sent("nhn_alimtalk", secret_key=KEY)
    assert headers["X-Secret-Key"] == KEY
    assert headers["X-NC-API-IDEMPOTENCY-KEY"] == str(support.PROBE)


async def test_sms_has_no_idempotency_key_and_may_have_a_secret_key_of_its_own() -> None:
    _, _, _, headers = await sent("nhn_sms", secret_key=KEY, sms_secret_key=SMS_KEY)
    assert headers["X-Secret-Key"] == SMS_KEY
    assert "X-NC-API-IDEMPOTENCY-KEY" not in headers


async def test_a_substitute_is_asked_for_with_the_secret_key_of_sms() -> None:
    provider = answering("look_up_substitute_delivered")
    keys = {"secret_key": KEY, "sms_secret_key": SMS_KEY}
    async with support.serving(provider) as url, at("nhn_alimtalk", url, **keys) as adapter:
        await look_up(adapter)
    assert [headers["X-Secret-Key"] for *_, headers in provider.asked] == [KEY, SMS_KEY]


@pytest.mark.parametrize(
    ("name", "host"), [("nhn_alimtalk", "kakaotalk-bizmessage"), ("nhn_sms", "sms")]
)
async def test_each_product_has_its_own_host(name: str, host: str) -> None:
    provider = support.Provider(503)
    # A proxy is asked for whole addresses: here the provider sees which host was meant.
    async with (
        support.serving(provider) as url,
        at(name, "http://{product}.nhn.invalid", proxy=url) as adapter,
    ):
        await adapter.send(support.message_of(name))
    assert provider.asked[0][3]["Host"] == f"{host}.nhn.invalid"


@pytest.mark.parametrize(
    ("without", "reason"),
    [("secret_key", "secret"), ("webhook_signature", "secret"), ("services", "service")],
)
@pytest.mark.parametrize("name", NAMES)
async def test_an_account_that_lacks_something_stops(name: str, without: str, reason: str) -> None:
    with pytest.raises(Stop) as stopped:
        async with at(name, "http://127.0.0.1:9", without=without):
            pass
    assert stopped.value.reason == reason


async def test_without_an_appkey_of_sms_a_substitute_stays_pending() -> None:
    provider = answering("look_up_substitute_delivered")
    async with (
        support.serving(provider) as url,
        at("nhn_alimtalk", url, services={"alimtalk": "only"}) as adapter,
    ):
        own, leg_1 = await look_up(adapter)
    assert (own.state, own.final) == (ReportState.FAILED, False)
    assert (leg_1.leg, leg_1.state) == (Leg.FIRST_SUBSTITUTE, ReportState.PENDING)
    assert len(provider.asked) == 1


async def test_a_lock_out_of_sms_is_told_though_the_own_leg_is_known() -> None:
    provider = answering("look_up_substitute_delivered")
    refusal = {"isSuccessful": False, "resultCode": -1001, "resultMessage": "no"}
    provider.further = [(200, json.dumps({"header": refusal}))]
    async with support.serving(provider) as url, at("nhn_alimtalk", url) as adapter:
        with pytest.raises(Stop) as stopped:
            await look_up(adapter)
    assert stopped.value.reason == "credentials"


@dataclass
class ByTurn(support.Provider):
    """Answers as told, but says no to the first call."""

    no: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        told = await super().answer(request)
        return web.Response(text=self.no) if len(self.asked) == 1 else told


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("nhn_alimtalk", -1017, "throttled"),
        ("nhn_sms", -2052, "throttled"),
        ("nhn_alimtalk", -9999, "unavailable"),
        ("nhn_sms", -9999, "unavailable"),
    ],
)
async def test_one_look_up_that_is_refused_inside_of_200_spoils_no_other(
    name: str, code: int, reason: str
) -> None:
    case = support.cases(name)["look_up_delivered"]
    no = json.dumps({"header": {"isSuccessful": False, "resultCode": code, "resultMessage": ""}})
    provider = ByTurn(200, json.dumps(case["body"]), no=no)
    async with support.serving(provider) as url, at(name, url) as adapter:
        assert len(await look_up(adapter, 2)) == 1
    provider = support.Provider(200, no)
    async with support.serving(provider) as url, at(name, url) as adapter:
        with pytest.raises(Retry) as caught:
            await look_up(adapter, 2)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("name", "over", "code", "fault"),
    [
        ("nhn_alimtalk", {"identity": None}, "no-sender", "sender"),
        ("nhn_alimtalk", {"template": None}, "no-template", "template"),
        ("nhn_sms", {"sender_number": None}, "no-sender", "sender"),
        ("nhn_sms", {"text": "가" * 46}, "text-too-long", "template"),
        ("nhn_sms", {"text": "봉화 🔥"}, "text-charset", "template"),
        ("nhn_sms", {"channel": "lms", "text": "가" * 1_001}, "text-too-long", "template"),
    ],
)
async def test_what_cannot_be_sent_is_refused_without_asking(
    name: str, over: support.Case, code: str, fault: str
) -> None:
    provider = support.Provider()
    async with support.serving(provider) as url, at(name, url) as adapter:
        result = await adapter.send(support.message_of(name, **over))
    assert support.told(result) == {"result": "refused", "code": code, "fault": fault}
    assert provider.asked == []


@pytest.mark.parametrize("name", NAMES)
async def test_an_id_that_is_none_of_nhns_climbs_nowhere(name: str) -> None:
    provider = support.Provider(404)
    async with support.serving(provider) as url, at(name, url) as adapter:
        assert isinstance(adapter, LooksUp)
        assert await adapter.look_up(["../../x?y=1#:2", "no-colon"]) == []
    assert len(provider.asked) >= 2
    for _, path, *_ in provider.asked:
        assert "..%2F..%2Fx%3Fy%3D1%23" in path or "no-colon" in path


def answering(title: str) -> support.Provider:
    case = support.cases("nhn_alimtalk")[title]
    provider = support.provider_of("nhn_alimtalk", case, "01000007777")
    assert isinstance(provider, support.Provider)
    return provider


async def sent(name: str, **secret: str) -> tuple[str, str, bytes, dict[str, str]]:
    provider = support.Provider(503)
    async with support.serving(provider) as url, at(name, url, **secret) as adapter:
        await adapter.send(support.message_of(name))
    (asked,) = provider.asked
    return asked


async def look_up(adapter: Adapter, times: int = 1) -> list[Report]:
    assert isinstance(adapter, LooksUp)
    return await adapter.look_up(support.setup_of("nhn_sms")["ids"] * times)


@asynccontextmanager
async def at(
    name: str,
    url: str,
    proxy: str | None = None,
    without: str = "",
    services: dict[str, str] | None = None,
    **secret: str,
) -> AsyncIterator[Adapter]:
    setup = support.setup_of(name)
    fields = {**setup["account"], **({"services": services} if services else {})}
    account = Account.model_validate(fields | ({"services": {}} if without == "services" else {}))
    given = {n: SecretStr(t) for n, t in (setup["secret"] | secret).items() if n != without}
    kind: Callable[[Surroundings], Adapter] = discover()[name]
    async with aiohttp.ClientSession() as session:
        yield kind(Surroundings(account, given, session, url, proxy))
