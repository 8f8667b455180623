"""The simulated SENS and the handsets behind it, as their clients meet them: over HTTP.

The checklist of the wire contract, and one journey of every kind to a stand-in for ingest, which
verifies the requests of the phones with its own arithmetic.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr
from yarl import URL

from simulators.app import run
from simulators.config import SimulatorConfig
from tests.support.waiting import eventually

SMS_SERVICE, OTHER_SERVICE = "ncp:sms:kr:111111111111:bongsu", "ncp:sms:kr:222222222222:other"
KKO_SERVICE = "ncp:kkobizmsg:kr:1111111:bongsu"
SMS = f"/sms/v2/services/{SMS_SERVICE}/messages"
KKO = f"/alimtalk/v2/services/{KKO_SERVICE}/messages"
BRAND = f"/brandmessage/v2/services/{KKO_SERVICE}/messages"
KEY, SECRET = "BONGSUACCESSKEY00001", "bongsu-test-secret-key-not-real-0001"
GATEWAY_KEY = "bongsu-test-signing-key-0001-of-32-characters"
FORWARDER_SECRET, FORWARDER_TOKEN = "SEC-bongsu-test-0001", "token-0001"
SENDER, PHONE, PHONE_WITHOUT = "0550000000", "01000000001", "01000000002"
STRANGER = "01000000003"
TEXT = "[봉수] BSP:06FQJ7K3MQ9ZT2XWD4HNCVR5PA 전달 점검, 회신하지 마십시오."
TEMPLATE = "[봉수] #{nonce} 전달 점검, 회신하지 마십시오."
QUICK = {"median": 0.02, "p95": 0.05}


def describe(ingest_url: str) -> SimulatorConfig:
    def handset(id_: str, number: str, **more: object) -> dict[str, object]:
        return {
            "id": id_, "number": number, "carrier": "skt", "site": "seoul",
            "gateway_key": GATEWAY_KEY, "forwarder_secret": FORWARDER_SECRET,
            "forwarder_token": FORWARDER_TOKEN, "heartbeat_s": 0.3, "resend_s": 0.3,
            "first_retry_s": 0.1, **more,
        }  # fmt: skip

    return SimulatorConfig.model_validate(
        {
            "seed": 7,
            "ingest_url": ingest_url,
            "handsets": [
                handset("skt-01", PHONE),
                handset("skt-02", PHONE_WITHOUT, kakaotalk=False),
                handset("skt-03", STRANGER),
            ],
            "night": None,  # tests run at any hour
            "accounts": [
                {
                    "id": "sens",
                    "provider": "sens",
                    "secret": {"access_key": KEY, "secret_key": SECRET},
                    "services": {
                        "alimtalk": KKO_SERVICE,
                        "brandmessage": KKO_SERVICE,
                        "sms": SMS_SERVICE,
                        "lms": SMS_SERVICE,
                    },
                    "senders": [
                        {"sender": "sender:geoje-sms", "channel": "sms", "number": SENDER},
                        {
                            "sender": "sender:geoje-brandmessage",
                            "channel": "brandmessage",
                            "identity": "@geoje",
                            "name": "거제시",
                            "strangers": ["skt-03"],
                        },
                        {
                            "sender": "sender:geoje-alimtalk",
                            "channel": "alimtalk",
                            "identity": "@geoje",
                            "name": "거제시",
                            "templates": [
                                {"code": "probe", "text": TEMPLATE},
                                {"code": "picture", "text": TEMPLATE, "image": True},
                            ],
                        },
                    ],
                }
            ],
            "world": {
                "latencies": {
                    **dict.fromkeys(("api", "relay", "platform", "carrier", "report"), QUICK),
                    **dict.fromkeys(("substitute", "wake", "second_copy"), QUICK),
                }
            },
            "unanswered_s": 5,
        }
    )


@dataclass
class Receipts:
    """A stand-in for ingest: verifies, keeps, answers as told."""

    status: int = 200
    bodies: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    refused: int = 0
    forged: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        raw, kind = await request.read(), request.match_info["kind"]
        if not self._authentic(request, raw, kind):
            self.forged.append(kind)
        if self.status != 200:
            self.refused += 1
            return web.Response(status=self.status)
        self.bodies.append((kind, request.match_info["receiver"], await request.json()))
        answer = '{"bongsu":"queued"}' if kind == "smsforwarder" else ""
        return web.Response(text=answer, status=200 if answer else 202)

    @staticmethod
    def _authentic(request: web.Request, raw: bytes, kind: str) -> bool:
        if kind == "android-sms-gateway":
            stamp = request.headers["X-Timestamp"]
            mac = hmac.new(GATEWAY_KEY.encode(), raw + stamp.encode(), hashlib.sha256).hexdigest()
            return mac == request.headers["X-Signature"] and abs(time.time() - int(stamp)) < 5
        body = re.search(rb'"sent_ms":"(\d+)","sign":"([^"]+)"', raw)
        assert body is not None
        stamp, sign = (part.decode() for part in body.groups())
        message = f"{stamp}\n{FORWARDER_SECRET}".encode()
        mac64 = base64.b64encode(hmac.digest(FORWARDER_SECRET.encode(), message, "sha256"))
        return (
            unquote(sign).encode() == mac64
            and abs(time.time() - int(stamp) / 1000) < 5
            and request.headers["Authorization"] == f"Bearer {FORWARDER_TOKEN}"
            and request.headers["X-Bongsu-Receiver"] == request.match_info["receiver"]
        )

    def of(self, event: str) -> list[dict[str, Any]]:
        """Gateway payloads of an event, or SmsForwarder bodies of a kind."""
        found = []
        for _, _, body in self.bodies:
            if body.get("event") == event:
                found.append(body["payload"])
            if body.get("kind") == event:
                found.append(body)
        return found


@dataclass
class Outside:
    session: aiohttp.ClientSession
    url: str
    receipts: Receipts

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        skew_ms: int = 0,
        secret: str = SECRET,
        deadline: float = 5,
    ) -> tuple[int, Any]:
        """A signed call; status and JSON body (None if empty)."""
        stamp = str(int(time.time() * 1000) + skew_ms)
        text = f"{method} {path}\n{stamp}\n{KEY}".encode()
        sign = base64.b64encode(hmac.digest(secret.encode(), text, "sha256")).decode()
        headers = {
            "x-ncp-apigw-timestamp": stamp,
            "x-ncp-iam-access-key": KEY,
            "x-ncp-apigw-signature-v2": sign,
        }
        return await self.plain(method, path, body, headers, deadline)

    async def plain(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        deadline: float = 5,
    ) -> tuple[int, Any]:
        timeout = aiohttp.ClientTimeout(total=deadline)
        target = URL(self.url + path, encoded=True)
        async with self.session.request(
            method, target, json=body, headers=headers, timeout=timeout
        ) as response:
            raw = await response.read()
            return response.status, await response.json() if raw else None

    async def fault(self, component: str, state: str, **more: object) -> None:
        status, _ = await self.plain(
            "PUT", "/world/faults", {"component": component, "state": state, **more}
        )
        assert status == 200

    async def repair(self) -> None:
        await self.plain("DELETE", "/world/faults")

    async def mode(self, **mode: object) -> None:
        status, _ = await self.plain("PUT", "/world/sens/sens", {"fresh_s": 0, **mode})
        assert status == 200

    async def send_sms(self, to: str = PHONE, **more: object) -> str:
        status, answer = await self.call("POST", SMS, sms(to, **more))
        assert status == 202
        return str(answer["requestId"])

    async def send_alimtalk(self, to: str = PHONE, **more: Any) -> str:
        status, answer = await self.call("POST", KKO, alimtalk(to, **more))
        assert status == 202
        return str(answer["messages"][0]["messageId"])

    async def sms_of(self, request_id: str) -> list[dict[str, Any]]:
        _, answer = await self.call("GET", f"{SMS}?requestId={request_id}")
        return list(answer["messages"])

    async def send_brand(self, to: str = PHONE, message: Any = None, **more: Any) -> str:
        status, answer = await self.call("POST", BRAND, brand(to, message) | more)
        assert status == 202
        return str(answer["messages"][0]["messageId"])

    async def alimtalk_of(self, message_id: str, path: str = KKO) -> dict[str, Any]:
        status, answer = await self.call("GET", f"{path}/{message_id}")
        assert status == 200
        return dict(answer)

    async def completed(self, request_id: str) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            for message in await self.sms_of(request_id):
                if message["status"] == "COMPLETED":
                    return message
            return None

        found: dict[str, Any] = await seen(look)
        return found

    async def settled(self, message_id: str, path: str = KKO) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            found = await self.alimtalk_of(message_id, path)
            return found if found["messageStatusName"] != "processing" else None

        found: dict[str, Any] = await seen(look)
        return found


async def seen(look: Callable[[], Any]) -> Any:
    """What `look` (plain or async) gives once it gives something."""
    return await eventually(look, within=5)


def sms(to: str = PHONE, **more: object) -> dict[str, object]:
    body = {"type": "SMS", "from": SENDER, "content": TEXT, "messages": [{"to": to}]}
    return body | more


def alimtalk(
    to: str = PHONE, content: str = TEXT, template: str = "probe", **more: object
) -> dict[str, object]:
    message = {"to": to, "content": content, **more}
    return {"plusFriendId": "@geoje", "templateCode": template, "messages": [message]}


def brand(to: str = PHONE, message: Any = None) -> dict[str, object]:
    messages = [{"to": to, "content": TEXT} | (message or {})]
    return {"plusFriendId": "@geoje", "messageType": "TEXT", "targeting": "I", "messages": messages}


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    receipts = Receipts()
    async with _ingest(receipts) as ingest_url, aiohttp.ClientSession() as session:
        listener = socket.create_server(("127.0.0.1", 0))
        stop = asyncio.Event()
        running = asyncio.create_task(run(describe(ingest_url), listener, stop))
        found = Outside(session, f"http://127.0.0.1:{listener.getsockname()[1]}", receipts)
        await found.mode()
        yield found
        stop.set()
        async with asyncio.timeout(3):
            await running
    assert receipts.forged == []


@asynccontextmanager
async def _ingest(receipts: Receipts) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/receipts/{kind}/{receiver}", receipts.take)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    await runner.cleanup()


# 1, 2: who may call.


async def test_a_call_that_is_not_authentic_is_answered_by_the_gateway(outside: Outside) -> None:
    for answer in (
        await outside.call("POST", SMS, sms(), secret="another"),
        await outside.call("POST", SMS, sms(), skew_ms=301_000),
        await outside.call("POST", SMS, sms(), skew_ms=-301_000),
        await outside.plain("POST", SMS, sms()),
    ):
        status, body = answer
        assert status == 401
        assert body["error"]["errorCode"] == "200"
        assert set(body["error"]) == {"errorCode", "message", "details"}
    assert (await outside.call("POST", SMS, sms(), skew_ms=-298_000))[0] == 202


async def test_the_signature_covers_the_path_as_it_was_escaped(outside: Outside) -> None:
    escaped = SMS.replace(":", "%3A")
    assert (await outside.call("POST", escaped, sms()))[0] == 202


@pytest.mark.parametrize("service", [OTHER_SERVICE, KKO_SERVICE])
async def test_a_foreign_service_is_forbidden(outside: Outside, service: str) -> None:
    status, body = await outside.call("POST", f"/sms/v2/services/{service}/messages", sms())
    assert status == 403
    assert (body["status"], body["error"]) == (403, "Forbidden")
    assert "serviceId" in body["message"]


# 3, 4, 7: SMS.


async def test_an_sms_send_gives_a_request_id_and_no_message_id(outside: Outside) -> None:
    status, answer = await outside.call("POST", SMS, sms())
    assert status == 202
    assert set(answer) == {"requestId", "requestTime", "statusCode", "statusName"}
    assert answer["requestId"].startswith("RSLA-")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", answer["requestTime"])
    korean = datetime.fromisoformat(answer["requestTime"] + "+09:00")
    assert abs(korean.timestamp() - time.time()) < 5
    assert (answer["statusCode"], answer["statusName"]) == ("202", "success")


async def test_a_list_is_empty_directly_after_the_send(outside: Outside) -> None:
    await outside.mode(fresh_s=60)
    request_id = await outside.send_sms()
    status, answer = await outside.call("GET", f"{SMS}?requestId={request_id}")
    assert (status, answer["messages"], answer["itemCount"]) == (200, [], 0)
    await outside.mode(fresh_s=60, fresh_answer="not-found")
    assert await outside.call("GET", f"{SMS}?requestId={request_id}") == (404, None)
    await outside.mode()
    assert len(await outside.sms_of(request_id)) == 1


async def test_an_sms_goes_from_ready_over_processing_to_completed(outside: Outside) -> None:
    request_id = await outside.send_sms()
    seen_states: list[str] = []

    async def look() -> dict[str, Any] | None:
        (message,) = await outside.sms_of(request_id)
        seen_states.append(message["status"])
        done = message["status"] == "COMPLETED"
        assert ("statusCode" in message) is done
        assert ("completeTime" in message) is done
        return message if done else None

    message = await seen(look)
    order = ["READY", "PROCESSING", "COMPLETED"]
    assert sorted(seen_states, key=order.index) == seen_states
    assert (message["statusCode"], message["statusName"]) == ("0", "success")
    assert (message["telcoCode"], message["from"], message["to"]) == ("SKT", SENDER, PHONE)
    pattern = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    assert re.fullmatch(pattern, message["requestTime"])
    assert re.fullmatch(pattern, message["completeTime"])
    status, one = await outside.call("GET", f"{SMS}/{message['messageId']}")
    assert (status, one["statusCode"], one["messages"][0]["content"]) == (200, "200", TEXT)
    assert one["messages"][0]["statusCode"] == "0"


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": "가" * 46},
        {"content": "emoji 😀"},
        {"from": "0550000009"},
        {"messages": [{"to": PHONE}] * 101},
        {"messages": []},
        {"messages": [{"to": "010-0000-0001"}]},
        {"type": "FAX"},
    ],
)
async def test_a_wrong_body_is_refused_by_field(outside: Outside, wrong: dict[str, Any]) -> None:
    status, body = await outside.call("POST", SMS, sms() | wrong)
    assert status == 400
    assert set(body) == {"status", "errors", "errorMessage"}
    (name,) = wrong
    assert body["errors"].startswith(name)


async def test_a_list_holds_every_message_of_the_request_it_names(outside: Outside) -> None:
    body = sms() | {"messages": [{"to": PHONE}] * 3 + [{"to": PHONE_WITHOUT}]}
    _, answer = await outside.call("POST", SMS, body)
    _, page = await outside.call("GET", f"{SMS}?requestId={answer['requestId']}")
    assert [one["to"] for one in page["messages"]] == [PHONE] * 3 + [PHONE_WITHOUT]
    assert (page["itemCount"], page["hasMore"], page["nextToken"]) == (4, False, None)
    assert (await outside.call("GET", SMS))[0] == 400


async def test_a_number_nobody_has_fails_with_its_code(outside: Outside) -> None:
    message = await outside.completed(await outside.send_sms("01000000099"))
    assert (message["statusCode"], message["statusName"]) == ("3001", "fail")


# 5: Alimtalk.


async def test_an_alimtalk_is_judged_by_recipient(outside: Outside) -> None:
    messages = [{"to": PHONE, "content": TEXT}, {"to": PHONE, "content": "다른 말"}]
    status, answer = await outside.call("POST", KKO, alimtalk() | {"messages": messages})
    assert (status, answer["statusName"]) == (202, "processing")
    good, bad = answer["messages"]
    assert (good["requestStatusCode"], bad["requestStatusCode"]) == ("A000", "A003")
    assert good["messageId"]
    assert bad["messageId"] is None
    _, listed = await outside.call("GET", f"{KKO}?requestId={answer['requestId']}")
    assert [one["messageId"] for one in listed["messages"]] == [good["messageId"]]


async def test_an_alimtalk_is_processing_first_and_then_has_a_code(outside: Outside) -> None:
    await outside.fault("platform:kakaotalk", "delayed", delay_s={"median": 0.3, "p95": 0.31})
    message_id = await outside.send_alimtalk()
    first = await outside.alimtalk_of(message_id)
    assert first["messageStatusName"] == "processing"
    assert not {"messageStatusCode", "completeTime", "failover"} & set(first)
    done = await outside.settled(message_id)
    assert (done["messageStatusCode"], done["messageStatusName"]) == ("0000", "success")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", done["completeTime"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", done["requestTime"])
    assert "failover" not in done


@pytest.mark.parametrize("wrong", [{"plusFriendId": "@other"}, {"templateCode": "other"}])
async def test_an_unknown_channel_or_template_is_refused(
    outside: Outside, wrong: dict[str, str]
) -> None:
    assert (await outside.call("POST", KKO, alimtalk() | wrong))[0] == 400


async def test_a_failed_alimtalk_really_sends_its_substitute(outside: Outside) -> None:
    substitute = {"type": "SMS", "from": SENDER, "content": TEXT.replace("06F", "07F")}
    wish = {"useSmsFailover": True, "failoverConfig": substitute}
    message_id = await outside.send_alimtalk(PHONE_WITHOUT, **wish)
    failed = await outside.settled(message_id)
    assert (failed["messageStatusCode"], failed["messageStatusName"]) == ("3019", "fail")

    async def look() -> dict[str, Any] | None:
        inner = (await outside.alimtalk_of(message_id)).get("failover", {})
        return inner if inner.get("messageStatus") == "COMPLETED" else None

    inner = await seen(look)
    assert (inner["requestStatusCode"], inner["messageStatusCode"]) == ("202", "0")
    assert inner["smsServiceId"] == SMS_SERVICE
    (listed,) = await outside.sms_of(inner["requestId"])
    assert listed["messageId"] == inner["messageId"]
    payload = (await seen(lambda: outside.receipts.of("sms:received")))[0]
    assert payload["message"] == f"[Web발신]\n{substitute['content']}"


@pytest.mark.parametrize(
    ("wish", "code", "goes"), [(False, "3018", False), (True, "3018", True), (True, "B001", False)]
)
async def test_a_substitute_needs_a_wish_and_no_code_of_sens_itself(
    outside: Outside, wish: bool, code: str, goes: bool
) -> None:
    await outside.mode(fail_codes={"alimtalk": code})
    message_id = await outside.send_alimtalk(useSmsFailover=wish)
    done = await outside.settled(message_id)
    assert (done["messageStatusCode"], done["useSmsFailover"]) == (code, wish)

    async def look() -> bool:
        return "failover" in await outside.alimtalk_of(message_id)

    if goes:
        await seen(look)
    else:  # a message sent later has passed all its stages: the substitute would be there too
        await outside.mode()
        await outside.settled(await outside.send_alimtalk())
        await outside.completed(await outside.send_sms())
        assert not await look()


# Brand messages.


async def test_a_brand_message_is_accepted_carried_and_shown_with_its_type(
    outside: Outside,
) -> None:
    status, answer = await outside.call("POST", BRAND, brand())
    assert (status, answer["statusCode"], answer["statusName"]) == (202, "202", "processing")
    (told,) = answer["messages"]
    assert (told["requestStatusCode"], told["useSmsFailover"]) == ("A000", False)
    assert "content" not in told
    done = await outside.settled(told["messageId"], BRAND)
    assert (done["messageStatusCode"], done["messageStatusName"]) == ("0000", "success")
    assert (done["messageType"], done["plusFriendId"], done["content"]) == ("TEXT", "@geoje", TEXT)
    assert "templateCode" not in done
    (body,) = await seen(lambda: outside.receipts.of("app"))
    assert (body["title"], body["text"]) == ("거제시", TEXT)
    _, listed = await outside.call("GET", f"{BRAND}?requestId={answer['requestId']}")
    assert [one["messageId"] for one in listed["messages"]] == [told["messageId"]]


async def test_a_message_of_one_kind_is_not_found_among_those_of_another(outside: Outside) -> None:
    message_id = await outside.send_brand()
    assert (await outside.call("GET", f"{KKO}/{message_id}"))[0] == 404
    alimtalk_id = await outside.send_alimtalk()
    assert (await outside.call("GET", f"{BRAND}/{alimtalk_id}"))[0] == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"plusFriendId": "@other"}, "plusFriendId"),
        ({"messageType": "FAX"}, "messageType"),
        ({"targeting": "X"}, "targeting"),
        ({"messages": [{"to": PHONE, "content": "가" * 1_301}]}, "messages"),
        ({"messages": [{"to": PHONE, "content": ""}]}, "messages"),
        ({"messages": []}, "messages"),
    ],
)
async def test_a_wrong_brand_message_is_refused_by_field(
    outside: Outside, wrong: dict[str, Any], field: str
) -> None:
    status, body = await outside.call("POST", BRAND, brand() | wrong)
    assert status == 400
    assert body["errors"].startswith(field)
    await outside.send_brand(message={"content": "가" * 1_300})


@pytest.mark.parametrize(
    ("to", "more", "code"),
    [
        (STRANGER, {}, "3018"),  # no friend of the channel
        (PHONE_WITHOUT, {}, "3019"),
        (PHONE, {"targeting": "N"}, "3050"),  # the channel has no 080 number
        (PHONE, {"targeting": "M"}, "1028"),
    ],
)
async def test_a_brand_message_that_reaches_nobody_fails_with_its_code(
    outside: Outside, to: str, more: dict[str, Any], code: str
) -> None:
    done = await outside.settled(await outside.send_brand(to, **more), BRAND)
    assert (done["messageStatusCode"], done["messageStatusName"]) == (code, "fail")
    assert outside.receipts.of("app") == []


@pytest.mark.parametrize("code", ["B004", "3022"])
async def test_the_quota_of_brand_messages_is_no_alimtalks(outside: Outside, code: str) -> None:
    await outside.mode(fail_codes={"brandmessage": code})
    done = await outside.settled(await outside.send_brand(), BRAND)
    assert done["messageStatusCode"] == code
    assert (await outside.settled(await outside.send_alimtalk()))["messageStatusCode"] == "0000"


async def test_a_failed_brand_message_sends_the_substitute_it_asked_for(outside: Outside) -> None:
    substitute = {"type": "LMS", "from": SENDER, "subject": "점검", "content": TEXT}
    wish = {"useSmsFailover": True, "failoverConfig": substitute}
    await outside.send_brand(STRANGER, wish)
    (payload,) = await seen(lambda: outside.receipts.of("mms:downloaded"))
    assert (payload["subject"], payload["body"]) == ("점검", f"[Web발신]\n{TEXT}")


@pytest.mark.parametrize(
    ("function", "kind", "hit"),
    [
        ("brandmessage", "TEXT", True),
        ("text", "TEXT", True),
        ("media", "TEXT", False),
        ("media", "IMAGE", True),
    ],
)
async def test_a_fault_of_a_function_hits_the_brand_messages_that_use_it(
    outside: Outside, function: str, kind: str, hit: bool
) -> None:
    await outside.fault("platform:kakaotalk", "refusing", function=function)
    done = await outside.settled(await outside.send_brand(messageType=kind), BRAND)
    assert done["messageStatusCode"] == ("9998" if hit else "0000")


@pytest.mark.parametrize(("template", "code"), [("probe", "0000"), ("picture", "9998")])
async def test_without_media_only_the_alimtalk_whose_template_has_an_image_fails(
    outside: Outside, template: str, code: str
) -> None:
    await outside.fault("platform:kakaotalk", "refusing", function="media")
    message_id = await outside.send_alimtalk(template=template)
    assert (await outside.settled(message_id))["messageStatusCode"] == code


# 6: modes.


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ("quota-exceeded", 429, "400"),
        ("throttled", 429, "410"),
        ("rate-limited", 429, "420"),
        ("unavailable", 503, "500"),
        ("unexpected", 500, "900"),
    ],
)
async def test_the_gateway_refuses_as_it_is_told(
    outside: Outside, answer: str, status: int, code: str
) -> None:
    await outside.mode(answer=answer)
    got, body = await outside.call("POST", SMS, sms())
    assert (got, body["error"]["errorCode"]) == (status, code)
    assert outside.receipts.of("sms:received") == []


async def test_a_504_may_come_after_the_message_went(outside: Outside) -> None:
    await outside.mode(answer="timeout-after-send")
    status, body = await outside.call("POST", SMS, sms())
    assert (status, body["error"]["errorCode"]) == (504, "510")
    await seen(lambda: outside.receipts.of("sms:received"))


async def test_an_accepted_message_may_arrive_and_never_be_reported(outside: Outside) -> None:
    await outside.mode(reports=False)
    message_id = await outside.send_alimtalk()
    await seen(lambda: outside.receipts.of("app"))
    await outside.mode()
    await outside.settled(await outside.send_alimtalk())
    assert (await outside.alimtalk_of(message_id))["messageStatusName"] == "processing"


@pytest.mark.parametrize("code", ["3020", "B004"])
async def test_an_accepted_message_fails_with_the_code_that_is_asked_for(
    outside: Outside, code: str
) -> None:
    await outside.mode(fail_codes={"alimtalk": code})
    done = await outside.settled(await outside.send_alimtalk())
    assert (done["messageStatusCode"], done["messageStatusName"]) == (code, "fail")


# Faults show at the front end.


@pytest.mark.parametrize("component", ["provider:sens", "account:sens", "sender:geoje-sms"])
async def test_what_is_down_gives_no_answer_until_it_is_repaired(
    outside: Outside, component: str
) -> None:
    await outside.fault(component, "down")
    with pytest.raises(TimeoutError):
        await outside.call("POST", SMS, sms(), deadline=0.3)
    await outside.repair()
    await outside.completed(await outside.send_sms())
    assert len(outside.receipts.of("sms:received")) <= 1


@pytest.mark.parametrize(
    ("component", "status"),
    [("provider:sens", 503), ("account:sens", 401), ("sender:geoje-sms", 400)],
)
async def test_what_refuses_refuses_at_the_api(
    outside: Outside, component: str, status: int
) -> None:
    await outside.fault(component, "refusing")
    assert (await outside.call("POST", SMS, sms()))[0] == status


async def test_a_platform_that_is_down_swallows_what_was_accepted(outside: Outside) -> None:
    await outside.fault("platform:kakaotalk", "down")
    lost = await outside.send_alimtalk(useSmsFailover=True)
    await outside.completed(await outside.send_sms())
    found = await outside.alimtalk_of(lost)
    assert found["messageStatusName"] == "processing"
    assert "failover" not in found
    assert outside.receipts.of("app") == []
    await outside.repair()
    await outside.settled(await outside.send_alimtalk())
    assert len(await seen(lambda: outside.receipts.of("app"))) == 1


async def test_an_unknown_component_is_refused_with_its_neighbours(outside: Outside) -> None:
    body = {"component": "platform:kakaotak", "state": "down"}
    status, answer = await outside.plain("PUT", "/world/faults", body)
    assert status == 404
    assert "platform:kakaotalk" in answer["error"]
    for impossible in (
        {"component": "receiver:skt-01", "state": "lossy"},
        {"component": "carrier:skt", "state": "down", "function": "openchat"},
        {"component": "carrier:skt", "state": "asleep"},
    ):
        assert (await outside.plain("PUT", "/world/faults", impossible))[0] == 400


async def test_faults_are_listed_and_end_by_themselves(outside: Outside) -> None:
    await outside.fault("carrier:skt", "loaded", factor=3, for_s=0.2)
    _, listed = await outside.plain("GET", "/world/faults")
    assert [one["component"] for one in listed["faults"]] == ["carrier:skt"]

    async def gone() -> bool:
        return bool((await outside.plain("GET", "/world/faults"))[1] == {"faults": []})

    await eventually(gone, within=3)


async def test_the_control_address_answers_with_nothing(outside: Outside) -> None:
    assert await outside.plain("GET", "/control") == (204, None)
    assert await outside.plain("GET", "/healthz") == (200, {"status": "ok"})


# The hold switch.


async def test_held_calls_get_no_answer_and_the_first_of_them_are_delivered(
    outside: Outside,
) -> None:
    await outside.plain("POST", "/world/hold")
    calls = [asyncio.create_task(outside.call("POST", KKO, alimtalk())) for _ in range(5)]

    async def held() -> bool:
        return bool((await outside.plain("GET", "/world/hold"))[1] == {"held": 5})

    await eventually(held, within=3)
    for call in calls[:4]:
        call.cancel()
    _, told = await outside.plain("POST", "/world/deliver", {"count": 3})
    assert told == {"carried": 3, "dropped": 2}
    await eventually(lambda: len(outside.receipts.of("app")) == 3, within=3)
    assert not calls[4].done()
    assert (await outside.plain("POST", "/world/release"))[1] == {"carried": 0}
    status, _ = await calls[4]
    assert status == 202
    await outside.settled(await outside.send_alimtalk())
    await eventually(lambda: len(outside.receipts.of("app")) == 4, within=3)


# Handsets.


async def test_an_sms_is_told_by_the_gateway_app(outside: Outside) -> None:
    await outside.send_sms()
    (payload,) = await seen(lambda: outside.receipts.of("sms:received"))
    assert payload["message"] == f"[Web발신]\n{TEXT}"
    assert (payload["sender"], payload["recipient"], payload["simNumber"]) == (SENDER, PHONE, 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+09:00", payload["receivedAt"])


async def test_a_long_message_is_told_as_a_downloaded_mms(outside: Outside) -> None:
    await outside.call("POST", SMS, sms(type="LMS", content=TEXT + " 긴 글" * 20, subject="점검"))
    (payload,) = await seen(lambda: outside.receipts.of("mms:downloaded"))
    assert payload["subject"] == "점검"
    assert payload["body"].startswith("[Web발신]\n[봉수]")


async def test_a_kakaotalk_notification_is_told_by_the_forwarder(outside: Outside) -> None:
    await outside.send_alimtalk()
    (body,) = await seen(lambda: outside.receipts.of("app"))
    assert (body["title"], body["text"], body["device"]) == ("거제시", TEXT, "skt-01")
    assert outside.receipts.of("sms:received") == []


async def test_both_apps_beat_on_their_own(outside: Outside) -> None:
    await seen(lambda: len(outside.receipts.of("system:ping")) >= 4)
    await seen(lambda: len(outside.receipts.of("cron")) >= 4)
    await outside.fault("observer:skt-01/smsforwarder", "down")
    outside.receipts.bodies.clear()
    await seen(lambda: sum(kind == "smsforwarder" for kind, _, _ in outside.receipts.bodies) >= 3)
    senders = {(kind, receiver) for kind, receiver, _ in outside.receipts.bodies[1:]}
    assert ("android-sms-gateway", "skt-01") in senders
    assert ("smsforwarder", "skt-02") in senders
    assert ("smsforwarder", "skt-01") not in senders


async def test_the_gateway_repeats_an_event_with_its_id_until_it_is_taken(outside: Outside) -> None:
    outside.receipts.status = 503
    await outside.send_sms()
    await seen(lambda: outside.receipts.refused >= 6)
    outside.receipts.status = 200
    await seen(lambda: outside.receipts.of("sms:received"))
    await outside.completed(await outside.send_sms())
    await seen(lambda: len(outside.receipts.of("sms:received")) >= 2)
    ids = [b["id"] for _, _, b in outside.receipts.bodies if b.get("event") == "sms:received"]
    assert len(ids) == len(set(ids)) == 2


async def test_the_forwarder_resends_what_failed_by_its_task_only(outside: Outside) -> None:
    outside.receipts.status = 503
    await outside.send_alimtalk()
    await seen(lambda: outside.receipts.refused >= 6)
    outside.receipts.status = 200
    (body,) = await seen(lambda: outside.receipts.of("app"))
    posted = datetime.strptime(body["received"], "%Y-%m-%dT%H:%M:%S%z").timestamp()
    assert int(body["sent_ms"]) / 1000 >= posted


async def test_a_dead_phone_gets_its_messages_when_it_is_back(outside: Outside) -> None:
    await outside.fault("receiver:skt-01", "down")
    request_id, message_id = await outside.send_sms(), await outside.send_alimtalk()
    await outside.completed(await outside.send_sms(PHONE_WITHOUT))
    assert (await outside.sms_of(request_id))[0]["status"] == "PROCESSING"
    await outside.repair()
    await outside.completed(request_id)
    await outside.settled(message_id)
    await seen(lambda: len(outside.receipts.of("sms:received")) == 2)
    await seen(lambda: outside.receipts.of("app"))


async def test_an_sms_of_a_dead_app_is_told_later_and_a_notification_never(
    outside: Outside,
) -> None:
    await outside.fault("observer:skt-01/smsforwarder", "down")
    await outside.fault("observer:skt-01/android-sms-gateway", "down")
    await outside.settled(await outside.send_alimtalk())
    await outside.completed(await outside.send_sms())
    assert outside.receipts.of("sms:received") == []
    await outside.repair()
    await seen(lambda: outside.receipts.of("sms:received"))
    await outside.settled(await outside.send_alimtalk())
    assert len(await seen(lambda: outside.receipts.of("app"))) == 1


async def test_a_site_that_is_down_keeps_the_receipts_of_its_phones_back(outside: Outside) -> None:
    await outside.fault("site:seoul", "down")
    await outside.settled(await outside.send_alimtalk())
    await outside.completed(await outside.send_sms())
    assert (outside.receipts.of("app"), outside.receipts.of("sms:received")) == ([], [])
    await outside.repair()
    await seen(lambda: outside.receipts.of("app"))
    await seen(lambda: outside.receipts.of("sms:received"))


async def test_neither_text_nor_number_is_logged(
    outside: Outside, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    outside.receipts.status = 503
    await outside.fault("carrier:skt", "duplicating")
    await outside.send_alimtalk()
    await outside.send_sms("01000000099")
    await outside.call("POST", SMS, sms(content="가" * 99))
    await seen(lambda: outside.receipts.refused >= 6)
    shown = "".join(capsys.readouterr()) + caplog.text
    assert "fault set" in shown
    for secret in (TEXT[5:20], PHONE, SENDER, SECRET, GATEWAY_KEY, FORWARDER_TOKEN):
        assert secret not in shown


# The process.


async def simulators(**settings: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulators"),
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_process_stops_at_once_though_a_call_waits_for_its_answer(
    tmp_path: Path,
) -> None:
    described = describe("http://127.0.0.1:9").model_dump(mode="python")
    file = tmp_path / "world.json"
    file.write_text(json.dumps(described, default=_plain), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    process = await simulators(BONGSU_SIM_CONFIG=str(file), BONGSU_SIM_PORT=port)
    async with aiohttp.ClientSession() as session:
        outside = Outside(session, f"http://127.0.0.1:{port}", Receipts())

        async def ready() -> bool:
            return (await outside.plain("GET", "/healthz"))[0] == 200

        await eventually(ready, within=10)
        await outside.fault("provider:sens", "down")
        waiting = asyncio.create_task(outside.call("POST", SMS, sms()))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 0.3)
        process.terminate()
        async with asyncio.timeout(3):
            _, errors = await process.communicate()
        assert (await waiting)[0] == 504
    assert process.returncode == 0
    assert b"Traceback" not in errors


def _plain(value: object) -> object:
    """Secrets in clear, as the file that the local stack writes holds them."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({}, 4, "BONGSU_SIM_CONFIG"),
        ({"BONGSU_SIM_CONFIG": "absent.json"}, 3, "absent.json"),
        ({"BONGSU_SIM_CONFIG": "absent.json", "BONGSU_SIM_PORT": "x"}, 4, "BONGSU_SIM_PORT"),
    ],
)
async def test_the_process_says_in_one_sentence_what_is_wrong(
    settings: dict[str, str], code: int, words: str
) -> None:
    process = await simulators(**settings)
    async with asyncio.timeout(10):
        said = b"".join(await process.communicate()).decode()
    assert process.returncode == code
    assert words in said
    assert "Traceback" not in said
