"""A probe is the same message in a replay as at the providers' front ends, on every route.

Each adapter sends a probe of each route of the shipped catalogue to the simulated provider; what
that hands to the world is what a replay would have handed to it, so that the probe has one fate.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import aiohttp
import pytest
import uvicorn
from starlette.applications import Starlette

from services.adapters import discover
from services.adapters.base import Adapter, Surroundings
from services.catalogue.load import load
from services.contracts import text
from services.contracts.catalogue import Route
from services.contracts.vocabulary import AnswerResult, Leg
from services.local import keys, outside
from services.local.child import HOST
from services.local.kafka import free_ports
from services.local.settings import LocalSettings
from services.probe.message import Keys, announcement, build_message
from services.probe.schedule import PlannedProbe
from services.replay import stage
from services.replay.known import known
from services.runtime.secrets import SecretFolder
from simulators import front
from simulators.carriage import Carriage, LiveWorld, Watch
from simulators.config import SimulatorConfig, build_world, components
from simulators.faults import FaultBook
from simulators.handsets import Phones
from simulators.journey import Letter, Message, chance_of
from tests.support.waiting import eventually

CATALOGUE = load(Path("catalogue")).catalogue(UUID(int=7 << 76))
ADAPTERS = discover()
ROUTES = [r for r in CATALOGUE.routes.values() if r.adapter in ADAPTERS]
KEYS = Keys("w1", b"id", b"content", "http://pages.invalid")


class Noting(Carriage):
    """Takes what a front end accepted and lets nothing travel."""

    def __init__(self, live: LiveWorld, config: SimulatorConfig) -> None:
        super().__init__(live, Phones(config, live))
        self.taken: list[Message] = []

    def dispatch(self, message: Message, at: datetime, watch: Watch | None = None) -> None:
        self.taken.append(message)


class Providers:
    """The front ends of the shipped catalogue, and what they handed on."""

    def __init__(self, folder: Path) -> None:
        smtp, imap, self.port = free_ports(3)
        settings = LocalSettings(smtp_port=smtp, imap_port=imap, kakao_night=False)
        keys.make_secrets(folder / "secrets", CATALOGUE, ADAPTERS)
        self.secrets = SecretFolder(folder / "secrets")
        file = folder / "world.json"
        outside.write_world(file, CATALOGUE, self.secrets, "http://127.0.0.1:9", settings)
        self.config = SimulatorConfig.model_validate_json(file.read_bytes())
        url = f"http://{HOST}:{self.port}"
        self.urls = outside.destinations(CATALOGUE, url, settings)
        live = LiveWorld(build_world(self.config), FaultBook())
        self.carriage = Noting(live, self.config)
        self.front_ends = [
            kind(self.config, live, self.carriage) for kind in front.discover().values()
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        app = Starlette(routes=[route for one in self.front_ends for route in one.routes()])
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        listening = [one.serve(stop) for one in self.front_ends if isinstance(one, front.Serves)]
        works = [asyncio.create_task(work) for work in listening]
        works.append(asyncio.create_task(server.serve([socket.create_server((HOST, self.port))])))
        try:
            await eventually(lambda: server.started, within=5)
            yield
        finally:
            stop.set()
            server.should_exit = True
            await asyncio.gather(*works)

    def adapter(self, route: Route, session: aiohttp.ClientSession) -> Adapter:
        account = CATALOGUE.accounts[route.account]
        url = self.urls[account.id]["url"]
        around = Surroundings(account, self.secrets.fields(account.secret), session, url)
        return ADAPTERS[route.adapter](around)


async def test_every_route_hands_the_world_the_message_a_replay_sends(tmp_path: Path) -> None:
    providers, slot = Providers(tmp_path), datetime.now(UTC)
    async with (
        providers.running(),
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
    ):
        for route in ROUTES:
            planned = PlannedProbe(CATALOGUE, route, route.receivers[0], slot)
            message = build_message(planned, KEYS, providers.secrets)
            result = await providers.adapter(route, session).send(message)
            assert (route.id, result.result) == (route.id, AnswerResult.ACCEPTED)
            sent = announcement(planned, message, KEYS, slot)
            replayed = stage.message_of(sent, message, route, CATALOGUE)
            assert plain(providers.carriage.taken.pop()) == plain(replayed)
    assert {route.channel for route in ROUTES} == {
        *("alimtalk", "brandmessage", "edocument", "sms", "lms", "email")
    }


def plain(message: Message) -> Message:
    """But for what its provider calls it, and what it says."""
    substitute = plain(message.substitute) if message.substitute else None
    return replace(message, id="", chance=message.fate, letter=Letter(), substitute=substitute)


def test_the_world_of_a_replay_is_that_of_the_local_stack(tmp_path: Path) -> None:
    live = build_world(Providers(tmp_path).config)
    assert stage.world_of(CATALOGUE, live.seed, ()) == live


def test_the_rooms_of_a_replay_are_those_of_the_local_stack(tmp_path: Path) -> None:
    live = {room.sender: room for room in Providers(tmp_path).config.rooms}
    assert {room.sender: room for room in stage.rooms_of(CATALOGUE).values()} == live


@pytest.mark.parametrize("leg", [Leg.OWN, Leg.FIRST_SUBSTITUTE])
def test_a_front_end_reads_the_fate_that_a_replay_knows(leg: Leg) -> None:
    probe = UUID("019e8122-3050-780b-8ac9-58d172c846a9")
    assert chance_of(text.probe_text(probe, leg)) == f"{probe}/{leg:d}"


def test_a_scenario_may_break_what_the_local_world_has_and_what_no_route_uses_yet(
    tmp_path: Path,
) -> None:
    config = Providers(tmp_path).config
    named = known(CATALOGUE, [worker.id for worker in config.workers], ZoneInfo("UTC")).breakable
    unused = {"platform:fcm", "platform:webpush"}
    assert set(named) - unused == set(components(config))
