"""The simulated KakaoPay, as a contract partner and a test person meet it; and the adapter on it.

A stand-in for ingest keeps what the phones bring: notifications, and visits of opened documents.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web

from services.adapters.base import LooksUp, Opens
from services.contracts.vocabulary import AnswerResult, ReportState
from services.runtime.errors import Refuse
from simulators.app import run
from simulators.config import SimulatorConfig
from tests.support import adapters as support
from tests.support.waiting import eventually

TITLE = "[봉수] BSP:06FQJ7K3MQ9ZT2XWD4HNCVR5PA"
TOKEN, CONTRACT = "bongsu-test-token-not-real-0001", "CON-bongsu-test-contract-0001"
MEMBER, NO_MEMBER = "01000000001", "01000000002"
QUICK = {"median": 0.02, "p95": 0.05}


@dataclass
class Phones:
    """What the phones bring: bodies of SmsForwarder, and addresses visited."""

    page: int = 200
    shown: list[dict[str, Any]] = field(default_factory=list)
    visits: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            self.visits.append(str(request.rel_url))
            return web.Response(status=self.page)
        body = await request.json()
        if body.get("kind") == "app":
            self.shown.append(body)
        return web.json_response({"bongsu": "queued"})


def world(ingest_url: str) -> SimulatorConfig:
    def phone(name: str, number: str, **more: object) -> dict[str, object]:
        return {
            "id": name, "number": number, "carrier": "skt", "site": "seoul", "gateway_key": "k",
            "forwarder_secret": "s", "forwarder_token": "t", "name": "시험일",
            "birthday": "19000101", "opens_after_s": 0.2, **more,
        }  # fmt: skip

    account = {
        "id": "kpdoc", "provider": "kakaopay-doc", "services": {"edocument": "bongsu"},
        "secret": {"token": TOKEN, "contract_uuid": CONTRACT},
        "senders": [{"sender": "sender:lh-edocument", "channel": "edocument"}],
    }  # fmt: skip
    stages = ("api", "relay", "platform", "report", "wake")
    return SimulatorConfig.model_validate(
        {
            "ingest_url": ingest_url,
            "handsets": [phone("skt-01", MEMBER), phone("skt-02", NO_MEMBER, kakaotalk=False)],
            "accounts": [account],
            "world": {"latencies": dict.fromkeys(stages, QUICK)},
            "unanswered_s": 2,
        }
    )


@dataclass
class KakaoPay:
    url: str
    session: aiohttp.ClientSession
    phones: Phones
    page: str

    async def call(
        self, method: str, path: str, body: object = None, token: str = TOKEN
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}", "Contract-Uuid": CONTRACT}
        data = None if body is None else json.dumps(body).encode()
        async with self.session.request(
            method, self.url + path, data=data, headers=headers
        ) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    def document(self, to: str = MEMBER, **over: Any) -> dict[str, Any]:
        return {
            "title": TITLE, "read_expired_sec": 600, "hash": "0" * 64,
            "receiver": {"phone_number": to, "name": "시험일", "birthday": "19000101"},
            "property": {"link": f"{self.page}/edoc/a/b/c", "cs_number": "0200000001",
                         "cs_name": "봉수 점검", "payload": "what comes back"},
        } | over  # fmt: skip

    async def send(self, **over: Any) -> str:
        status, said = await self.call("POST", "/v1/documents", {"document": self.document(**over)})
        assert status == 200, said
        return str(said["document_binder_uuid"])

    async def status(self, document: str) -> dict[str, Any]:
        status, said = await self.call("GET", f"/v1/documents/{document}/status")
        assert status == 200
        return dict(said)

    async def reaches(self, document: str, word: str, within: float = 10) -> dict[str, Any]:
        async def there() -> dict[str, Any]:
            said = await self.status(document)
            return said if said["doc_box_status"] == word else {}

        return await eventually(there, within=within)

    async def visit(self, times: int = 1) -> tuple[str, str]:
        """Document and token of the person's newest visit."""
        await eventually(lambda: len(self.phones.visits) >= times, within=10)
        query = parse_qs(urlsplit(self.phones.visits[times - 1]).query)
        return query["document_binder_uuid"][0], query["token"][0]


