"""Each part of bongsu is stopped in turn on the running stack: who is told, after how long.

Real times: the shipped rules, as the real Prometheus judges them and the real Alertmanager passes
them on, and a receiver outside that waits for the heartbeat. Invariant: while a part stands still,
somebody is told, and nobody is told that all is well. Half an hour, so on demand only:
`make test-system ARGS="-m 'system and long' -s"`, which prints the table of `docs/operations.md`.
"""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from services.local.child import Server
from services.local.stack import Part
from tests.support.chain import ASK_WITHIN, Chain, probed, running, shipped, with_routes
from tests.support.outside import Outside
from tests.support.waiting import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
TOLD_WITHIN_S, WELL_WITHIN_S = 420, 420
BUDGET_S, EVERY_S, LOOK_S = 30, 5, 3
# Look back for a quarter of an hour: they stay on after their fault, and name no other one.
LINGERING = {"BongsuProbesNotSent", "BongsuDetectionGap", "BongsuBlind", "BongsuDeadLetters"}
Act = Callable[[], Awaitable[object]]


class Watched(Chain):
    """The stack, whose alerting tells an address outside."""

    def __init__(self, folder: Path, outside: Outside) -> None:
        super().__init__(folder)
        self.outside = outside

    def parts(self) -> list[Part]:
        """As they are, and where the heartbeat goes."""
        told = {"BONGSU_HEARTBEAT_URL": self.outside.url, "BONGSU_HEARTBEAT_EVERY_S": str(EVERY_S)}
        return [
            replace(part, env=part.env | told) if part.kind == "alerting" else part
            for part in super().parts()
        ]

    async def halt(self, *names: str) -> None:
        """kill -9 of these processes."""
        self.kill(*names)

    async def resume(self, *names: str) -> None:
        """Start them again."""
        for name in names:
            self.restart(name)

    async def active(self) -> dict[str, str]:
        """Alerts that Alertmanager passes on, and to whom."""
        url = json.loads((self.data / "stack.json").read_text())["alertmanager"]
        shown = f"{url}/api/v2/alerts?active=true&inhibited=false&silenced=false"
        async with (
            aiohttp.ClientSession(timeout=ASK_WITHIN) as session,
            session.get(shown) as answer,
        ):
            alerts: list[dict[str, Any]] = await answer.json()
        named = {a["labels"]["alertname"]: a["receivers"][0]["name"] for a in alerts}
        at_rest = ("BongsuWatchdog", "BongsuProof")
        return {name: to for name, to in named.items() if name not in at_rest}


@dataclass
class Fault:
    """`alert`: what must be told; `silent`: whether the outside must miss the heartbeat."""

    alert: str
    silent: bool
    stop: Act
    start: Act


@dataclass
class Seen:
    """After how many seconds each alert was told; when the last heartbeat came."""

    alerts: dict[str, tuple[float, str]] = field(default_factory=dict)
    last_heartbeat: float = 0.0


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Watched]:
    """The stack, with every route once in 5 s."""
    async with Outside() as outside:
        chain, whole = Watched(tmp_path, outside), shipped()
        async with running(chain, with_routes(whole, probed(whole), interval_s=5, late_s=20)):
            yield chain


def _fault(chain: Watched, name: str) -> Fault:
    assert chain.postgres is not None
    storing = contextlib.AsyncExitStack()

    async def hold_storing() -> None:
        session = await asyncpg.connect(chain.dsn("owner"), timeout=5)
        storing.push_async_callback(session.close)
        await session.execute("BEGIN; LOCK TABLE consumer_offset IN EXCLUSIVE MODE")

    def part(alert: str, silent: bool, *names: str) -> Fault:
        return Fault(alert, silent, partial(chain.halt, *names), partial(chain.resume, *names))

    def server(alert: str, one: Server) -> Fault:
        return Fault(alert, True, partial(_kill, one), partial(_start, one))

    return {
        "one of two workers": part("BongsuInstanceDown", False, "probe-w1"),
        "every worker": part("BongsuPartDown", True, "probe-w1", "probe-w2"),
        "every ingest": part("BongsuPartDown", False, "ingest-i1"),
        "storing": Fault("BongsuStoringStopped", True, hold_storing, storing.aclose),
        "Kafka": server("BongsuNoProbeSent", chain.kafka),
        "Postgres": server("BongsuStoringStopped", chain.postgres),
        "every alerting": part("BongsuPartDown", True, "alerting-a1"),
    }[name]


async def _kill(server: Server) -> None:
    server.kill()


async def _start(server: Server) -> None:
    async def ready() -> bool:
        await server.ready()
        return True

    await server.start()
    await eventually(ready, within=WELL_WITHIN_S)  # a busy machine takes its time


async def _watched(chain: Watched, fault: Fault, before: set[str]) -> Seen:
    """What is told from the stop on until the alert of this fault is."""
    seen, began = Seen(), time.monotonic()
    await fault.stop()

    async def told() -> bool:
        for name, to in (await chain.active()).items():
            if name not in before:
                seen.alerts.setdefault(name, (time.monotonic() - began, to))
        return fault.alert in seen.alerts

    await eventually(told, within=TOLD_WITHIN_S, every=1)
    seen.last_heartbeat = chain.outside.taken[-1] - began
    return seen


async def _well_again(chain: Watched) -> None:
    heard = len(chain.outside.taken)

    async def well() -> bool:
        return len(chain.outside.taken) > heard and set(await chain.active()) <= LINGERING

    await eventually(well, within=WELL_WITHIN_S, every=1)


@pytest.mark.parametrize(
    "name",
    ["one of two workers", "every worker", "every ingest", "storing", "Kafka", "Postgres",
     "every alerting"],
)  # fmt: skip
async def test_whatever_part_stops_somebody_is_told_and_never_that_all_is_well(
    chain: Watched, name: str
) -> None:
    await eventually(lambda: chain.outside.taken, within=WELL_WITHIN_S)
    await _well_again(chain)
    fault = _fault(chain, name)
    seen = await _watched(chain, fault, set(await chain.active()))
    print(f"| {name} | {_row(seen)} |", flush=True)  # noqa: T201
    assert seen.alerts[fault.alert][1] == "operators"
    if fault.silent:
        assert seen.last_heartbeat <= BUDGET_S + EVERY_S + LOOK_S
    else:
        assert seen.last_heartbeat > BUDGET_S, "the rest of it goes its way"
    await fault.start()
    await _well_again(chain)


def _row(seen: Seen) -> str:
    told = ", ".join(f"`{name}` {after:.0f} s" for name, (after, _) in seen.alerts.items())
    return f"{told} | {seen.last_heartbeat:.0f} s"
