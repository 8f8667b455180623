"""Real processes of alerting, and records for them on a real Kafka."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
from prometheus_client import CollectorRegistry

from services.alerting.metrics import Metrics
from services.alerting.storing.consumer import TOPICS, Consumer
from services.alerting.storing.deadletters import DeadLetters
from services.alerting.storing.owned import Owned, Place
from services.catalogue import publish
from services.catalogue.load import load
from services.contracts import codec, topics
from services.contracts.evidence import Heartbeat, Record
from services.local.kafka import free_ports
from services.runtime.kafka import Address, Producer
from services.runtime.kafka_readers import GroupReader
from services.runtime.ops import Health
from services.storage.pool import Pool
from tests.integration.alerting.scene import CONTENT_KEY
from tests.support.builders import SLOT
from tests.support.commands import ROOT
from tests.support.memory import MemoryPublisher
from tests.support.waiting import eventually

STOPS_WITHIN_S = 10.0
AT_ONCE = 500


@dataclass
class Process:
    """One `python -m services.alerting`; `log` is what it has said."""

    kafka: str
    prefix: str
    dsn: str
    instance: str = "one"
    env: dict[str, str] = field(default_factory=dict)

    async def start(self) -> None:
        """Start it (again) on the same ports."""
        if not hasattr(self, "port"):
            self.port, self.answers_port = free_ports(2)
        told = {
            "KAFKA": self.kafka, "TOPIC_PREFIX": self.prefix, "DEVELOPMENT": "true",
            "OPS_PORT": str(self.port), "ANSWERS_PORT": str(self.answers_port),
            "INSTANCE": self.instance, "POSTGRES": self.dsn, "CONTENT_KEY": "c" * 32,
            "ID_KEY": "i" * 32, "SECRETS_DIR": "/nonexistent", **self.env,
        }  # fmt: skip
        self.child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.alerting",
            env=os.environ | {f"BONGSU_{name}": value for name, value in told.items()},
        )  # fmt: skip

    async def ask(self, path: str, port: int | None = None) -> tuple[int, str]:
        """Status and text of an ops endpoint, or of another port's."""
        url = f"http://127.0.0.1:{port or self.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()

    async def alive(self) -> bool:
        """Is /livez content?"""
        return (await self.ask("/livez"))[0] == 200

    async def ready(self) -> bool:
        """Is /readyz content?"""
        return (await self.ask("/readyz"))[0] == 200

    async def stop(self) -> int:
        """SIGTERM; the exit code, within the time every stop has."""
        self.child.send_signal(signal.SIGTERM)
        return await self.ended(STOPS_WITHIN_S)

    async def ended(self, within: float) -> int:
        """The exit code."""
        async with asyncio.timeout(within):
            return await self.child.wait()

    async def kill(self) -> None:
        """kill -9, and collect what is left."""
        if self.child.returncode is None:
            self.child.kill()
        await self.child.wait()


@contextlib.asynccontextmanager
async def process(
    kafka: str, prefix: str, dsn: str, instance: str = "one", **env: str
) -> AsyncIterator[Process]:
    """A started process; nothing of it is left afterwards."""
    made = Process(kafka, prefix, dsn, instance, env)
    await made.start()
    try:
        yield made
    finally:
        await made.kill()


class Member:
    """One storing instance of the group."""

    def __init__(self, address: Address, pool: Pool) -> None:
        self.registry, self.health = CollectorRegistry(), Health()
        self.metrics, self.owned = Metrics(self.registry), Owned(address)
        letters = DeadLetters(MemoryPublisher(), self.metrics, CONTENT_KEY, 5)
        consumer = Consumer(self.owned, pool, letters, self.metrics, self.health)
        self._reader = GroupReader(address, "store", TOPICS, consumer, self.health)

    def stands_at(self, next_offset: int) -> None:
        """As if it owned the heartbeats, stored up to here."""
        partition = (self.owned.address.topic(topics.HEARTBEATS), 0)
        self.owned.places[partition] = Place(next_offset, SLOT)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["asyncio.Task[None]"]:
        """It stores until the block ends, or the task given is cancelled."""
        stopping = asyncio.Event()
        task = asyncio.create_task(self._reader.run(stopping))
        try:
            yield task
        finally:
            stopping.set()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@contextlib.asynccontextmanager
async def producing(address: Address) -> AsyncIterator[Producer]:
    """A connected producer."""
    stopping = asyncio.Event()
    producer = Producer(address, Health(), CollectorRegistry())
    running = asyncio.create_task(producer.run(stopping))
    try:
        await eventually(lambda: producer.connected, within=15)
        yield producer
    finally:
        stopping.set()
        await running


async def apply_shipped(address: Address, producer: Producer) -> None:
    """The shipped catalogue comes into force."""
    now = datetime.now(UTC)
    whole = load(ROOT / "catalogue").catalogue(publish.new_revision(now))
    await publish.apply(whole, producer, lambda: publish.read_held(address), now, "test")


async def send(producer: Producer, records: Iterable[Record]) -> None:
    """Send records to their topics; returns once all are acknowledged."""
    waiting = list(records)
    for start in range(0, len(waiting), AT_ONCE):
        await asyncio.gather(
            *(_send(producer, record) for record in waiting[start : start + AT_ONCE])
        )


async def _send(producer: Producer, record: Record) -> None:
    beats = isinstance(record, Heartbeat)
    await producer.send(topics.HEARTBEATS if beats else topics.EVIDENCE, codec.encode(record))