@asynccontextmanager
async def _simulated() -> AsyncIterator[KakaoPay]:
    phones, stop = Phones(), asyncio.Event()
    runner = web.AppRunner(_pages(phones), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        running = asyncio.create_task(run(world(site.name), listener, stop))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            yield KakaoPay(url, session, phones, site.name)
        stop.set()
        await running
    await runner.cleanup()


def _pages(phones: Phones) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", phones.take)
    return app


@pytest.fixture
async def kakaopay() -> AsyncIterator[KakaoPay]:
    async with _simulated() as found:
        yield found


async def test_a_document_goes_from_sent_to_read_with_times_in_epoch_seconds(
    kakaopay: KakaoPay,
) -> None:
    document = await kakaopay.send()
    assert document.startswith("BIN-")
    received = await kakaopay.reaches(document, "RECEIVED")
    assert received["payload"] == "what comes back"
    assert received["doc_box_sent_at"] <= received["doc_box_received_at"]
    (shown,) = await eventually(lambda: kakaopay.phones.shown, within=10)
    assert (shown["pkg"], shown["text"]) == ("com.kakao.talk", TITLE)

    opened, token = await kakaopay.visit()
    assert opened == document
    assert kakaopay.phones.visits[0].startswith("/edoc/a/b/c?")
    status, said = await kakaopay.call("GET", f"/v1/{document}/tokens/{token}")
    assert (status, said["token_status"], said["payload"]) == (200, "USED", "what comes back")
    assert (await kakaopay.status(document))["doc_box_status"] == "RECEIVED"
    reading = {"document": {"is_detail_read": True}}
    assert await kakaopay.call("POST", f"/v1/documents/{document}", reading) == (204, None)
    read = await kakaopay.status(document)
    assert read["doc_box_status"] == "READ"
    times = [read[n] for n in ("authenticated_at", "token_used_at", "doc_box_read_at")]
    assert times == sorted(times)
    assert all(isinstance(at, int) and 10**9 < at < 10**10 for at in times)


async def test_a_token_is_good_once_and_for_its_own_document(kakaopay: KakaoPay) -> None:
    one, two = await kakaopay.send(), await kakaopay.send()
    await eventually(lambda: len(kakaopay.phones.visits) >= 2, within=10)
    document, token = await kakaopay.visit()
    other = two if document == one else one
    assert (await kakaopay.call("GET", f"/v1/{other}/tokens/{token}"))[0] == 400
    assert (await kakaopay.call("GET", f"/v1/{document}/tokens/{token}"))[0] == 200
    status, said = await kakaopay.call("GET", f"/v1/{document}/tokens/{token}")
    assert (status, said["error_code"]) == (400, "E400_01")
    assert (await kakaopay.call("GET", f"/v1/BIN-none/tokens/{token}"))[0] == 404


async def test_a_reading_without_a_checked_token_is_refused(kakaopay: KakaoPay) -> None:
    document = await kakaopay.send()
    reading = {"document": {"is_detail_read": True}}
    assert (await kakaopay.call("POST", f"/v1/documents/{document}", reading))[0] == 400


async def test_nobody_who_is_no_member_or_another_person_gets_a_document(
    kakaopay: KakaoPay,
) -> None:
    stranger = {"phone_number": MEMBER, "name": "남의이름", "birthday": "19000101"}
    expiring = {"read_expired_sec": 3}
    documents = [
        await kakaopay.send(to=NO_MEMBER, **expiring),
        await kakaopay.send(receiver=stranger, **expiring),
    ]
    said = [(await kakaopay.status(document))["doc_box_status"] for document in documents]
    assert said == ["SENT", "SENT"]
    for document in documents:
        expired = await kakaopay.reaches(document, "EXPIRED")
        assert "doc_box_received_at" not in expired
    assert (kakaopay.phones.shown, kakaopay.phones.visits) == ([], [])


async def test_a_phone_that_is_down_gets_and_opens_nothing_until_it_is_back(
    kakaopay: KakaoPay,
) -> None:
    down = {"component": "receiver:skt-01", "state": "down"}
    assert (await kakaopay.call("PUT", "/world/faults", down))[0] == 200
    document = await kakaopay.send()
    await asyncio.wait_for(kakaopay.reaches(document, "SENT"), 5)
    assert kakaopay.phones.visits == []
    await kakaopay.call("DELETE", "/world/faults?component=receiver:skt-01")
    assert (await kakaopay.visit())[0] == document


async def test_a_page_that_says_later_is_visited_again_with_a_new_token(
    kakaopay: KakaoPay,
) -> None:
    kakaopay.phones.page = 503
    await kakaopay.send()
    first, second = await kakaopay.visit(1), await kakaopay.visit(2)
    assert first[0] == second[0]
    assert first[1] != second[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "가" * 41}, {"title": ""}, {"read_expired_at": 1_900_000_000},
        {"read_expired_sec": None}, {"receiver": {"phone_number": MEMBER, "name": "시험일"}},
        {"property": {"link": "https://x", "cs_number": "0200000001", "cs_name": "가"}},
        {"property": {"link": "https://" + "x" * 93, "cs_number": "0200000001", "cs_name": "가"}},
        {"property": {"link": "https://bongsu.example", "cs_number": "02", "cs_name": "가"}},
        {"property": {"link": "https://bongsu.example", "cs_number": "0200000001", "cs_name": "가",
                      "payload": "x" * 201}},
        {"property": {"link": "https://bongsu.example", "cs_number": "0200000001", "cs_name": "가",
                      "message": "x" * 501}},
    ],
)  # fmt: skip
async def test_what_the_contract_cannot_carry_is_a_400(
    kakaopay: KakaoPay, wrong: dict[str, Any]
) -> None:
    body = {"document": kakaopay.document(**wrong)}
    status, said = await kakaopay.call("POST", "/v1/documents", body)
    assert (status, said["error_code"]) == (400, "E400_00")


