"""A test handset and the ingest it posts to, without sockets: requests go straight into the app."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from services import adapters
from services.adapters.base import Adapter
from services.contracts import text
from services.contracts.catalogue import Catalogue, Observer, Receiver, build
from services.contracts.codec import encode
from services.contracts.vocabulary import Carrier, ObserverKind
from services.ingest import app, receivers
from services.ingest.metrics import Metrics
from services.ingest.opened import Openings
from services.ingest.receive import Keeper, Receipts
from services.ingest.returned import Returns
from services.ingest.webhooks import Webhooks
from services.runtime.http import Destination
from services.runtime.secrets import SecretFolder
from simulators import handset_wire as wire
from tests.support.asgi import Answer, ask
from tests.support.builders import CONTENT_KEY, ID_KEY, REVISION, SLOT, a_probe_id
from tests.support.memory import MemoryPublisher
from tests.support.probing import MovedClock

GATEWAY, FORWARDER = "android-sms-gateway", "smsforwarder"
KEY, OLD_KEY = "a signing key of tests, long enough", "the key before it, still good enough"
SECRET, TOKEN = "a forwarder secret of tests", "a bearer token of tests"
CANARY_NUMBER, CANARY_WORD = "01000000001", "KKANARIA"
PROBE = a_probe_id()
TEXT = text.probe_text(PROBE, 0)
NOW = SLOT + timedelta(seconds=10)
NOBODY: Mapping[str, type[Adapter]] = {}
KEEPER = Keeper("ingest-a", ID_KEY, CONTENT_KEY)


def a_receiver(name: str = "skt-1") -> Receiver:
    """A handset with both apps."""
    observers = tuple(
        Observer(kind=kind, secret=f"{name}-{kind}")
        for kind in (ObserverKind.ANDROID_SMS_GATEWAY, ObserverKind.SMSFORWARDER)
    )
    return Receiver(
        id=name, carrier=Carrier.SKT, os="Android 14", site="seoul", secret=name,
        observers=observers,
    )  # fmt: skip


def a_catalogue(*receivers_: Receiver) -> Catalogue:
    """Only what ingest asks: receivers."""
    return build(REVISION, [("receiver", r) for r in receivers_ or (a_receiver(),)])


def write_secrets(folder: Path) -> Path:
    """Keys of the handset, newest first."""
    gateway, forwarder = {"key": [KEY, OLD_KEY]}, {"secret": SECRET, "token": TOKEN}
    (folder / f"skt-1-{GATEWAY}.json").write_text(json.dumps(gateway))
    (folder / f"skt-1-{FORWARDER}.json").write_text(json.dumps(forwarder))
    return folder


class Ingest:
    """The application with an in-memory publisher and a clock that stands still."""

    def __init__(self, folder: Path, kinds: Mapping[str, type[Adapter]] = NOBODY) -> None:
        self.registry, self.published = CollectorRegistry(), MemoryPublisher()
        self.clock, self.catalogue = MovedClock(NOW), a_catalogue()
        self.metrics = Metrics(self.registry)
        self.in_force: Catalogue | None = self.catalogue
        self.destinations: dict[str, Destination] = {}
        receipts = Receipts(
            KEEPER, lambda: self.in_force, SecretFolder(folder), self.published, self.metrics,
            self.clock,
        )  # fmt: skip
        openings = Openings(
            KEEPER, adapters.discover(), lambda: self.in_force, SecretFolder(folder),
            self.destinations, self.published, self.clock,
        )  # fmt: skip
        webhooks = Webhooks(
            KEEPER, kinds, lambda: self.in_force, SecretFolder(folder), self.published,
            self.metrics, self.clock,
        )  # fmt: skip
        returns = Returns(
            KEEPER, lambda: self.in_force, SecretFolder(folder), self.published, self.clock
        )
        apps = list(receivers.discover().values())
        self.app = app.create(receipts, apps, webhooks, returns, openings, self.metrics)

    @property
    def records(self) -> list[Any]:
        """What was published."""
        return list(self.published.records)

    async def post(
        self, kind: str, body: bytes, headers: dict[str, str], receiver: str = "skt-1"
    ) -> Answer:
        """One request of a phone."""
        return await self.send(f"/v1/receipts/{kind}/{receiver}", body, headers)

    async def send(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """One request of anybody."""
        return await ask(self.app, path, headers, body)

    async def gateway(self, body: bytes, at: datetime | None = None, key: str = KEY) -> Answer:
        """A signed request of SMS Gateway for Android."""
        headers = wire.gateway_headers(key, body, at or self.clock.now())
        return await self.post(GATEWAY, body, headers)

    async def forwarder(self, body: bytes) -> Answer:
        """A request of SmsForwarder; its body is signed already."""
        return await self.post(FORWARDER, body, wire.forwarder_headers(TOKEN, "skt-1"))

    def count(self, name: str, **labels: str) -> float:
        """A metric's value now."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def results(self, kind: str, result: str) -> float:
        """How many requests ended so."""
        return self.count("bongsu_ingest_requests_total", kind=kind, result=result)


def an_sms(message: str = TEXT, own_id: str = "V1StGXR8_Z5jdHi6B-myT", **over: Any) -> bytes:
    """The body of sms:received as the phone writes it."""
    payload = wire.gateway_sms(message, None, "15880000", CANARY_NUMBER, SLOT)
    event = {"id": own_id, "webhookId": "w", "event": "sms:received", "deviceId": "d"}
    return wire.gson(event | {"payload": payload} | over)


def a_notification(
    message: str = TEXT, now: datetime = NOW, posted: datetime = SLOT, **over: Any
) -> bytes:
    """The body of a KakaoTalk notification, signed at `now`."""
    body = wire.forwarder_notification("거제시청", message, "1", posted, "d", SECRET, now)
    return json.dumps(json.loads(body) | over, ensure_ascii=False).encode()


def left_behind(ingest: Ingest, lines: list[Any]) -> str:
    """All that leaves: records with keys and headers, logs, metrics."""
    records = [encode(record) for record in ingest.published.records]
    parts = [part for r in records for part in (r.key, r.value, *(v for _, v in r.headers))]
    return b"\n".join(parts).decode() + generate_latest(ingest.registry).decode() + repr(lines)
