"""Workers on a real Kafka: they share shards, take over from each other, obey a command once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.contracts import codec
from services.contracts.evidence import ProbeAnswered, ProbeCommand, ProbeSent, Record
from services.contracts.topics import ALL, COMMANDS, EVIDENCE
from services.contracts.vocabulary import Purpose
from services.probe.accounts import Accounts
from services.probe.commands import Commands, read_commands
from services.probe.message import Keys
from services.probe.metrics import Metrics
from services.probe.reach import Reach
from services.probe.worker import Worker
from services.runtime.clock import SystemClock
from services.runtime.kafka import Address, Producer, create_topics, partition_count
from services.runtime.kafka_readers import follow
from services.runtime.ops import Health
from services.runtime.secrets import SecretFolder
from tests.support.builders import COMMAND, CONTENT_KEY, ID_KEY
from tests.support.probing import (
    ADAPTER,
    Script,
    a_catalogue,
    a_route,
    scripted,
    write_secrets,
)
from tests.support.waiting import eventually

ROUTES = 40
CATALOGUE = a_catalogue(*(a_route(id=f"r{n}", interval_s=2) for n in range(ROUTES)))
SLOW = a_catalogue(*(a_route(id=f"r{n}", interval_s=86_400) for n in range(ROUTES)))


@dataclass
class Running:
    """One worker with its loops; `kill` is what a crash leaves to the others: a closed socket."""

    registry: CollectorRegistry
    loops: list[asyncio.Task[None]]

    @property
    def routes(self) -> float:
        return self.registry.get_sample_value("bongsu_probe_routes") or 0.0

    async def kill(self) -> None:
        for loop in self.loops:
            loop.cancel()
        await asyncio.gather(*self.loops, return_exceptions=True)


@pytest.fixture
async def address(kafka_address: str, topic_prefix: str) -> Address:
    options = {"bootstrap_servers": kafka_address, "metadata_max_age_ms": 1_000}
    address = Address(options, topic_prefix.rstrip("."), True)
    await create_topics(address, ALL)
    return address


@pytest.fixture
async def start(address: Address, tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    async with AsyncExitStack() as stack:
        yield lambda name, catalogue: _start(stack, address, tmp_path, name, catalogue)


async def _start(
    stack: AsyncExitStack, address: Address, folder: Path, name: str, catalogue: Any
) -> Running:
    registry, health, clock, never = CollectorRegistry(), Health(), SystemClock(), asyncio.Event()
    metrics, producer = Metrics(registry), Producer(address, health, registry)
    secrets = SecretFolder(write_secrets(folder))
    accounts = await stack.enter_async_context(
        Accounts({ADAPTER: scripted(Script())}, secrets, {}, Reach(metrics).exchanged)
    )
    keys = Keys(name, ID_KEY, CONTENT_KEY)
    worker = Worker(keys, accounts, producer, clock, metrics, health)
    worker.change(catalogue)
    commands = Commands(
        worker, lambda: partition_count(address, COMMANDS), 1000, accounts.adapters, clock, metrics
    )
    loops = [
        asyncio.create_task(loop, name=name)
        for loop in (
            producer.run(never),
            read_commands(address, commands, health, never),
            worker.run(never),
        )
    ]
    running = Running(registry, loops)
    stack.push_async_callback(running.kill)
    stack.push_async_callback(worker.drain, 1)
    return running


async def _evidence_since(address: Address, since: datetime | None) -> list[Record]:
    """What stands in the topic now."""
    found: list[Record] = []
    enough = asyncio.Event()
    async for records, caught_up in follow(address, EVIDENCE, enough, since):
        found += [codec.decode(r.value, r.headers) for r in records]
        if caught_up:
            enough.set()
    return found


async def test_two_workers_share_the_shards_and_the_survivor_takes_over_all_routes(
    address: Address, start: Any
) -> None:
    one = await start("one", CATALOGUE)
    await eventually(lambda: one.routes == ROUTES, within=30)
    two = await start("two", CATALOGUE)
    await eventually(lambda: 0 < two.routes < ROUTES, within=30)
    await eventually(lambda: one.routes + two.routes == ROUTES, within=30)

    await two.kill()
    await eventually(lambda: one.routes == ROUTES, within=30)
    since = datetime.now(UTC)

    async def all_probed_by_the_survivor() -> bool:
        sent = [e for e in await _evidence_since(address, since) if isinstance(e, ProbeSent)]
        return {e.route for e in sent if e.worker == "one"} == set(CATALOGUE.routes)

    await eventually(all_probed_by_the_survivor, within=20, every=0.5)


async def test_each_slot_is_run_by_one_worker_while_the_ownership_stands(
    address: Address, start: Any
) -> None:
    one, two = await start("one", CATALOGUE), await start("two", CATALOGUE)
    await eventually(lambda: one.routes + two.routes == ROUTES and one.routes < ROUTES, within=30)
    since = datetime.now(UTC)

    async def several_rounds() -> list[ProbeSent] | None:
        events = await _evidence_since(address, since)
        answered = {e.probe_id for e in events if isinstance(e, ProbeAnswered)}
        sent = [e for e in events if isinstance(e, ProbeSent) and e.probe_id in answered]
        return sent if len(sent) >= 3 * ROUTES else None

    sent = await eventually(several_rounds, within=30, every=0.5)
    assert sent is not None
    assert {e.worker for e in sent} == {"one", "two"}
    assert len({e.probe_id for e in sent}) == len(sent)


async def test_a_command_is_carried_out_once_by_whoever_owns_its_shard(
    address: Address, start: Any
) -> None:
    one, two = await start("one", SLOW), await start("two", SLOW)
    await eventually(lambda: one.routes + two.routes == ROUTES and one.routes < ROUTES, within=30)
    command = _manual()
    producer, never = Producer(address, Health(), CollectorRegistry()), asyncio.Event()
    sending = asyncio.create_task(producer.run(never))
    await eventually(lambda: producer.connected, within=10)
    for _ in range(2):
        await producer.send(COMMANDS, codec.encode(command))

    async def answered() -> list[Record] | None:
        events = [e for e in await _evidence_since(address, None) if _is_of(e, command)]
        return events if any(isinstance(e, ProbeAnswered) for e in events) else None

    await eventually(answered, within=20, every=0.5)
    await two.kill()
    await eventually(lambda: one.routes == ROUTES, within=30)
    events = await answered()
    assert events is not None
    assert [type(e) for e in events] == [ProbeSent, ProbeAnswered]
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


def _manual() -> ProbeCommand:
    now = datetime.now(UTC)
    return ProbeCommand(
        command_id=COMMAND, source="cli/test", route="r7", slot=now, purpose=Purpose.MANUAL,
        expires_at=now + timedelta(minutes=5),
    )  # fmt: skip


def _is_of(event: Record, command: ProbeCommand) -> bool:
    # Two events of one probe lie in one partition, in the order of their sending.
    return isinstance(event, ProbeSent | ProbeAnswered) and (
        not isinstance(event, ProbeSent) or event.command_id == command.command_id
    )
