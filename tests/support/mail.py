"""Mail from end to end in one process: adapter, simulated relay, a real IMAP server, the watcher.

In:  a folder. Out: `Post`, whose `send` gives a probe to the adapter and whose `records` are what
the watcher published. Only Kafka is memory; the wall clock of the watcher can be moved.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
from imapclient import IMAPClient
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.adapters.base import Message, SendResult, Surroundings
from services.adapters.email import Email
from services.contracts import ids, text
from services.contracts.attempt import fold
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import DeviceSeen, Heartbeat, ReportReceived
from services.contracts.outcome import Liveness, Verdict, outcome
from services.contracts.vocabulary import Channel, ObserverKind
from services.ingest.mailboxes import Mailboxes
from services.ingest.metrics import Metrics
from services.ingest.receive import Keeper
from services.ingest.watched import Directory
from services.local import keys, outside
from services.local.child import HOST, answers
from services.local.kafka import free_ports
from services.local.mail import EmbeddedImap
from services.local.settings import LocalSettings
from services.probe.call import call
from services.runtime.http import Destination
from services.runtime.secrets import SecretFolder
from simulators.carriage import Carriage, LiveWorld
from simulators.config import SimulatorConfig, build_world
from simulators.faults import FaultBook
from simulators.handsets import Phones
from simulators.mail import Mail, MailMode
from tests.support.builders import CONTENT_KEY, ID_KEY, a_living_receiver, a_probe_sent, an_answer
from tests.support.chain import QUICK, shipped, with_routes
from tests.support.greenmail import EmbeddedGreenMail
from tests.support.memory import MemoryPublisher
from tests.support.waiting import eventually

ROUTE = "moel.email.mail"
MailServer = EmbeddedImap | EmbeddedGreenMail
Serve = Callable[[Path, int, Mapping[str, str]], MailServer]
KEEPER = Keeper("i1", ID_KEY, CONTENT_KEY)


class _Client(IMAPClient):  # type: ignore[misc]
    """A client that `contextlib.closing` closes."""

    close = IMAPClient.shutdown


class WallClock:
    """The machine's clock, moved by `ahead`."""

    ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def steady(self) -> datetime:
        return self.now()


def mail_catalogue() -> Catalogue:
    """The shipped catalogue with its e-mail route alone."""
    catalogue = shipped()
    return with_routes(catalogue, [catalogue.routes[ROUTE]])


