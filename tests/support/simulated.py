"""The simulated outside world, made for one adapter from its own setup (`_setup.json`)."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from services.local.child import answers
from services.local.kafka import free_ports
from simulators.app import run
from simulators.config import SimulatorConfig, WorkerConfig
from simulators.faults import FaultBook
from simulators.proxy import Proxy
from tests.support import adapters as support
from tests.support.waiting import eventually

QUICK = {"median": 0.02, "p95": 0.05}
STAGES = ("api", "relay", "platform", "carrier", "report", "substitute")


NOWHERE = "http://127.0.0.1:9"


def world_of(name: str, ingest_url: str = NOWHERE, kakaotalk: bool = True) -> SimulatorConfig:
    """One phone, which is the setup's recipient, and the setup's account and senders."""
    setup = support.setup_of(name)
    account, message = setup["account"], setup["message"]
    person = message.get("recipient", {})
    phone = {
        "id": "skt-01", "number": message["to"], "carrier": "skt", "site": "seoul",
        "gateway_key": "bongsu-test-signing-key-0001-of-32-characters",
        "name": person.get("name", ""), "birthday": person.get("birthday", ""),
        "kakaotalk": kakaotalk,
    }  # fmt: skip
    template = {"code": message.get("template") or "none", "text": message["text"]}
    sender = {
        "sender": "sender:test", "channel": message["channel"], "templates": [template],
        "number": message.get("sender_number"), "identity": message.get("identity"),
    }  # fmt: skip
    wish = message.get("substitute") or {}
    second = {"sender": "sender:second", "channel": "sms", "number": wish.get("sender_number")}
    return SimulatorConfig.model_validate(
        {
            "ingest_url": ingest_url,
            "handsets": [phone],
            "night": None,
            "accounts": [
                {
                    **{field: account[field] for field in ("id", "provider")},
                    "services": {wish.get("channel", "sms"): "substitutes", **account["services"]},
                    "secret": setup["secret"],
                    "senders": [sender, second],
                }
            ],
            "world": {"latencies": dict.fromkeys(STAGES, QUICK)},
            "unanswered_s": 5,
        }
    )


@asynccontextmanager
async def simulating(world: SimulatorConfig) -> AsyncIterator[str]:
    """The running world; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = asyncio.Event()
    server = asyncio.create_task(run(world, listener, stop))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        await asyncio.wait_for(server, 10)


@dataclass(frozen=True)
class Post:
    """A request to ingest; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


@asynccontextmanager
async def ingesting() -> AsyncIterator[tuple[str, list[Post]]]:
    """A stand-in for ingest that takes everything; its address, and what came."""
    posts: list[Post] = []

    async def take(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        posts.append(Post(request.path, headers, await request.read()))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.name, posts
    finally:
        await runner.cleanup()


def sent_to(name: str) -> Any:
    """The message of the setup without a substitute."""
    return support.message_of(name, substitute=None)


@asynccontextmanager
async def proxied(faults: FaultBook) -> AsyncIterator[str]:
    """The way out of worker w1 under these faults, listening now; its address."""
    (port,) = free_ports(1)
    running = asyncio.create_task(Proxy(WorkerConfig(id="w1", port=port), faults).run())
    try:
        await eventually(lambda: answers(port), within=5)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
