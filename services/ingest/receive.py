"""Step 4, receipts: a request of a test handset becomes evidence in Kafka, or is refused.

In:  one request (`Incoming`) for a receiver and an app. Out: `device.seen`, a sign of life or a
     dead letter, acknowledged by Kafka; then `Result`.
Before: the phone, `app.py`. After: storing and detection read the topics.
Nothing of a text, number or body is logged or published. What dies here is sent again by the
phone, and makes the same event id.
"""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import orjson
import structlog

from services.contracts import evidence, ids, text, topics
from services.contracts.catalogue import Catalogue, Observer, Receiver
from services.contracts.codec import Encoded, encode
from services.contracts.evidence import DeadLetter, DeviceSeen, Heartbeat, Record
from services.contracts.vocabulary import ClockSource
from services.ingest.metrics import Metrics, Result
from services.ingest.receivers.base import (
    WINDOW,
    Incoming,
    Keys,
    Misconfigured,
    Observation,
    Observes,
    Said,
    SignOfLife,
    Stamp,
    forged,
)
from services.runtime.clock import Clock
from services.runtime.errors import Refuse, Retry, SetAside, Stop
from services.runtime.secrets import SecretFolder

TRUSTED_OFFSET = timedelta(seconds=2)
AHEAD = timedelta(minutes=10)
MOST_TICKETS = 20_000
_log = structlog.get_logger()


class Publisher(Protocol):
    """`services.runtime.kafka.Producer`: returns once the brokers have the record."""

    async def send(self, topic: topics.Topic, record: Encoded) -> None:
        """Raises Retry while Kafka is away."""
        ...


@dataclass(frozen=True, slots=True)
class Keeper:
    """What evidence made here is sealed with; `retention` is how long a probe is remembered."""

    instance: str
    id_key: bytes = field(repr=False)
    content_key: bytes = field(repr=False)
    retention: timedelta = timedelta(days=7)

    @property
    def source(self) -> str:
        """How records of this instance are signed."""
        return f"ingest/{self.instance}"


class Tickets:
    """Stamps used lately: good once, or again with the same body. Memory of one instance, bounded:
    a repeat that slips through has the same event id and no effect."""

    def __init__(self, most: int = MOST_TICKETS) -> None:
        self._most = most
        self._used: OrderedDict[tuple[str, ...], tuple[datetime, bytes]] = OrderedDict()

    def use(self, ticket: tuple[str, ...], body: bytes, now: datetime) -> None:
        """Raises Refuse(`stale`) when the ticket came with another body before."""
        digest = hashlib.sha256(body).digest()
        if self._used.setdefault(ticket, (now, digest))[1] != digest:
            raise Refuse("stale")
        while self._used:
            first, _ = next(iter(self._used.values()))
            if len(self._used) <= self._most and now - first <= 2 * WINDOW:
                return
            self._used.popitem(last=False)


