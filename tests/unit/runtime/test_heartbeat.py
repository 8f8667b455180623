"""A process says that it lives, and never later that it lived."""

import asyncio
from collections.abc import Callable

from services.contracts.evidence import Heartbeat
from services.runtime.heartbeat import EVERY_S, beat
from services.runtime.ops import READY_WITHIN_S, Health
from tests.support.builders import SLOT
from tests.support.memory import MemoryPublisher
from tests.support.probing import MovedClock
from tests.support.waiting import eventually

SOURCE = "worker/a"


def _beating(
    publisher: MemoryPublisher,
    stopping: asyncio.Event,
    reached: Callable[[], tuple[str, ...]] = tuple,
    every_s: float = EVERY_S,
    sent: Callable[[], None] = lambda: None,
) -> asyncio.Task[None]:
    clock, health = MovedClock(), Health()
    return asyncio.create_task(
        beat(SOURCE, reached, publisher, clock, health, sent, stopping, every_s)
    )


def test_a_process_beats_more_often_than_readiness_asks() -> None:
    assert EVERY_S < READY_WITHIN_S


async def test_one_heartbeat_goes_and_then_the_process_rests() -> None:
    publisher, stopping, noted = MemoryPublisher(), asyncio.Event(), list[bool]()
    beating = _beating(publisher, stopping, sent=lambda: noted.append(True))
    await eventually(lambda: noted or beating.done(), within=5)
    stopping.set()
    await beating
    assert publisher.records == [Heartbeat(source=SOURCE, at=SLOT)]


async def test_a_new_heartbeat_goes_as_soon_as_kafka_is_back() -> None:
    publisher, stopping = MemoryPublisher(), asyncio.Event()
    publisher.away = True
    beating = _beating(publisher, stopping)
    await eventually(lambda: publisher.refused, within=5)
    publisher.away = False
    await eventually(lambda: publisher.records, within=5)
    stopping.set()
    await beating
    assert len(publisher.records) == 1


async def test_what_a_heartbeat_listed_that_kafka_did_not_take_is_not_listed_later() -> None:
    publisher, stopping = MemoryPublisher(), asyncio.Event()
    lists = iter([("sens",), ("control",)])
    publisher.away = True
    beating = _beating(publisher, stopping, reached=lambda: next(lists, ()), every_s=0.01)
    await eventually(lambda: publisher.refused >= 1, within=5)
    publisher.away = False
    await eventually(lambda: publisher.records, within=5)
    stopping.set()
    await beating
    reached = [r.reached for r in publisher.records if isinstance(r, Heartbeat)]
    assert ("sens",) not in reached
