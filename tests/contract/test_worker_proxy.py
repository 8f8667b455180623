"""A worker's way out through the simulated world: what it carries, and what a cut leaves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from yarl import URL

from services.adapters.base import Adapter
from services.contracts.attempt import fold
from services.contracts.outcome import Liveness, Verdict, outcome
from services.contracts.vocabulary import AnswerResult, Outcome
from services.local.child import answers
from services.local.kafka import free_ports
from services.probe.call import call
from services.probe.metrics import Metrics
from services.probe.reach import Reach, ask_control
from services.runtime.errors import Retry
from services.runtime.http import Destination
from simulators.carriage import utc_now
from simulators.config import WorkerConfig
from simulators.faults import Fault, FaultBook, State
from tests.support import adapters as support
from tests.support.builders import a_probe_sent, an_answer
from tests.support.simulated import proxied, sent_to, simulating, world_of
from tests.support.smtp import Relay
from tests.support.waiting import eventually

NAME = "sens_sms"
NAMES = [NAME, "email"]
CUT = Fault(component="worker:w1", state=State.DOWN)
SOON_S, ANSWER_WITHIN_S = 5.0, 0.5
OWN_NETWORK = Verdict(Outcome.VOID, "own_network")
NO_ANSWER = Verdict(Outcome.REJECTED, "no_answer")
Tunnel = tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]


async def test_requests_one_after_another_arrive_as_they_were_sent() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    provider, there = support.Provider(201, b"\x00" * 300_000), ("POST", "/a%3Ab?c=%20d")
    async with (
        support.serving(provider) as url,
        proxied(FaultBook()) as proxy,
        aiohttp.ClientSession() as session,
    ):
        for body in (None, b"all at once", parts()):
            target = URL(f"{url}{there[1]}", encoded=True)
            async with session.post(target, data=body, proxy=proxy) as answer:
                assert (answer.status, len(await answer.read())) == (201, 300_000)
    came = [(method, path, body) for method, path, body, _ in provider.asked]
    assert came == [(*there, b""), (*there, b"all at once"), (*there, b"one two")]


async def test_a_mail_goes_through_a_tunnel() -> None:
    relay = Relay()
    async with (
        support.serving(relay) as url,
        proxied(FaultBook()) as proxy,
        through("email", url, proxy) as adapter,
    ):
        result = await adapter.send(sent_to("email"))
    assert (result.result, len(relay.asked)) == (AnswerResult.ACCEPTED, 1)


async def test_who_has_said_all_can_still_be_answered() -> None:
    said = b"all" * 100_000

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read())
        writer.close()

    async with (
        await asyncio.start_server(repeat, "127.0.0.1", 0) as server,
        proxied(FaultBook()) as proxy,
    ):
        _, reader, writer = await tunnel(proxy, port_of_server(server))
        writer.write(said)
        writer.write_eof()
        assert await reader.read() == said
        writer.close()


async def test_where_nobody_answers_no_tunnel_opens() -> None:
    (nobody,) = free_ports(1)
    async with proxied(FaultBook()) as proxy:
        answer, _, writer = await tunnel(proxy, nobody)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize("name", NAMES)
async def test_a_worker_that_is_cut_off_reaches_nobody_until_it_is_repaired(name: str) -> None:
    faults, there = FaultBook(), Relay() if name == "email" else support.Provider(500)
    async with (
        support.serving(there) as url,
        proxied(faults) as proxy,
        through(name, url, proxy) as adapter,
    ):
        first = await adapter.send(sent_to(name))
        faults.put(CUT, utc_now())
        await eventually_refused(proxy)
        with pytest.raises(Retry) as caught:
            await adapter.send(sent_to(name))
        assert caught.value.reason == "unreachable"
        asked = len(there.asked)
        faults.clear(CUT.component, utc_now())
        await eventually(lambda: answers(port_of(proxy)), SOON_S)
        assert await adapter.send(sent_to(name)) == first
        assert (asked, len(there.asked)) == (1, 2)


@pytest.mark.parametrize("name", NAMES)
async def test_a_call_under_way_at_the_cut_is_unclear_at_once(name: str) -> None:
    faults = FaultBook()
    async with (
        stalled(name) as (url, came),
        proxied(faults) as proxy,
        through(name, url, proxy) as adapter,
    ):
        under_way = asyncio.create_task(adapter.send(sent_to(name)))
        await eventually(came, SOON_S)
        faults.put(CUT, utc_now())
        async with asyncio.timeout(SOON_S):
            assert (await under_way).result is AnswerResult.UNCLEAR


async def test_an_outage_set_ahead_begins_and_ends_by_itself() -> None:
    faults, now = FaultBook(), utc_now()
    begins, ends = now + timedelta(seconds=0.6), now + timedelta(seconds=1.2)
    async with proxied(faults) as proxy:
        faults.put(CUT.model_copy(update={"since": begins, "until": ends}), now)
        await eventually_refused(proxy)
        assert utc_now() >= begins
        await eventually(lambda: answers(port_of(proxy)), SOON_S)
        assert utc_now() >= ends


async def test_the_end_breaks_off_what_is_under_way_and_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    async with stalled(NAME) as (url, came):
        async with proxied(FaultBook()) as proxy:
            _, reader, writer = await tunnel(proxy, port_of(url))
            writer.write(b"x")
            await eventually(came, SOON_S)
        async with asyncio.timeout(SOON_S):
            assert await reader.read() == b""
        writer.close()
        await eventually(lambda: asyncio.all_tasks() == before, SOON_S)


# In the running world, as probe workers use it.


@dataclass
class Worker:
    """A worker with one account, as far as its network is concerned."""

    id: str
    proxy: str
    url: str
    reach: Reach = field(default_factory=lambda: Reach(Metrics(CollectorRegistry())))

    async def verdict(self) -> tuple[AnswerResult, Verdict | None]:
        """It asks the control address and sends a probe: the answer, and what that shows."""
        await self._ask_control()
        slot = utc_now()
        async with through(NAME, self.url, self.proxy, ANSWER_WITHIN_S) as adapter:
            result = await call(adapter, sent_to(NAME), SOON_S, 2 * ANSWER_WITHIN_S)
        sent = a_probe_sent(slot=slot, sent_at=slot, worker=self.id, provider="sens")
        answer = an_answer(sent, result=result.result, code=result.code, ended_at=utc_now())
        later = answer.ended_at + timedelta(seconds=10)
        signs = {
            f"reach/{self.id}/{who}": [(slot, slot), (later, later)] for who in self.reach.take()
        }
        return result.result, outcome(fold([sent, answer]), Liveness(signs), [], sent.seen_due)

    async def _ask_control(self) -> None:
        stopping = asyncio.Event()

        def told(provider: str, status: int | None, seconds: float) -> None:
            self.reach.exchanged(provider, status, seconds)
            stopping.set()

        await ask_control(f"{self.url}/control", Destination(proxy=self.proxy), told, stopping)


async def test_a_cut_worker_is_told_apart_from_an_outage_that_another_one_sees() -> None:
    ports = dict(zip(("w1", "w2"), free_ports(2), strict=True))
    ways = tuple(WorkerConfig(id=id_, port=port) for id_, port in ports.items())
    async with simulating(world_of(NAME).model_copy(update={"workers": ways})) as url:
        for port in ports.values():
            await eventually(partial(answers, port), SOON_S)
        cut, other = (Worker(id_, f"http://127.0.0.1:{port}", url) for id_, port in ports.items())
        assert (await cut.verdict())[0] is (await other.verdict())[0] is AnswerResult.ACCEPTED

        await switch(url, "PUT", "faults", {"component": "worker:w1", "state": "down"})
        await eventually_refused(cut.proxy)
        assert await cut.verdict() == (AnswerResult.UNREACHABLE, OWN_NETWORK)
        assert (await other.verdict())[0] is AnswerResult.ACCEPTED

        await switch(url, "PUT", "faults", {"component": "provider:sens", "state": "down"})
        assert await cut.verdict() == (AnswerResult.UNREACHABLE, OWN_NETWORK)
        assert await other.verdict() == (AnswerResult.UNCLEAR, NO_ANSWER)

        await switch(url, "DELETE", "faults")
        await eventually(partial(answers, ports["w1"]), SOON_S)
        assert (await cut.verdict())[0] is (await other.verdict())[0] is AnswerResult.ACCEPTED


async def test_a_worker_is_a_component_that_can_only_be_down() -> None:
    ways = (WorkerConfig(id="w1", port=free_ports(1)[0]),)
    async with simulating(world_of(NAME).model_copy(update={"workers": ways})) as url:
        _, listed = await switch(url, "GET", "components")
        assert "worker:w1" in listed["components"]
        told = await switch(url, "PUT", "faults", {"component": "worker:w1", "state": "lossy"})
        assert told == (400, {"error": "worker:w1 can only be down, not lossy."})


async def switch(url: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{url}/world/{path}", json=body) as answer,
    ):
        return answer.status, await answer.json()


@asynccontextmanager
async def through(
    name: str, url: str, proxy: str, within_s: float = SOON_S
) -> AsyncIterator[Adapter]:
    """The adapter of its setup behind a proxy."""
    async with support.adapter_at(name, url, within_s, proxy=proxy) as adapter:
        yield adapter


@asynccontextmanager
async def stalled(name: str) -> AsyncIterator[tuple[str, Callable[[], object]]]:
    """A provider that takes a message and never answers; whether one came."""
    if name == "email":
        relay = Relay("dot", None)
        async with support.serving(relay) as url:
            yield url, lambda: relay.asked and "mail_text" in relay.asked[0]
        return
    came = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        came.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{port_of_server(server)}", came.is_set


async def tunnel(proxy: str, port: int) -> Tunnel:
    """A tunnel to a port of the loopback: the proxy's answer, and the two ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(proxy))
    writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
    return await reader.readuntil(b"\r\n\r\n"), reader, writer


async def eventually_refused(proxy: str) -> None:
    async def refused() -> bool:
        return not await answers(port_of(proxy))

    await eventually(refused, SOON_S)


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def port_of_server(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])
