"""Step 4, receipts: a request of a test handset becomes evidence in Kafka, or is refused.

In:  one request (`Incoming`) for a receiver and an app. Out: `device.seen`, `channel.observed`, a
     sign of life or a dead letter, acknowledged by Kafka; then `Result`.
Before: the phone, `app.py`. After: storing and detection read the topics.
Nothing of a text, number or body is logged or published. What dies here is sent again by the
phone, and makes the same event id.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import orjson
import structlog

from services.contracts import evidence, ids, text, topics
from services.contracts.catalogue import Catalogue, Receiver, Route
from services.contracts.codec import encode
from services.contracts.evidence import (
    ChannelObserved,
    DeadLetter,
    DeviceSeen,
    Heartbeat,
    Record,
)
from services.contracts.vocabulary import ClockSource, ObserverKind
from services.ingest.metrics import Metrics, Result
from services.ingest.receivers import base
from services.runtime.clock import Clock
from services.runtime.errors import Refuse, Retry, SetAside, Stop
from services.runtime.kafka import Publisher
from services.runtime.secrets import SecretFolder

TRUSTED_OFFSET = timedelta(seconds=2)
AHEAD = timedelta(minutes=10)
REMEMBERED = timedelta(days=7)  # as long as the topic keeps evidence
MOST_TICKETS = 20_000
# What Android shows an untrusted listener instead of a text it takes for a one-time code.
_REDACTED = re.compile(r"sensitive notification content hidden|민감한 알림", re.IGNORECASE)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Keeper:
    """What evidence made here is signed and sealed with."""

    instance: str
    id_key: bytes = field(repr=False)
    content_key: bytes = field(repr=False)

    @property
    def source(self) -> str:
        """How records of this instance are signed."""
        return f"ingest/{self.instance}"


@dataclass(frozen=True, slots=True)
class Witness:
    """An app on a receiver that told something `now`; `offset` is its clock minus ours."""

    receiver: Receiver
    kind: ObserverKind
    keeper: Keeper
    now: datetime
    offset: timedelta = timedelta()

    @property
    def labels(self) -> tuple[str, str, str]:
        """Of the metrics of receivers."""
        return self.receiver.id, str(self.kind), str(self.receiver.carrier)


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
            if len(self._used) <= self._most and now - first <= 2 * base.WINDOW:
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

    async def receive(
        self, app: base.Observes, receiver_id: str, incoming: base.Incoming
    ) -> Result:
        """Verify, parse, match, publish. Raises Refuse (not authentic), Retry (not now), Stop (no
        secret)."""
        now = self._clock.now()
        receiver, keys = self._who(app, receiver_id)
        stamp = app.verify(incoming, keys, now)
        self._tickets.use((app.kind, receiver.id, stamp.ticket), incoming.body, now)
        by = Witness(receiver, app.kind, self._keeper, now, stamp.at - now)
        self._metrics.last_seen.labels(*by.labels).set(now.timestamp())
        self._metrics.clock_offset.labels(*by.labels).set(by.offset.total_seconds())
        try:
            said = app.read(incoming.body, stamp)
        except SetAside as error:
            origin = f"receipts/{by.kind}/{receiver.id}"
            letter = dead_letter(incoming.body, error.reason, app.names, origin, self._keeper, now)
            await self._publish(topics.DEADLETTERS, letter)
            self._metrics.dead_letters.labels("receipts", error.reason).inc()
            return Result.INVALID
        match said:
            case base.Observation():
                return await self._observed(said, by)
            case base.RoomPost():
                return await self._posted(said, by)
        if said.battery is not None:
            self._metrics.battery.labels(*by.labels).set(said.battery)
        beat = Heartbeat(source=f"observer/{receiver.id}/{app.kind}", at=now)
        await self._publish(topics.HEARTBEATS, beat)
        return Result.ACCEPTED

    def _who(self, app: base.Observes, receiver_id: str) -> tuple[Receiver, base.Keys]:
        catalogue = self._catalogue()
        if catalogue is None:
            raise Retry("no_catalogue")
        receiver = catalogue.receivers.get(receiver_id)
        observers = receiver.observers if receiver else ()
        secret = next((o.secret for o in observers if o.kind == app.kind), None)
        if receiver is None or secret is None:
            raise Refuse("bad_signature")
        return receiver, {name: self._secrets.all(secret, name) for name in app.secrets}

    async def _observed(self, item: base.Observation, by: Witness) -> Result:
        nonce = ids.read_nonce(item.text) or ids.read_nonce(item.title)
        if nonce is None and _REDACTED.search(item.text + item.title):
            _log.warning("receiver hides its messages", receiver=by.receiver.id, kind=by.kind)
            return Result.MISCONFIGURED
        if nonce is None or not timely(nonce.probe_id, by.now):
            return Result.UNMATCHED
        event = device_seen(item, nonce, by, self._senders(item.sender))
        await self._publish(topics.EVIDENCE, event)
        return Result.ACCEPTED

    async def _posted(self, post: base.RoomPost, by: Witness) -> Result:
        catalogue = self._catalogue()
        route = room_route(catalogue, post, by.receiver) if catalogue else None
        if route is None or not by.now - REMEMBERED <= post.observed_min <= by.now + AHEAD:
            return Result.UNMATCHED
        await self._publish(topics.EVIDENCE, channel_observed(post, route, by))
        return Result.ACCEPTED

    def _senders(self, number: str | None) -> tuple[str, ...] | None:
        """Whose registered number the phone showed; the number itself goes no further."""
        catalogue = self._catalogue()
        if number is None or catalogue is None:
            return None
        return tuple(
            sender.id
            for sender in catalogue.senders.values()
            if sender.secret and _digits(number) in self._numbers(sender.secret)
        )

    def _numbers(self, secret: str) -> set[str]:
        try:
            return {_digits(n.get_secret_value()) for n in self._secrets.all(secret, "number")}
        except Stop:
            return set()  # probe says so: without the number it cannot send

    async def _publish(self, topic: topics.Topic, record: Record) -> None:
        await self._publisher.send(topic, encode(record))


def timely(probe_id: UUID, now: datetime) -> bool:
    """Can a message of this probe still be evidence? Ids begin with their slot, which in one of
    somebody else may lie beyond every calendar."""
    return ids.first_id_at(now - REMEMBERED) <= probe_id <= ids.first_id_at(now + AHEAD)


def device_seen(
    item: base.Observation,
    nonce: ids.Nonce,
    by: Witness,
    senders: tuple[str, ...] | None = None,
) -> DeviceSeen:
    """The evidence of one observation. A happening without an id of its own is named by a keyed
    hash, for a plain one of a number hides nothing."""
    receiver, id_key, content_key = by.receiver, by.keeper.id_key, by.keeper.content_key
    first, last, clock = arrival(item, by)
    likeness = "\n".join((*item.likeness, ids.write_nonce(*nonce)))
    source_event_id = item.own_id or text.digest(id_key, likeness)
    return DeviceSeen(
        event_id=evidence.observed_id(
            id_key, "device.seen", nonce.probe_id, receiver.id, by.kind, source_event_id,
            item.placement,
        ),
        source=by.keeper.source,
        probe_id=nonce.probe_id,
        receiver=receiver.id,
        observer=by.kind,
        platform=item.platform or receiver.platform or str(receiver.carrier),
        leg=nonce.leg,
        source_event_id=source_event_id,
        observed_min=first,
        observed_max=last,
        clock=clock,
        placement=item.placement,
        text_digest=text.digest(content_key, item.text),
        link_digest=text.link_digest(content_key, item.text) if item.links_visible else None,
        text_chars=text.length(item.text),
        senders=senders,
    )  # fmt: skip


def _digits(number: str) -> str:
    """A number as it is dialled in Korea, whether it was written +82 or with dashes."""
    digits = re.sub(r"\D", "", number)
    return f"0{digits[2:]}" if digits.startswith("82") else digits


def room_route(catalogue: Catalogue, post: base.RoomPost, receiver: Receiver) -> Route | None:
    """The route that is observed in the room of that title by this member; None: not ours."""
    for route in catalogue.routes.values():
        ours = route.observed and route.enabled and receiver.id in route.receivers
        if ours and route.platform == post.platform:
            room = catalogue.senders[route.sender].room
            if room is not None and text.normalise(room) == text.normalise(post.title):
                return route
    return None


def channel_observed(post: base.RoomPost, route: Route, by: Witness) -> ChannelObserved:
    """The evidence of one post: where and when, nothing of what it says."""
    first, last = believed(post.observed_min, post.observed_max, by)
    key, receiver = by.keeper.id_key, by.receiver.id
    named = text.digest(key, "\n".join(post.likeness))
    return ChannelObserved(
        event_id=evidence.post_id(key, route.id, receiver, by.kind, named, post.observed_min),
        source=by.keeper.source, route=route.id, receiver=receiver, observer=by.kind,
        source_event_id=named, observed_min=first, observed_max=last,
    )  # fmt: skip


def arrival(item: base.Observation, by: Witness) -> tuple[datetime, datetime, ClockSource]:
    """The interval of arrival and its clock: ours where the phone's cannot be believed."""
    first, last = believed(item.observed_min, item.observed_max, by)
    return first, last, item.clock if last == item.observed_max else ClockSource.INGEST


