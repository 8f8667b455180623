"""Kafka for these tests: the shared broker for what hurts nobody, one of our own for faults."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from services.contracts.topics import Topic
from services.local.kafka import EmbeddedKafka, free_ports
from services.runtime.kafka import Address, Producer, create_topics
from services.runtime.ops import Health
from tests.support.waiting import eventually

SMALL = Topic("small", "anything", 2, (), (), {"message.timestamp.type": "LogAppendTime"})
TABLE = Topic("table", "anything", 1, (), (), {"cleanup.policy": "compact"})

Running = Callable[..., AbstractAsyncContextManager[Producer]]


def address_at(bootstrap: str, prefix: str | None = None) -> Address:
    """Plain text, as the embedded broker speaks it."""
    options = {"bootstrap_servers": bootstrap, "request_timeout_ms": 10_000}
    return Address(options | {"metadata_max_age_ms": 30_000}, prefix or f"t{uuid4().hex[:8]}", True)


@pytest.fixture
async def address(kafka_address: str) -> Address:
    """The shared broker, with topics of this test alone."""
    address = address_at(kafka_address)
    await create_topics(address, (SMALL, TABLE))
    return address


class Broker:
    """A broker that a test may freeze, kill and start again."""

    def __init__(self, folder: Path) -> None:
        port, controller = free_ports(2)
        self.kafka = EmbeddedKafka(folder, port, controller)
        self.address = address_at(self.kafka.bootstrap)

    async def start(self) -> None:
        await self.kafka.start()
        await self.kafka.ready()

    def kill(self) -> None:
        self.kafka.kill()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        pid = self.kafka.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of this test alone; not started yet."""
    own = Broker(tmp_path / "kafka")
    yield own
    own.kill()


@pytest.fixture
async def running_broker(broker: Broker) -> Broker:
    """The same, started, with the topics."""
    await broker.start()
    await create_topics(broker.address, (SMALL, TABLE))
    return broker


@pytest.fixture
def health() -> Health:
    return Health()


@contextlib.asynccontextmanager
async def producing(address: Address, health: Health) -> AsyncIterator[Producer]:
    """A producer that runs and is connected; stopped afterwards."""
    stopping = asyncio.Event()
    producer = Producer(address, health, CollectorRegistry())
    running = asyncio.create_task(producer.run(stopping))
    await eventually(lambda: producer.connected, within=20)
    yield producer
    stopping.set()
    await running
