"""The person with the phone opens what the phone can show, and nothing on a dead one."""

import asyncio

import aiohttp
import pytest

from simulators.carriage import Arrival, LiveWorld, utc_now
from simulators.config import HandsetConfig, SimulatorConfig, build_world
from simulators.faults import Fault, FaultBook, State
from simulators.handsets import Person, Uplink
from simulators.world import Letter, Message

PHONE = {
    "id": "skt-01", "number": "01000000001", "carrier": "skt", "site": "seoul",
    "gateway_key": "bongsu-test-signing-key-0001-of-32-characters", "opens_after_s": 0.01,
}  # fmt: skip


@pytest.mark.parametrize(
    ("broken", "times"), [(None, 1), ("receiver:skt-01", 0), ("site:seoul", 0)]
)
async def test_a_document_is_opened_by_a_phone_that_lives_and_has_a_network(
    broken: str | None, times: int
) -> None:
    config = SimulatorConfig.model_validate(
        {"ingest_url": "http://127.0.0.1:9", "handsets": [PHONE]}
    )
    live, opened = LiveWorld(build_world(config), FaultBook()), []
    if broken is not None:
        live.faults.put(Fault(component=broken, state=State.DOWN), utc_now())
    letter = Letter("t", "t", open=lambda: opened.append(1))
    message = Message("1", "edocument", "", "", "", "receiver:skt-01", letter=letter)
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
        uplink = Uplink(session, config.ingest_url, live)
        person = Person(HandsetConfig.model_validate(PHONE), uplink, tasks)
        person.notice(Arrival(message, utc_now(), utc_now()))
    assert len(opened) == times
