"""`python -m services.ingest` with a real Kafka: a receipt is answered once the broker has it."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from services.catalogue import publish
from services.contracts import codec, text, topics
from services.contracts.catalogue import Account, Catalogue, build
from services.contracts.evidence import DeviceSeen, Heartbeat, Record, ReportReceived
from services.contracts.vocabulary import ReportState
from services.runtime.kafka import Address, Producer, create_topics
from services.runtime.kafka_readers import follow
from services.runtime.ops import Health
from simulators import handset_wire as wire
from tests.support import adapters, probing
from tests.support.adapters import Provider, serving
from tests.support.builders import a_probe_id, an_answer
from tests.support.waiting import eventually
from tests.unit.ingest.handset import (
    FORWARDER,
    GATEWAY,
    KEY,
    SECRET,
    TOKEN,
    a_notification,
    a_receiver,
    an_sms,
    write_secrets,
)

STOPS_WITHIN_S = 10.0


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Ingest:
    """The process, its two ports, and the topics behind it."""

    def __init__(self, address: Address, folder: Path) -> None:
        self.address, self.folder = address, folder
        self.port, self.ops = _free_port(), _free_port()
        self.session = aiohttp.ClientSession()
        self.child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process; it may not be ready yet."""
        told = {
            "KAFKA": self.address.options["bootstrap_servers"], "DEVELOPMENT": "true",
            "TOPIC_PREFIX": self.address.prefix, "PORT": str(self.port),
            "OPS_PORT": str(self.ops), "INSTANCE": "i1", "SECRETS_DIR": str(self.folder),
            "ID_KEY": "i" * 32, "CONTENT_KEY": "c" * 32,
        }  # fmt: skip
        environment = os.environ | {f"BONGSU_{name}": value for name, value in told.items()}
        self.child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.ingest", env=environment
        )

    async def ask(self, path: str) -> tuple[int, str]:
        """Status and text of an ops endpoint."""
        async with self.session.get(f"http://127.0.0.1:{self.ops}{path}") as answer:
            return answer.status, await answer.text()

    async def is_ready(self) -> bool:
        """Does /readyz say yes?"""
        return (await self.ask("/readyz"))[0] == 200

    async def post(self, kind: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        """One receipt of `skt-1`."""
        url = f"http://127.0.0.1:{self.port}/v1/receipts/{kind}/skt-1"
        async with self.session.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def sms(self, own_id: str, message: str) -> tuple[int, str]:
        """One signed SMS receipt."""
        body = an_sms(message, own_id)
        return await self.post(GATEWAY, body, wire.gateway_headers(KEY, body, datetime.now(UTC)))

    async def records(self, topic: topics.Topic) -> list[Record]:
        """All that stands in a topic now."""
        enough, found = asyncio.Event(), list[Record]()
        async for fetched, caught_up in follow(self.address, topic, enough):
            found += [codec.decode(r.value, r.headers) for r in fetched]
            if caught_up:
                enough.set()
        return found

    async def stop(self) -> int:
        """SIGTERM; the exit code, within the time every stop has."""
        assert self.child is not None
        self.child.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOPS_WITHIN_S):
            return await self.child.wait()

    async def close(self) -> None:
        """Whatever happened in the test, nothing is left."""
        await self.session.close()
        if self.child is not None:
            if self.child.returncode is None:
                self.child.kill()
            await self.child.wait()


@contextlib.asynccontextmanager
async def _producer(address: Address) -> AsyncIterator[Producer]:
    producer, done = Producer(address, Health(), CollectorRegistry()), asyncio.Event()
    running = asyncio.create_task(producer.run(done))
    await eventually(lambda: producer.connected, within=20)
    yield producer
    done.set()
    await running


async def _apply(address: Address, catalogue: Catalogue) -> None:
    whole = catalogue.model_copy(update={"revision": publish.new_revision(datetime.now(UTC))})
    async with _producer(address) as producer:
        now = datetime.now(UTC)
        await publish.apply(whole, producer, lambda: publish.read_held(address), now, "test")


def _catalogue(provider_url: str) -> Catalogue:
    account = probing.an_account(base_url=provider_url)
    return build(UUID(int=0), [("receiver", a_receiver()), ("account", account)])


@pytest.fixture
async def ingest(kafka_address: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Ingest]:
    address = Address({"bootstrap_servers": kafka_address}, topic_prefix.rstrip("."), True)
    await create_topics(address, topics.ALL)
    (tmp_path / "sens.json").write_text(
        json.dumps({"access_key": "a" * 20, "secret_key": "s" * 20})
    )
    process = Ingest(address, write_secrets(tmp_path))
    yield process
    await process.close()


def _a_fresh_probe() -> tuple[UUID, str]:
    probe_id = a_probe_id(datetime.now(UTC))
    return probe_id, text.probe_text(probe_id, 0)


async def test_receipts_are_in_the_topic_before_they_are_answered(ingest: Ingest) -> None:
    await ingest.start()
    await _apply(ingest.address, _catalogue("http://127.0.0.1:9"))
    await eventually(ingest.is_ready, within=30)
    probe_id, message = _a_fresh_probe()

    began = time.monotonic()
    assert (await ingest.sms("sms-1", message))[0] == 202
    assert time.monotonic() - began < 2
    now = datetime.now(UTC)
    body = a_notification(message, now=now, posted=now)
    headers = wire.forwarder_headers(TOKEN, "skt-1")
    assert await ingest.post(FORWARDER, body, headers) == (200, '{"bongsu":"queued"}')
    cron = wire.forwarder_cron("d", SECRET, datetime.now(UTC))
    assert (await ingest.post(FORWARDER, cron, headers))[0] == 200

    seen = await ingest.records(topics.EVIDENCE)
    assert {(type(r), r.probe_id) for r in seen if isinstance(r, DeviceSeen)} == {
        (DeviceSeen, probe_id)
    }
    assert len(seen) == 2

    async def alive() -> bool:
        beats = await ingest.records(topics.HEARTBEATS)
        sources = {r.source for r in beats if isinstance(r, Heartbeat)}
        return sources == {"ingest/i1", f"observer/skt-1/{FORWARDER}"}

    await eventually(alive, within=10)
    assert 'result="accepted"} 1.0' in (await ingest.ask("/metrics"))[1]
    assert (await ingest.post("../../metrics", b"", {}))[0] in (404, 405)
    assert await ingest.stop() == 0