class Receipts:
    """The receiving end: `receive` lists the steps."""

    def __init__(
        self,
        keeper: Keeper,
        catalogue: Callable[[], Catalogue | None],
        secrets: SecretFolder,
        publisher: Publisher,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._keeper, self._catalogue, self._secrets = keeper, catalogue, secrets
        self._publisher, self._metrics, self._clock = publisher, metrics, clock
        self._tickets = Tickets()

    async def receive(self, app: Observes, receiver_id: str, incoming: Incoming) -> Result:
        """Verify, parse, match, publish. Raises Refuse (not authentic), Retry (not now)."""
        now = self._clock.now()
        receiver, keys = self._who(app, receiver_id)
        stamp = app.verify(incoming, keys, now)
        self._tickets.use((app.kind, receiver.id, stamp.ticket), incoming.body, now)
        self._note(app, receiver, stamp, now)
        try:
            said = app.read(incoming.body, stamp)
        except SetAside as error:
            return await self._set_aside(app, receiver, incoming.body, error.reason, now)
        results = [await self._tell(app, receiver, item, stamp, now) for item in said]
        return results[0]

    def _who(self, app: Observes, receiver_id: str) -> tuple[Receiver, Keys]:
        catalogue = self._catalogue()
        if catalogue is None:
            raise Retry("no_catalogue")
        receiver = catalogue.receivers.get(receiver_id)
        observer = _observer(receiver, app)
        if receiver is None or observer is None:
            forged()
        try:
            return receiver, {n: self._secrets.all(observer.secret, n) for n in app.secrets}
        except Stop as error:
            # Our own fault, which a person can mend while the phone keeps the message.
            _log.error("receipt cannot be verified", receiver=receiver.id, reason=str(error))
            raise Retry("no_secret") from None

    def _note(self, app: Observes, receiver: Receiver, stamp: Stamp, now: datetime) -> None:
        labels = (receiver.id, str(app.kind), str(receiver.carrier))
        self._metrics.last_seen.labels(*labels).set(now.timestamp())
        self._metrics.clock_offset.labels(*labels).set((stamp.at - now).total_seconds())

    async def _tell(
        self, app: Observes, receiver: Receiver, item: Said, stamp: Stamp, now: datetime
    ) -> Result:
        labels = (receiver.id, str(app.kind), str(receiver.carrier))
        match item:
            case Misconfigured():
                _log.warning("receiver hides its messages", receiver=receiver.id, kind=app.kind)
                return Result.MISCONFIGURED
            case SignOfLife():
                if item.battery is not None:
                    self._metrics.battery.labels(*labels).set(item.battery)
                beat = Heartbeat(source=f"observer/{receiver.id}/{app.kind}", at=now)
                await self._publish(topics.HEARTBEATS, beat)
            case Observation():
                event = device_seen(item, app, receiver, self._keeper, stamp.at - now, now)
                if event is None:
                    return Result.UNMATCHED
                await self._publish(topics.EVIDENCE, event)
        return Result.ACCEPTED

    async def _set_aside(
        self, app: Observes, receiver: Receiver, body: bytes, reason: str, now: datetime
    ) -> Result:
        letter = dead_letter(body, reason, app, receiver.id, self._keeper, now)
        await self._publish(topics.DEADLETTERS, letter)
        self._metrics.dead_letters.labels("receipts", reason).inc()
        return Result.INVALID

    async def _publish(self, topic: topics.Topic, record: Record) -> None:
        await self._publisher.send(topic, encode(record))


def _observer(receiver: Receiver | None, app: Observes) -> Observer | None:
    observers = receiver.observers if receiver else ()
    return next((o for o in observers if o.kind == app.kind), None)


def device_seen(
    item: Observation,
    app: Observes,
    receiver: Receiver,
    keeper: Keeper,
    offset: timedelta,
    now: datetime,
) -> DeviceSeen | None:
    """The evidence of one observation; None when it belongs to no probe of ours. `offset` is the
    phone's clock minus ours."""
    if item.nonce is None or not _of_this_time(item.nonce, keeper.retention, now):
        return None
    first, last, clock = arrival(item, offset, now)
    source_event_id = item.own_id or _sealed(keeper.id_key, item.likeness)
    probe_id = item.nonce.probe_id
    return DeviceSeen(
        event_id=evidence.observed_id(
            keeper.id_key, "device.seen", probe_id, receiver.id, app.kind, source_event_id,
            item.placement,
        ),
        source=keeper.source,
        probe_id=probe_id,
        receiver=receiver.id,
        observer=app.kind,
        platform=item.platform or str(receiver.carrier),
        leg=item.nonce.leg,
        source_event_id=source_event_id,
        observed_min=first,
        observed_max=last,
        clock=clock,
        placement=item.placement,
        text_digest=text.digest(keeper.content_key, item.text),
        link_digest=text.link_digest(keeper.content_key, item.text) if item.links_visible else None,
        text_chars=text.length(item.text),
    )  # fmt: skip


def _of_this_time(nonce: ids.Nonce, retention: timedelta, now: datetime) -> bool:
    try:
        slot = ids.time_of(nonce.probe_id)
    except OverflowError:
        return False
    return now - retention <= slot <= now + AHEAD


def arrival(
    item: Observation, offset: timedelta, now: datetime
) -> tuple[datetime, datetime, ClockSource]:
    """The interval of arrival and its clock: ours where the phone's cannot be believed."""
    last, clock = item.observed_max, item.clock
    if abs(offset) > TRUSTED_OFFSET or last > now + TRUSTED_OFFSET:
        last, clock = now, ClockSource.INGEST
    return min(item.observed_min, last), last, clock


def _sealed(key: bytes, parts: tuple[str, ...]) -> str:
    """A keyed hash: parts may hold a number, and a plain hash of a number hides nothing."""
    message = b"".join(
        len(part).to_bytes(4, "big") + part
        for part in (p.encode("utf-8", "surrogatepass") for p in parts)
    )
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def dead_letter(
    body: bytes, reason: str, app: Observes, receiver: str, keeper: Keeper, now: datetime
) -> DeadLetter:
    """What may be said of a body nobody understood: size, digest, known fields and their types."""
    digest = hmac.new(keeper.content_key, body, hashlib.sha256).hexdigest()
    return DeadLetter(
        source=keeper.source, at=now, origin=f"receipts/{app.kind}/{receiver}/{digest[:16]}",
        reason=reason, size=len(body), digest=digest, fields=_shape(body, app.names),
    )  # fmt: skip


def _shape(body: bytes, names: frozenset[str]) -> dict[str, str]:
    """Field names and types, down to one level. A name nobody documented is only counted: it may
    itself be what must not leak."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(content, dict):
        return {"": type(content).__name__}
    return _types(content, names) | {
        f"{name}.{key}": value
        for name, inner in content.items()
        if name in names and isinstance(inner, dict)
        for key, value in _types(inner, names).items()
    }


def _types(content: Mapping[str, object], names: frozenset[str]) -> dict[str, str]:
    known = {n: type(v).__name__ for n, v in content.items() if n in names}
    others = len(content) - len(known)
    return known | ({"(others)": str(others)} if others else {})