async def test_a_wrong_token_is_a_401_and_faults_show_at_every_call(kakaopay: KakaoPay) -> None:
    body = {"document": kakaopay.document()}
    assert (await kakaopay.call("POST", "/v1/documents", body, token="wrong"))[0] == 401
    document = await kakaopay.send()
    refusing = {"component": "provider:kakaopay-doc", "state": "refusing"}
    await kakaopay.call("PUT", "/world/faults", refusing)
    assert (await kakaopay.call("POST", "/v1/documents", body))[0] == 503
    assert (await kakaopay.call("GET", f"/v1/documents/{document}/status"))[0] == 503
    await kakaopay.call("PUT", "/world/faults", refusing | {"state": "down"})
    assert (await kakaopay.call("GET", f"/v1/documents/{document}/status"))[0] == 504


async def test_the_adapter_sends_follows_and_reads_a_document_of_it(kakaopay: KakaoPay) -> None:
    async with support.adapter_at("kakao_edocument", kakaopay.url) as adapter:
        assert isinstance(adapter, LooksUp)
        assert isinstance(adapter, Opens)
        message = support.message_of("kakao_edocument", link=f"{kakaopay.page}/edoc/x/y/z")
        sent = await adapter.send(message)
        assert sent.result is AnswerResult.ACCEPTED
        document = sent.provider_message_id
        assert document is not None
        await kakaopay.reaches(document, "RECEIVED")
        (report,) = await adapter.look_up([document])
        assert (report.state, report.code, report.final) == (
            *(ReportState.DELIVERED, "RECEIVED"),
            False,
        )
        _, token = await kakaopay.visit()
        query = {"document_binder_uuid": document, "token": token}
        assert await adapter.admit(query, message.probe_id) == document
        with pytest.raises(Refuse, match="token"):
            await adapter.admit(query, message.probe_id)
        await adapter.report_read(document)
        (read,) = await adapter.look_up([document])
        assert (read.code, read.final, read.reported_at) == ("READ", True, report.reported_at)
