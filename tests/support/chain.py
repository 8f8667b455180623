"""The whole chain with real processes, set up by a test: other parts, a quick world, kills.

In: a folder and a catalogue. Out: the running stack of `services/local/stack.py` on free ports,
whose outside world is in a hurry: messages arrive within a second, and the phones' apps try again
after one or two. Nothing in bongsu itself is changed.
"""

import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from prometheus_client.parser import text_string_to_metric_families

from services.adapters import discover
from services.catalogue.load import load
from services.catalogue.publish import new_revision
from services.cli.catalogue import put_in_force
from services.contracts.catalogue import Catalogue, Route
from services.local.child import HOST
from services.local.kafka import free_ports
from services.local.settings import LocalSettings
from services.local.stack import Stack
from tests.support.commands import ROOT

ASK_WITHIN = aiohttp.ClientTimeout(total=5)
QUICK = {
    "relay": {"median": 0.05, "p95": 0.1},
    "platform": {"median": 0.3, "p95": 0.6},
    "carrier": {"median": 0.3, "p95": 0.6},
    "report": {"median": 0.2, "p95": 0.4},
}
RESEND_S, FIRST_RETRY_S, OPENS_S = 2.0, 1.0, 1.0
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]  # by name and labels


class Chain(Stack):
    """The stack on free ports with a quick world; a test overrides `parts` for other processes."""

    hurried = True

    def __init__(self, folder: Path) -> None:
        names = [name for name in LocalSettings.model_fields if name.endswith("_port")]
        told: dict[str, Any] = dict(zip(names, free_ports(len(names)), strict=True))
        told["kakao_night"] = False  # as `shipped` has no hours of rest
        self.told: list[str] = []
        let_through(folder)
        super().__init__(
            folder / "data", LocalSettings(**told), self.told.append, lambda done, total: None
        )

    def kill(self, *names: str) -> datetime:
        """kill -9 of these processes, at once; when."""
        at = datetime.now(UTC)
        for name in names:
            self.children[name].kill()
        return at

    def restart(self, name: str) -> datetime:
        """Start a killed process again; when."""
        at = datetime.now(UTC)
        self.start_part(next(part for part in self.parts() if part.name == name))
        return at

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        """What the product's database says."""
        connection = await asyncpg.connect(self.dsn("owner"), timeout=5, command_timeout=10)
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close(timeout=2)

    async def world(self, method: str, path: str, body: object = None) -> Any:
        """A call to the switchboard of the simulated world; its answer."""
        url = f"{self.simulators_url}/world/{path}"
        async with (
            aiohttp.ClientSession(timeout=ASK_WITHIN) as session,
            session.request(method, url, json=body) as answer,
        ):
            answer.raise_for_status()
            return await answer.json()

    async def samples(self, name: str) -> Samples:
        """/metrics of one process, read."""
        return await samples_at(next(p.ops_port for p in self.parts() if p.name == name))

    def _start_child(self, name: str, command: list[str], told: dict[str, str]) -> None:
        if name == "simulators" and self.hurried:
            hurry(Path(told["BONGSU_SIM_CONFIG"]))
        super()._start_child(name, command, told)


@asynccontextmanager
async def running(chain: Chain, catalogue: Catalogue) -> AsyncIterator[None]:
    """Started, catalogue in force, every process ready; stopped whatever happens."""
    try:
        await chain.start(catalogue)
        await put_in_force(chain.address, catalogue)
        await chain.ready()
        yield
    finally:
        await chain.stop()


def shipped() -> Catalogue:
    """The catalogue of the repository as a new revision, without hours of rest."""
    catalogue = load(ROOT / "catalogue").catalogue(new_revision(datetime.now(UTC)))
    awake = {
        name: rule.model_copy(update={"restricted": None})
        for name, rule in catalogue.channels.items()
    }
    return catalogue.model_copy(update={"channels": awake})


def with_routes(catalogue: Catalogue, routes: list[Route], **over: Any) -> Catalogue:
    """The catalogue with just these routes, each changed by `over`."""
    changed = [route.model_copy(update={"restricted": None, **over}) for route in routes]
    return catalogue.model_copy(update={"routes": {route.id: route for route in changed}})


def calling_nobody(catalogue: Catalogue) -> Catalogue:
    """The catalogue without paths of pages: nothing is sent but on its routes, no proof either."""
    return catalogue.model_copy(update={"paths": {}, "people": {}, "rotas": {}})


def probed(catalogue: Catalogue) -> list[Route]:
    """The routes on which probes go out: enabled, with an adapter that exists."""
    adapters = discover()
    return [r for r in catalogue.routes.values() if r.enabled and r.adapter in adapters]


def hurry(world: Path) -> None:
    """Make the world of a configuration file quick."""
    config = json.loads(world.read_text(encoding="utf-8"))
    config["world"] = {"latencies": QUICK}
    for phone in config["handsets"]:
        phone |= {"resend_s": RESEND_S, "first_retry_s": FIRST_RETRY_S, "opens_after_s": OPENS_S}
    world.write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")


def let_through(folder: Path) -> None:
    """Let other users pass through a temporary folder: PostgreSQL may have to run as nobody."""
    top = Path(tempfile.gettempdir()).resolve()
    for inner in (folder.resolve(), *folder.resolve().parents):
        if top in inner.parents and inner.stat().st_uid == os.getuid():
            inner.chmod(0o711)


async def samples_at(port: int) -> Samples:
    """/metrics of the process on this port."""
    async with (
        aiohttp.ClientSession(timeout=ASK_WITHIN) as session,
        session.get(f"http://{HOST}:{port}/metrics") as answer,
    ):
        text = await answer.text()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