def believed(first: datetime, last: datetime, by: Witness) -> tuple[datetime, datetime]:
    """An interval by the phone's clock; it ends now where that clock cannot be believed."""
    if abs(by.offset) > TRUSTED_OFFSET or last > by.now + TRUSTED_OFFSET:
        last = by.now
    return min(first, last), last


def dead_letter(
    body: bytes, reason: str, names: frozenset[str], origin: str, keeper: Keeper, now: datetime
) -> DeadLetter:
    """What may be said of a body nobody understood: size, digest, known fields and their types."""
    digest = hmac.new(keeper.content_key, body, hashlib.sha256).hexdigest()
    return DeadLetter(
        source=keeper.source, at=now, reason=reason, size=len(body), digest=digest,
        origin=f"{origin}/{digest[:16]}", fields=_shape(body, names),
    )  # fmt: skip


def _shape(body: bytes, names: frozenset[str]) -> dict[str, str]:
    """Field names and types, down to one level, of a list its first item. A name nobody documented
    is only counted: it may itself be what must not leak."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(content, dict):
        return {"": type(content).__name__}
    firsts = {n: v[0] if isinstance(v, list) and v else v for n, v in content.items()}
    return _types(content, names) | {
        f"{name}.{key}": value
        for name, inner in firsts.items()
        if name in names and isinstance(inner, dict)
        for key, value in _types(inner, names).items()
    }


def _types(content: Mapping[str, object], names: frozenset[str]) -> dict[str, str]:
    known = {n: type(v).__name__ for n, v in content.items() if n in names}
    others = len(content) - len(known)
    return known | ({"(others)": str(others)} if others else {})
