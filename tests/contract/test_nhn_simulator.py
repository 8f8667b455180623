"""The simulated NHN Cloud as its clients meet it: over HTTP, and by its webhooks.

A stand-in for ingest keeps what the webhooks tell and what the phones bring.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from simulators.app import run
from simulators.config import KST, SimulatorConfig
from tests.support.waiting import eventually

KKO, SMS = "/alimtalk/v2.3/appkeys/kkoAppKey01", "/sms/v3.0/appKeys/smsAppKey01/sender"
SECRET, WORD = "bongsu-test-secret-key-not-real-0001", "bongsu-test-word-not-real-0001"
SENDER_KEY = "0123456789abcdef0123456789abcdef01234567"
NUMBER, PHONE, PHONE_WITHOUT, NOBODY = "0550000000", "01000000001", "01000000002", "01000000099"
TEXT = "[봉수] BSP:06FQJ7K3MQ9ZT2XWD4HNCVR5PA 전달 점검, 회신하지 마십시오."
QUICK = {"median": 0.02, "p95": 0.05}
SIGNED = "X-Toast-Webhook-Signature"


def described(ingest_url: str) -> SimulatorConfig:
    def phone(id_: str, number: str, **more: object) -> dict[str, object]:
        return {
            "id": id_, "number": number, "carrier": "lgu", "site": "seoul", "gateway_key": "k",
            "forwarder_secret": "s", "forwarder_token": "t", **more,
        }  # fmt: skip

    template = {"code": "probe", "text": "[봉수] #{nonce} 전달 점검, 회신하지 마십시오."}
    kakao = {
        "sender": "sender:geoje-alimtalk", "channel": "alimtalk", "name": "거제시",
        "identity": SENDER_KEY,
        "templates": [template, template | {"code": "image", "image": True}],
    }  # fmt: skip
    account = {
        "id": "nhn", "provider": "nhn",
        "services": {"alimtalk": "kkoAppKey01", "sms": "smsAppKey01", "lms": "smsAppKey01"},
        "secret": {"secret_key": SECRET, "webhook_signature": WORD},
        "senders": [kakao, {"sender": "sender:geoje-sms", "channel": "sms", "number": NUMBER}],
    }  # fmt: skip
    stages = ("api", "relay", "platform", "carrier", "report", "substitute", "wake")
    return SimulatorConfig.model_validate(
        {
            "ingest_url": ingest_url,
            "handsets": [
                phone("lgu-01", PHONE),
                phone("lgu-02", PHONE_WITHOUT, kakaotalk=False),
            ],
            "accounts": [account],
            "world": {"latencies": dict.fromkeys(stages, QUICK)},
            "unanswered_s": 2,
        }
    )


@dataclass
class Ingest:
    """Keeps what comes; webhooks meet `statuses` first, one each."""

    statuses: list[int] = field(default_factory=list)
    told: list[tuple[str, str | None, dict[str, Any]]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)

    async def report(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.statuses:
            self.refused.append(body)
            return web.Response(status=self.statuses.pop(0))
        self.told.append((request.path, request.headers.get(SIGNED), body))
        return web.Response(status=202)

    async def receipt(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("event") in ("sms:received", "mms:downloaded"):
            self.shown.append(body["payload"])
        return web.json_response({"bongsu": "queued"})

    def hooks(self) -> list[dict[str, Any]]:
        return [hook for _, _, body in self.told for hook in body["hooks"]]


@dataclass
class Nhn:
    url: str
    session: aiohttp.ClientSession
    ingest: Ingest

    async def call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, Any]:
        given = {"X-Secret-Key": SECRET} | {k.replace("_", "-"): v for k, v in headers.items()}
        async with self.session.request(
            method, self.url + path, json=body, headers=given
        ) as answer:
            return answer.status, await answer.json() if await answer.read() else None

    async def code(self, method: str, path: str, body: object = None, **headers: str) -> int:
        """The code of an answer, whose HTTP status is 200 whatever it says."""
        status, answer = await self.call(method, path, body, **headers)
        head = answer["header"]
        assert status == 200
        assert head["isSuccessful"] is (head["resultCode"] == 0)
        return int(head["resultCode"])

    async def fault(self, component: str, state: str, **more: object) -> None:
        body = {"component": component, "state": state, **more}
        assert (await self.call("PUT", "/world/faults", body))[0] == 200

    async def repair(self) -> None:
        await self.call("DELETE", "/world/faults")

    async def mode(self, **mode: object) -> None:
        assert (await self.call("PUT", "/world/nhn/nhn", mode))[0] == 200

    async def send_sms(self, to: str = PHONE, kind: str = "sms", **more: object) -> str:
        _, answer = await self.call("POST", f"{SMS}/{kind}", sms(to, **more))
        return str(answer["body"]["data"]["requestId"])

    async def send_alimtalk(self, to: str = PHONE, **more: object) -> str:
        _, answer = await self.call("POST", f"{KKO}/raw-messages", alimtalk(to, **more))
        return str(answer["message"]["requestId"])

    async def sms(self, request_id: str, kind: str = "sms") -> dict[str, Any]:
        _, answer = await self.call("GET", f"{SMS}/{kind}/{request_id}?recipientSeq=1")
        return dict(answer["body"]["data"])

    async def alimtalk(self, request_id: str) -> dict[str, Any]:
        _, answer = await self.call("GET", f"{KKO}/messages/{request_id}/1")
        return dict(answer["message"])

    async def sms_done(self, request_id: str, kind: str = "sms") -> dict[str, Any]:
        async def look() -> dict[str, Any]:
            found = await self.sms(request_id, kind)
            return found if found["resultCode"] else {}

        return await eventually(look, within=5)

    async def alimtalk_done(self, request_id: str) -> dict[str, Any]:
        async def look() -> dict[str, Any]:
            found = await self.alimtalk(request_id)
            return found if found["resultCode"] else {}

        return await eventually(look, within=5)


def sms(to: str = PHONE, **more: object) -> dict[str, object]:
    recipient = {"recipientNo": to, "recipientGroupingKey": "p-1"}
    body = {"body": TEXT, "sendNo": NUMBER, "senderGroupingKey": "probe"}
    return body | {"recipientList": [recipient]} | more


def alimtalk(to: str = PHONE, content: str = TEXT, **more: object) -> dict[str, object]:
    recipient = {"recipientNo": to, "content": content, "recipientGroupingKey": "p-1"}
    body = {"senderKey": SENDER_KEY, "templateCode": "probe", "senderGroupingKey": "probe"}
    return body | {"recipientList": [recipient | more]}


@pytest.fixture
async def nhn() -> AsyncIterator[Nhn]:
    ingest, stop, app = Ingest(), asyncio.Event(), web.Application()
    app.router.add_post("/reports/{adapter}/{account}", ingest.report)
    app.router.add_post("/v1/receipts/{kind}/{receiver}", ingest.receipt)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    listener = socket.create_server(("127.0.0.1", 0))
    running = asyncio.create_task(run(described(site.name), listener, stop))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield Nhn(url, session, ingest)
    stop.set()
    async with asyncio.timeout(3):
        await running
    await runner.cleanup()


def korean(text: str, form: str) -> datetime:
    return datetime.strptime(text, form).replace(tzinfo=KST)


# Who may call, and what a no looks like.


async def test_a_no_is_http_200_with_the_code_of_its_product(nhn: Nhn) -> None:
    send, raw = f"{SMS}/sms", f"{KKO}/raw-messages"
    assert await nhn.code("POST", send, sms(), X_Secret_Key="another") == -1000
    assert await nhn.code("POST", raw, alimtalk(), X_Secret_Key="another") == -1001
    assert await nhn.code("POST", send.replace("smsApp", "other"), sms()) == -1001
    assert await nhn.code("POST", raw.replace("kkoApp", "other"), alimtalk()) == -1000
    assert await nhn.code("POST", send, sms(), Content_Type="text/plain") == -9996
    await nhn.mode(answer="quota-exceeded")
    assert await nhn.code("POST", send, sms()) == -2052
    assert await nhn.code("POST", raw, alimtalk()) == -1017
    assert nhn.ingest.shown == []


async def test_paths_are_case_sensitive_and_spelled_by_product(nhn: Nhn) -> None:
    for path in (f"{SMS}/sms".replace("appKeys", "appkeys"), f"{KKO}/raw-messages".upper()):
        async with nhn.session.post(nhn.url + path, json={}) as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    ("kind", "wrong", "code"),
    [
        ("sms", {"sendNo": "0550000009"}, -2312),
        ("sms", {"body": ""}, -2014),
        ("sms", {"body": "가" * 256}, -2015),
        ("sms", {"body": "emoji 😀"}, -2023),
        ("sms", {"recipientList": []}, -2001),
        ("sms", {"recipientList": [{"recipientNo": PHONE}] * 2}, -2016),
        ("sms", {"recipientList": [{"recipientNo": "010-0000-0001"}]}, -2019),
        ("mms", {"title": "가" * 121}, -2015),
        ("mms", {"title": "😀"}, -2023),
        ("mms", {"body": "가" * 4_001}, -2015),
    ],
)
async def test_a_wrong_sms_is_refused_with_its_code(
    nhn: Nhn, kind: str, wrong: dict[str, object], code: int
) -> None:
    assert await nhn.code("POST", f"{SMS}/{kind}", sms() | wrong) == code


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"senderKey": "f" * 40}, -2017),
        ({"senderKey": "f" * 41}, 4),
        ({"templateCode": "other"}, -3003),
        ({"recipientList": [{"recipientNo": PHONE, "content": "다른 말"}]}, -1031),
        ({"recipientList": [{"recipientNo": "010-1", "content": TEXT}]}, -5000),
        ({"recipientList": [{"recipientNo": PHONE, "resendParameter": {"isResend": True}}]}, -2001),
        ({"recipientList": [{"recipientNo": PHONE, "content": "가" * 1_301}]}, 4),
    ],
)
async def test_a_wrong_alimtalk_is_refused_with_its_code(
    nhn: Nhn, wrong: dict[str, object], code: int
) -> None:
    assert await nhn.code("POST", f"{KKO}/raw-messages", alimtalk() | wrong) == code


async def test_an_idempotency_key_is_good_for_one_accepted_alimtalk(nhn: Nhn) -> None:
    raw, key = f"{KKO}/raw-messages", {"X_NC_API_IDEMPOTENCY_KEY": "k-1"}
    await nhn.fault("account:nhn", "refusing")
    assert await nhn.code("POST", raw, alimtalk(), **key) == -4005
    await nhn.repair()
    await nhn.mode(answer="timeout-after-send")
    assert (await nhn.call("POST", raw, alimtalk(), **key))[0] == 504
    await nhn.mode()
    assert await nhn.code("POST", raw, alimtalk(), **key) == -1005
    assert await nhn.code("POST", raw, alimtalk()) == 0
    await eventually(lambda: len(nhn.ingest.hooks()) == 2, within=5)


# SMS.


async def test_an_sms_is_requested_then_in_process_then_done(nhn: Nhn) -> None:
    await nhn.fault("carrier:lgu", "delayed", delay_s={"median": 0.3, "p95": 0.31})
    status, answer = await nhn.call("POST", f"{SMS}/sms", sms())
    assert (status, answer["header"]["resultCode"]) == (200, 0)
    sent = answer["body"]["data"]
    assert sent["statusCode"] == "2"
    assert sent["sendResultList"] == [
        {"recipientSeq": 1, "recipientNo": PHONE, "resultCode": 0, "recipientGroupingKey": "p-1"}
    ]
    assert re.fullmatch(r"\d{14}[A-Za-z0-9]{11}", sent["requestId"])
    states = []

    async def done() -> dict[str, Any]:
        found = await nhn.sms(sent["requestId"])
        states.append(found["msgStatus"])
        assert (found["resultDate"] is None) is (found["resultCode"] is None)
        return found if found["msgStatus"] == "3" else {}

    shown = await eventually(done, within=5)
    assert states == sorted(states)
    assert "2" in states
    assert (shown["resultCode"], shown["messageType"], shown["body"]) == ("1000", "SMS", TEXT)
    at = korean(shown["resultDate"], "%Y-%m-%d %H:%M:%S.0")
    assert abs(datetime.now(KST) - at) < timedelta(seconds=5)


async def test_a_long_message_has_paths_of_its_own(nhn: Nhn) -> None:
    request_id = await nhn.send_sms(kind="mms", title="점검", body=TEXT + " 긴 글" * 20)
    shown = await nhn.sms_done(request_id, "mms")
    assert (shown["messageType"], shown["title"]) == ("LMS", "점검")
    _, other = await nhn.call("GET", f"{SMS}/sms/{request_id}?recipientSeq=1")
    assert (other["header"]["resultCode"], other["body"]) == (0, None)
    (payload,) = await eventually(lambda: nhn.ingest.shown, within=5)
    assert payload["subject"] == "점검"


async def test_carriers_cut_what_the_api_takes(nhn: Nhn) -> None:
    await nhn.send_sms(body=TEXT + "가" * 100)
    (payload,) = await eventually(lambda: nhn.ingest.shown, within=5)
    text = payload["message"].removeprefix("[Web발신]\n")
    assert text.startswith(TEXT)
    assert len(text.encode("euc-kr")) == 89  # the 90th byte is half a character


@pytest.mark.parametrize(("to", "code"), [(NOBODY, "3001"), (PHONE, "3000")])
async def test_an_sms_fails_with_the_carriers_code(nhn: Nhn, to: str, code: str) -> None:
    await nhn.fault("carrier:lgu", "refusing")
    shown = await nhn.sms_done(await nhn.send_sms(to))
    assert (shown["msgStatus"], shown["resultCode"]) == ("0", code)


# Alimtalk.


async def test_an_alimtalk_has_no_result_first_and_then_completes(nhn: Nhn) -> None:
    await nhn.fault("platform:kakaotalk", "delayed", delay_s={"median": 0.3, "p95": 0.31})
    _, answer = await nhn.call("POST", f"{KKO}/raw-messages", alimtalk())
    request_id = answer["message"]["requestId"]
    assert answer["message"]["sendResults"][0]["resultCode"] == 0
    first = await nhn.alimtalk(request_id)
    assert (first["resultCode"], first["receiveDate"]) == (None, None)
    assert first["messageStatus"] not in ("COMPLETED", "FAILED", "CANCEL")
    assert first["content"] == TEXT
    done = await nhn.alimtalk_done(request_id)
    assert (done["messageStatus"], done["resultCode"]) == ("COMPLETED", "1000")
    assert (done["resendStatus"], done["resendRequestId"]) == ("RSC01", None)
    korean(done["receiveDate"], "%Y-%m-%d %H:%M:%S")
    assert await nhn.code("GET", f"{KKO}/messages/{request_id}/2") == -1016


async def test_a_failed_alimtalk_sends_a_substitute_that_sms_knows(nhn: Nhn) -> None:
    second = TEXT.replace("06F", "07F")
    wish = {"isResend": True, "resendContent": second, "resendSendNo": NUMBER}
    request_id = await nhn.send_alimtalk(PHONE_WITHOUT, resendParameter=wish)
    assert (await nhn.alimtalk(request_id))["resendStatus"] in ("RSC02", "RSC03")

    async def asked() -> dict[str, Any]:
        found = await nhn.alimtalk(request_id)
        return found if found["resendStatus"] == "RSC04" else {}

    failed = await eventually(asked, within=5)
    assert (failed["messageStatus"], failed["resultCode"]) == ("FAILED", "3019")
    assert failed["resendResultCode"] == "0"
    inner = await nhn.sms_done(failed["resendRequestId"])
    assert (inner["resultCode"], inner["body"]) == ("1000", second)
    (payload,) = await eventually(lambda: nhn.ingest.shown, within=5)
    assert payload["message"].endswith(second)


async def test_a_substitute_that_sms_refuses_is_told_with_its_code(nhn: Nhn) -> None:
    wish = {"isResend": True, "resendSendNo": NUMBER}
    await nhn.fault("sender:geoje-sms", "refusing")
    request_id = await nhn.send_alimtalk(PHONE_WITHOUT, resendParameter=wish)

    async def failed() -> dict[str, Any]:
        found = await nhn.alimtalk(request_id)
        return found if found["resendStatus"] == "RSC05" else {}

    found = await eventually(failed, within=5)
    assert (found["resendResultCode"], found["resendRequestId"]) == ("-2313", None)


async def test_a_text_that_does_not_fit_goes_only_as_a_substitute(nhn: Nhn) -> None:
    wish = {"isResend": True, "resendContent": TEXT}
    body = alimtalk(content="다른 말", resendParameter=wish)
    _, answer = await nhn.call("POST", f"{KKO}/raw-messages", body)
    assert answer["header"]["resultCode"] == -1031
    assert answer["message"]["sendResults"][0]["resultCode"] == -3010
    await eventually(lambda: nhn.ingest.shown, within=5)


@pytest.mark.parametrize(
    ("wish", "code"),
    [({"resendSendNo": "0550000009"}, -1003), ({"resendType": "FAX"}, 4)],
)
async def test_an_impossible_substitute_is_refused(
    nhn: Nhn, wish: dict[str, object], code: int
) -> None:
    body = alimtalk(resendParameter={"isResend": True} | wish)
    assert await nhn.code("POST", f"{KKO}/raw-messages", body) == code


async def test_an_accepted_message_fails_with_the_code_that_is_asked_for(nhn: Nhn) -> None:
    await nhn.mode(fail_codes={"alimtalk": "3005", "sms": "2000"})
    done = await nhn.alimtalk_done(await nhn.send_alimtalk())
    assert (done["messageStatus"], done["resultCode"]) == ("FAILED", "3005")
    assert (await nhn.sms_done(await nhn.send_sms()))["resultCode"] == "2000"


# Faults.


@pytest.mark.parametrize(
    ("component", "sms_code", "kakao_code"),
    [("account:nhn", -1008, -4005), ("sender:geoje-sms", -2313, 0), ("body:nobody", -2313, -1027)],
)
async def test_what_refuses_refuses_in_the_words_of_its_product(
    nhn: Nhn, component: str, sms_code: int, kakao_code: int
) -> None:
    await nhn.fault(component, "refusing")
    assert await nhn.code("POST", f"{SMS}/sms", sms()) == sms_code
    assert await nhn.code("POST", f"{KKO}/raw-messages", alimtalk()) == kakao_code


async def test_a_provider_that_refuses_is_a_503_and_one_that_is_down_says_nothing(
    nhn: Nhn,
) -> None:
    request_id = await nhn.send_sms()
    await eventually(nhn.ingest.hooks, within=5)
    await nhn.fault("provider:nhn", "refusing")
    assert (await nhn.call("POST", f"{SMS}/sms", sms()))[0] == 503
    assert (await nhn.call("GET", f"{SMS}/sms/{request_id}?recipientSeq=1"))[0] == 503
    await nhn.fault("provider:nhn", "down")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await nhn.call("GET", f"{SMS}/sms/{request_id}?recipientSeq=1")


async def test_a_platform_that_refuses_is_no_fault_of_the_recipient(nhn: Nhn) -> None:
    await nhn.fault("platform:kakaotalk", "refusing")
    assert (await nhn.alimtalk_done(await nhn.send_alimtalk()))["resultCode"] == "3012"


async def test_an_image_is_its_templates_and_fails_with_the_platforms_media(nhn: Nhn) -> None:
    await nhn.fault("platform:kakaotalk", "refusing", function="media")
    assert (await nhn.alimtalk_done(await nhn.send_alimtalk()))["resultCode"] == "1000"
    _, answer = await nhn.call(
        "POST", f"{KKO}/raw-messages", alimtalk() | {"templateCode": "image"}
    )
    assert (await nhn.alimtalk_done(answer["message"]["requestId"]))["resultCode"] == "3012"


# Webhooks.


async def test_a_webhook_tells_the_result_of_an_sms_as_the_sample_is_spelled(nhn: Nhn) -> None:
    request_id = await nhn.send_sms()
    ((path, word, body),) = await eventually(lambda: nhn.ingest.told, within=5)
    assert (path, word) == ("/reports/nhn_sms/nhn", WORD)
    assert (body["event"], body["productName"]) == ("MESSAGE_RESULT_UPDATE", "SMS")
    (hook,) = body["hooks"]
    assert (hook["requestId"], hook["recipientSeq"], hook["resultCode"]) == (request_id, 1, "1000")
    assert (hook["messageStatus"], hook["recipientGropuingKey"]) == ("COMPLETED", "p-1")
    at = korean(hook["receiveDate"], "%Y-%m-%dT%H:%M:%S")
    assert abs(datetime.now(KST) - at) < timedelta(seconds=5)


async def test_a_webhook_tells_the_day_of_an_alimtalk_and_then_its_substitute(nhn: Nhn) -> None:
    request_id = await nhn.send_alimtalk(PHONE_WITHOUT, resendParameter={"isResend": True})
    await eventually(lambda: len(nhn.ingest.told) == 2, within=5)
    (path, _, first), (inner_path, _, second) = nhn.ingest.told
    assert (path, inner_path) == ("/reports/nhn_alimtalk/nhn", "/reports/nhn_sms/nhn")
    (hook,), (inner,) = first["hooks"], second["hooks"]
    assert (hook["requestId"], hook["resultCode"]) == (request_id, "3019")
    assert (hook["kakaoMessageType"], hook["recipientGroupingKey"]) == ("ALIMTALK_NORMAL", "p-1")
    korean(hook["receiveDate"], "%Y-%m-%d")
    shown = await nhn.alimtalk(request_id)
    assert (inner["requestId"], inner["resultCode"]) == (shown["resendRequestId"], "1000")


async def test_a_webhook_is_told_until_it_is_taken(nhn: Nhn) -> None:
    nhn.ingest.statuses = [503]
    await nhn.send_sms()
    ((_, _, taken),) = await eventually(lambda: nhn.ingest.told, within=5)
    posts = [*nhn.ingest.refused, taken]
    assert len({post["hooksId"] for post in posts}) == 2
    assert len({post["hooks"][0]["hookId"] for post in posts}) == 1


async def test_webhooks_may_be_off_repeated_or_late(nhn: Nhn) -> None:
    await nhn.mode(webhooks={"on": False})
    silent = await nhn.send_sms()
    await nhn.sms_done(silent)
    await nhn.mode(webhooks={"repeats": 1, "delay_s": 0.5})
    told = await nhn.send_sms()
    await nhn.sms_done(told)
    assert nhn.ingest.told == []
    await eventually(lambda: len(nhn.ingest.told) == 2, within=5)
    first, second = nhn.ingest.hooks()
    assert first == second
    assert first["requestId"] == told


async def test_a_provider_that_is_down_tells_nothing_later_neither(nhn: Nhn) -> None:
    await nhn.fault("carrier:lgu", "delayed", delay_s={"median": 0.8, "p95": 0.81}, for_s=0.7)
    lost = await nhn.send_sms()
    await nhn.fault("provider:nhn", "down", for_s=2)
    assert (await nhn.sms_done(lost))["resultCode"] == "1000"
    told = await nhn.send_sms()
    await eventually(nhn.ingest.hooks, within=5)
    assert [hook["requestId"] for hook in nhn.ingest.hooks()] == [told]


async def test_the_world_stops_at_once_though_nobody_takes_its_webhooks(nhn: Nhn) -> None:
    nhn.ingest.statuses = [503] * 100
    await nhn.send_sms()
    await eventually(lambda: nhn.ingest.refused, within=5)


async def test_neither_text_nor_number_nor_secret_is_logged(
    nhn: Nhn, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    await nhn.fault("carrier:lgu", "duplicating")
    await nhn.code("POST", f"{SMS}/sms", sms(body="가" * 256))
    await nhn.sms_done(await nhn.send_sms(NOBODY))
    await eventually(nhn.ingest.hooks, within=5)
    shown = "".join(capsys.readouterr()) + caplog.text
    assert "fault set" in shown
    assert not [s for s in (TEXT[5:20], NOBODY, NUMBER, SECRET, WORD) if s in shown]