async def test_without_kafka_phones_are_told_to_come_again(tmp_path: Path) -> None:
    nowhere = Address({"bootstrap_servers": f"127.0.0.1:{_free_port()}"}, "t", True)
    process = Ingest(nowhere, write_secrets(tmp_path))
    try:
        await process.start()
        await eventually(lambda: process.ask("/livez"), within=20)
        status, _ = await process.sms("sms-1", _a_fresh_probe()[1])
        assert status == 503
        assert "kafka" in (await process.ask("/readyz"))[1]
        assert await process.stop() == 0
    finally:
        await process.close()


async def test_an_accepted_message_is_looked_up_and_reported(ingest: Ingest) -> None:
    messages = [{"requestId": "request-1", "statusName": "success", "status": "COMPLETED"}]
    body = json.dumps({"statusCode": "202", "messages": messages})
    provider = Provider(status=200, body=body)
    async with serving(provider) as url:
        await _apply(ingest.address, _catalogue(url))
        probe_id, _ = _a_fresh_probe()
        answer = an_answer(
            account="sens", adapter="sens_sms", provider_message_id="request-1",
            probe_id=probe_id, started_at=datetime.now(UTC), ended_at=datetime.now(UTC),
        )  # fmt: skip
        async with _producer(ingest.address) as producer:
            await producer.send(topics.EVIDENCE, codec.encode(answer))
        await ingest.start()

        async def reported() -> list[ReportReceived]:
            records = await ingest.records(topics.EVIDENCE)
            return [r for r in records if isinstance(r, ReportReceived)]

        (report,) = await eventually(reported, within=30, every=0.5)
        assert (report.probe_id, report.account) == (probe_id, "sens")
        assert report.state in ReportState
        assert any("requestId=request-1" in path for _, path, _, _ in provider.asked)
    assert await ingest.stop() == 0


async def test_a_webhook_is_in_the_topic_before_it_is_answered(
    ingest: Ingest, tmp_path: Path
) -> None:
    setup, case = adapters.setup_of("nhn_sms"), adapters.webhooks("nhn_sms")["webhook_delivered"]
    (tmp_path / "nhn.json").write_text(json.dumps(setup["secret"]))
    account, route = Account(**setup["account"]), probing.a_route(adapter="nhn_sms", account="nhn")
    await ingest.start()
    await _apply(ingest.address, build(UUID(int=0), [("account", account), ("route", route)]))
    await eventually(ingest.is_ready, within=30)
    probe_id, _ = _a_fresh_probe()
    body = json.dumps(case["body"]).replace(str(adapters.PROBE), str(probe_id)).encode()
    headers = adapters.headers_of("nhn_sms", case) | {"Content-Type": "application/json"}
    url = f"http://127.0.0.1:{ingest.port}/reports/nhn_sms/nhn"
    async with ingest.session.post(url, data=body, headers=headers) as answer:
        assert (answer.status, await answer.text()) == (202, '{"bongsu":"queued"}')
    (report,) = await ingest.records(topics.EVIDENCE)
    assert isinstance(report, ReportReceived)
    assert (report.probe_id, report.state) == (probe_id, ReportState.DELIVERED)
    assert await ingest.stop() == 0


async def _raw(port: int, sent: bytes, within: float) -> tuple[bytes, float]:
    """What a connection gets, and how long it lived, when it sends this and then nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    writer.write(sent)
    got = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(within):
            while piece := await reader.read(4096):
                got += piece
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return got, time.monotonic() - began


async def test_clients_that_never_finish_are_closed_while_good_ones_are_served(
    ingest: Ingest,
) -> None:
    await ingest.start()
    await _apply(ingest.address, _catalogue("http://127.0.0.1:9"))
    await eventually(ingest.is_ready, within=30)
    head = f"POST /v1/receipts/{GATEWAY}/skt-1 HTTP/1.1\r\nHost: x\r\n".encode()
    head += b"Content-Type: application/json\r\n"
    slow = [asyncio.create_task(_raw(ingest.port, head + b"Content-Length: 9\r\n\r\n{", 8))
            for _ in range(50)]  # fmt: skip
    assert (await ingest.sms("good", _a_fresh_probe()[1]))[0] == 202
    assert {got for got, _ in await asyncio.gather(*slow)} == {b""}
    assert all(4.5 < lived < 6.5 for _, lived in await asyncio.gather(*slow))

    both = head + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    assert (await _raw(ingest.port, both, 8))[0].startswith(b"HTTP/1.1 400")
    large = head + b"Transfer-Encoding: chunked\r\n\r\n" + b"2000\r\n" + b"x" * 8192 + b"\r\n"
    got, _ = await _raw(ingest.port, large + (b"2000\r\n" + b"x" * 8192 + b"\r\n") * 20, 8)
    assert got.startswith(b"HTTP/1.1 413")
    assert await ingest.stop() == 0