@dataclass
class Post:
    """Everything that takes part, and what came of it."""

    folder: Path
    catalogue: Catalogue
    secrets: SecretFolder
    ports: LocalSettings
    imap: MailServer
    relay: Mail
    faults: FaultBook
    adapter: Email
    told: list[int | None]
    owned: set[int] = field(default_factory=lambda: {0})
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    clock: WallClock = field(default_factory=WallClock)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def message(self, receiver: str = "naver-01", slot: datetime | None = None) -> Message:
        """A probe of this moment."""
        slot = slot or datetime.now(UTC)
        probe_id = ids.make_probe_id(ID_KEY, ROUTE, receiver, slot, "scheduled", None)
        return Message(
            probe_id, Channel.EMAIL, self.secrets.one(f"receiver-{receiver}", "address"),
            text.probe_text(probe_id, 0), identity="bongsu@moel.invalid",
        )  # fmt: skip

    async def send(self, message: Message, within_s: float = 10.0) -> SendResult:
        """As step 3 does."""
        return await call(self.adapter, message, within_s, 10.0)

    def verdict(
        self, message: Message, result: SendResult, reached: bool = False
    ) -> Verdict | None:
        """The outcome of a probe by what was published, its mailbox alive all the time, and
        perhaps `reached` by another mail."""
        slot = ids.time_of(message.probe_id)
        sent = a_probe_sent(
            probe_id=message.probe_id, slot=slot, sent_at=slot, receiver="naver-01",
            route=ROUTE, platform="naver-mail", observers=(ObserverKind.IMAP,),
        )  # fmt: skip
        answer = an_answer(
            sent, result=result.result, code=result.code, fault=result.fault,
            provider_message_id=result.provider_message_id,
        )  # fmt: skip
        told = [*self.seen(message.probe_id), *self.reports(message.probe_id)]
        signs = dict(a_living_receiver(sent, "imap").signs)
        if reached:
            signs["reached/naver-01/naver-mail"] = [(slot, slot)]
        later = sent.seen_due + timedelta(minutes=15)
        return outcome(fold([sent, answer, *told]), Liveness(signs), [], later)

    def mode(self, **over: Any) -> None:
        """How the relay behaves from now on."""
        self.relay.mode = MailMode(**over)

    def seen(self, probe_id: UUID | None = None) -> list[DeviceSeen]:
        found = [r for r in self.publisher.records if isinstance(r, DeviceSeen)]
        return [r for r in found if probe_id in (None, r.probe_id)]

    def reports(self, probe_id: UUID | None = None) -> list[ReportReceived]:
        found = [r for r in self.publisher.records if isinstance(r, ReportReceived)]
        return [r for r in found if probe_id in (None, r.probe_id)]

    def beats(self) -> list[Heartbeat]:
        return [r for r in self.publisher.records if isinstance(r, Heartbeat)]

    def failures(self) -> float:
        """Connections to test mailboxes that failed or broke."""
        name, labels = "bongsu_ingest_mailbox_failures_total", {"kind": "imap"}
        return self.registry.get_sample_value(name, labels) or 0.0

    def mailbox(self, name: str = "imap-naver-01") -> "_Client":
        """A second client, logged in by the secret of that name."""
        client = _Client(HOST, self.imap.port, ssl=False, timeout=5)
        login = (self.secrets.one(name, part) for part in ("username", "password"))
        client.login(*(part.get_secret_value() for part in login))
        return client

    @asynccontextmanager
    async def watching(self, **destinations: str) -> AsyncIterator[None]:
        """The watcher as ingest runs it, with a memory of its own; `destinations` by mailbox."""
        stopping = asyncio.Event()
        at = dict.fromkeys(outside.mailboxes(self.catalogue), f"imap://{HOST}:{self.imap.port}")
        at |= {name.replace("_", "-"): url for name, url in destinations.items()}

        async def one() -> int:
            return 1

        directory = Directory(
            lambda: self.catalogue, self.secrets,
            {name: Destination(url=url) for name, url in at.items()},
        )  # fmt: skip
        boxes = Mailboxes(
            KEEPER, directory, one, lambda: self.owned, ("Junk",), self.publisher,
            Metrics(self.registry), self.clock,
        )  # fmt: skip
        running = asyncio.create_task(boxes.run(stopping))
        try:
            yield
        finally:
            stopping.set()
            async with asyncio.timeout(10):
                await running
            self.registry = CollectorRegistry()


@asynccontextmanager
async def posting(folder: Path, serve: Serve = EmbeddedImap) -> AsyncIterator[Post]:
    """A relay, an IMAP server and an adapter of their own."""
    smtp, imap = free_ports(2)
    ports = LocalSettings(smtp_port=smtp, imap_port=imap)
    catalogue, secrets = mail_catalogue(), SecretFolder(folder / "secrets")
    keys.make_secrets(folder / "secrets", catalogue, {"email": Email})
    outside.write_world(folder / "world.json", catalogue, secrets, "http://127.0.0.1:1", ports)
    config = SimulatorConfig.model_validate_json((folder / "world.json").read_bytes())
    config = config.model_copy(update={"world": config.world.model_validate({"latencies": QUICK})})
    live, stop = LiveWorld(build_world(config), FaultBook()), asyncio.Event()
    carriage = Carriage(live, Phones(config, live))
    relay = Mail(config, live, carriage)
    users = outside.mail_users(catalogue, secrets)
    account = catalogue.accounts["mail"]
    async with (
        serve(folder / "mail", imap, users) as server,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
    ):
        secret = {
            k: SecretStr(v.get_secret_value()) for k, v in secrets.fields("mail-relay").items()
        }
        told: list[int | None] = []
        around = Surroundings(
            account, secret, session, f"smtp://{HOST}:{smtp}",
            told=lambda status, seconds: told.append(status),
        )  # fmt: skip
        serving = asyncio.create_task(relay.serve(stop))
        try:
            await eventually(lambda: answers(smtp), within=5)
            adapter = Email(around)
            yield Post(folder, catalogue, secrets, ports, server, relay, live.faults, adapter, told)
        finally:
            stop.set()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            await carriage.close()
