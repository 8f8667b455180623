"""`python -m services.probe` from start to stop: it ends in time, whatever state it is in."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from services.catalogue import publish
from services.contracts.topics import ALL
from services.runtime.kafka import Address, Producer, create_topics
from services.runtime.ops import Health
from tests.support.probing import a_catalogue, a_route, an_account, write_secrets
from tests.support.waiting import eventually

STOPS_WITHIN_S = 10.0


class Process:
    """The process, and what it says on its ops port."""

    def __init__(self, child: asyncio.subprocess.Process, port: int) -> None:
        self._child, self._url = child, f"http://127.0.0.1:{port}"

    async def ask(self, path: str) -> tuple[int, str]:
        """Status and text of an ops endpoint."""
        async with aiohttp.ClientSession() as session, session.get(self._url + path) as answer:
            return answer.status, await answer.text()

    async def alive(self) -> bool:
        """Does the ops port answer?"""
        return (await self.ask("/livez"))[0] == 200

    async def stop(self) -> int:
        """SIGTERM; the exit code, within the time every stop has."""
        self._child.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOPS_WITHIN_S):
            return await self._child.wait()

    async def kill(self) -> None:
        """Whatever happened in the test, nothing is left."""
        if self._child.returncode is None:
            self._child.kill()
        await self._child.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    started: list[Process] = []

    async def start(kafka: str, prefix: str) -> Process:
        port = _free_port()
        told = {
            "KAFKA": kafka, "TOPIC_PREFIX": prefix, "DEVELOPMENT": "true", "OPS_PORT": str(port),
            "INSTANCE": "one", "SECRETS_DIR": str(write_secrets(tmp_path)),
            "ID_KEY": "i" * 32, "CONTENT_KEY": "c" * 32, "HEARTBEAT_S": "1",
        }  # fmt: skip
        environment = os.environ | {f"BONGSU_{name}": value for name, value in told.items()}
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.probe", env=environment
        )
        started.append(Process(child, port))
        return started[-1]

    yield start
    for process in started:
        await process.kill()


async def test_a_process_that_cannot_reach_kafka_is_not_ready_and_stops_in_time(run: Any) -> None:
    process = await run(f"127.0.0.1:{_free_port()}", "t")
    await eventually(process.alive, within=15)
    status, reasons = await process.ask("/readyz")
    assert status == 503
    assert "kafka" in reasons
    assert await process.stop() == 0


async def test_a_process_sends_on_its_own_records_what_it_met_and_stops_in_time(
    run: Any, kafka_address: str, topic_prefix: str
) -> None:
    address = Address({"bootstrap_servers": kafka_address}, topic_prefix.rstrip("."), True)
    await create_topics(address, ALL)
    process = await run(kafka_address, address.prefix)
    await eventually(process.alive, within=15)
    assert "catalogue" in (await process.ask("/readyz"))[1]
    nobody = an_account(base_url=f"http://127.0.0.1:{_free_port()}")
    route = a_route(adapter="sens_sms", interval_s=1)
    await _apply(address, a_catalogue(route, accounts=(nobody,)))

    async def answered() -> bool:
        wanted = 'bongsu_probe_answered_total{channel="sms",provider="sens",result="unreachable"}'
        return bool(wanted in (await process.ask("/metrics"))[1])

    async def ready() -> bool:
        return bool((await process.ask("/readyz"))[0] == 200)

    await eventually(ready, within=20)
    await eventually(answered, within=20)
    assert await process.stop() == 0


async def _apply(address: Address, catalogue: Any) -> None:
    producer, done = Producer(address, Health(), CollectorRegistry()), asyncio.Event()
    running = asyncio.create_task(producer.run(done))
    await eventually(lambda: producer.connected, within=10)
    revision = publish.new_revision(datetime.now(UTC))
    whole = catalogue.model_copy(update={"revision": revision})
    await publish.apply(
        whole, producer, lambda: publish.read_held(address), datetime.now(UTC), "test"
    )
    done.set()
    await running
