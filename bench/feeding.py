"""Two ways from messages to the detector's items: built here, or read from encoded events.

In:  messages and heartbeats of a run. Out: at each second, items and endings put into the window.
The events go through the product's own codec and item builder, as `tail.py` would pass them on.
Before: `traffic.py`. After: `runs.py`.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol, cast

from bench.traffic import Beat, Message, Traffic
from bench.world import BREAKS_AT, World, lean
from services.alerting.detection import law, paths
from services.alerting.detection.beats import WINDOW as BEAT_WINDOW
from services.alerting.detection.beats import WITHIN
from services.alerting.detection.items import (
    ACCEPTED_WITHIN,
    ARRIVED_WITHIN,
    INTERVALS,
    WINDOW,
    Items,
    Told,
    microseconds,
)
from services.alerting.detection.law import SECOND, Row
from services.alerting.detection.window import (
    ACCEPTANCE,
    DELIVERY,
    Ended,
    Ending,
    Item,
    Window,
)
from services.contracts import codec
from services.contracts.evidence import DeviceSeen, Heartbeat, ProbeAnswered, Record
from services.contracts.vocabulary import (
    AnswerResult,
    ClockSource,
    FaultDomain,
    Placement,
    Purpose,
)

_ZERO = microseconds(BREAKS_AT)


def us(seconds: float) -> int:
    """A second of the run as the detector's time."""
    return _ZERO + round(seconds * SECOND)


class Feed(Protocol):
    """Takes what happens, in any order; gives to the window what is known at a second."""

    def message(self, message: Message) -> None:
        """A message was sent."""

    def beat(self, beat: Beat) -> None:
        """A heartbeat is due."""

    def fill(self, window: Window, second: int) -> None:
        """Call for every second, in order."""


class Built:
    """Items without site, bongsu itself and mailboxes; a heartbeat is due at its own times."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._window = max(WINDOW, INTERVALS * world.interval_s * SECOND)
        self._items: defaultdict[int, list[Item]] = defaultdict(list)
        self._ends: defaultdict[int, list[Ended]] = defaultdict(list)
        self._paths: dict[tuple[int, int, int], tuple[str, ...]] = {}

    def message(self, message: Message) -> None:
        at, answered = us(message.call.at), message.answered
        request = self._item(message, ACCEPTANCE, at, at)
        self._items[_second(at)].append(request)
        if answered is None:
            return
        known = us(answered)
        ending = Ending.REFUSED if message.refused else Ending.ARRIVED
        self._ends[_second(known)].append(Ended(request, ending, known))
        if not message.refused:
            item = self._item(message, DELIVERY, us(message.stamped), known)
            self._items[_second(known)].append(item)
            self._arrived(item, message.arrived)

    def beat(self, beat: Beat) -> None:
        kind, _, name = beat.source.partition("/")
        plane, path = ACCEPTANCE, [f"worker:{name}"]
        if kind == "observer":
            plane, path = DELIVERY, [f"observer:{name}", f"receiver:{name.partition('/')[0]}"]
            if name.startswith("mail-"):
                return
        due = us(beat.due)
        timing = (due, due, WITHIN, BEAT_WINDOW)
        item = Item(f"{beat.source}@{due}", plane, Row(law.HEARTBEAT), *timing, tuple(path))
        self._items[_second(due)].append(item)
        self._arrived(item, beat.known)

    def fill(self, window: Window, second: int) -> None:
        window.add(self._items.pop(second, ()))
        window.settle(self._ends.pop(second, ()))

    def _arrived(self, item: Item, at: float | None) -> None:
        if at is not None:
            self._ends[_second(us(at))].append(Ended(item, Ending.ARRIVED, us(at)))

    def _item(self, message: Message, plane: int, start: int, visible: int) -> Item:
        route = self._world.routes[message.call.route]
        row = Row(law.ACCEPTANCE) if plane == ACCEPTANCE else Row(route.kind, route.id)
        within = ACCEPTED_WITHIN if plane == ACCEPTANCE else ARRIVED_WITHIN
        path = self._path(message.call.route, message.call.worker, plane)
        timing = (start, visible, within, self._window)
        return Item(message.call.name, plane, row, *timing, path, route.id)

    def _path(self, route: int, worker: int, plane: int) -> tuple[str, ...]:
        key = (route, worker, plane)
        if key not in self._paths:
            sent, by = self._world.sent[route], f"w{worker}"
            accepting = paths.acceptance_path(sent.model_copy(update={"worker": by}))
            path = accepting if plane == ACCEPTANCE else paths.delivery_path(sent, by, ())
            self._paths[key] = lean(self._world.routes[route], path)
        return self._paths[key]


class Events:
    """Records with the second of the run at which they are known, as workers and phones send
    them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def message(self, message: Message) -> Iterator[tuple[Record, float]]:
        """All of a message."""
        call, route = message.call, self._world.sent[message.call.route]
        probe = uuid.uuid5(uuid.NAMESPACE_OID, call.name)
        by = {"event_id": probe, "probe_id": probe, "worker": f"w{call.worker}"}
        sent = route.model_copy(update=by | {"sent_at": _at(call.at), "purpose": _purpose(message)})
        yield sent, call.at
        if message.answered is None:
            return
        refused = message.refused
        answer = ProbeAnswered(
            event_id=probe, source=f"probe/w{call.worker}", probe_id=probe,
            worker=f"w{call.worker}", channel=route.channel, adapter=route.adapter,
            account=route.account, provider=route.provider,
            result=AnswerResult.REFUSED if refused else AnswerResult.ACCEPTED,
            fault=FaultDomain.SENDER if refused else None,
            started_at=_at(call.at), ended_at=_at(message.stamped),
        )  # fmt: skip
        yield answer, message.answered
        if message.arrived is not None:
            yield self._sight(message, probe), message.arrived

    def beat(self, beat: Beat) -> Iterator[tuple[Record, float]]:
        """A sign of life, unless it never came."""
        if beat.known is not None:
            yield Heartbeat(source=beat.source, at=_at(beat.due)), beat.known

    def _sight(self, message: Message, probe: uuid.UUID) -> DeviceSeen:
        route, at = self._world.sent[message.call.route], _at(message.arrived or 0)
        return DeviceSeen(
            event_id=probe, source=f"ingest/{route.receiver}", probe_id=probe,
            receiver=route.receiver, observer=route.observers[0], platform=route.platform, leg=0,
            source_event_id=message.call.name, observed_min=at, observed_max=at,
            clock=ClockSource.HANDSET, placement=Placement.INBOX,
        )  # fmt: skip


class Encoded:
    """Bytes of events, decoded at the second at which they are known."""

    def __init__(self, world: World, traffic: Traffic) -> None:
        self._events = Events(world)
        self._coming: defaultdict[int, list[tuple[codec.Encoded, int]]] = defaultdict(list)
        self._items = Items(paths.Inventory(_beats(world, dict(traffic.sources()))))

    def message(self, message: Message) -> None:
        self._known(self._events.message(message))

    def beat(self, beat: Beat) -> None:
        self._known(self._events.beat(beat))

    def fill(self, window: Window, second: int) -> None:
        for encoded, known in self._coming.pop(second, ()):
            record = codec.decode(encoded.value, encoded.headers)
            self._items.feed(cast(Told, record), known)
        now = us(second)
        found = self._items.advance(now)
        window.add(found.items)
        window.settle(found.endings)
        for _ in self._items.ripe(now):
            pass  # forgotten: the tables of a run stay as they are

    def _known(self, records: Iterable[tuple[Record, float]]) -> None:
        for record, at in records:
            known = us(at)
            self._coming[_second(known)].append((codec.encode(record), known))


def _beats(world: World, every: Mapping[str, int]) -> dict[str, paths.Beat]:
    found = {}
    for source, interval_s in every.items():
        kind, _, name = source.partition("/")
        if kind == "observer":
            parts = (
                f"observer:{name}",
                f"receiver:{name.partition('/')[0]}",
                paths.SELF,
                "site:site",
            )
            found[source] = paths.Beat(source, interval_s * SECOND, DELIVERY, tuple(sorted(parts)))
    return found


def _purpose(message: Message) -> Purpose:
    return Purpose.CONFIRM if message.call.confirm else Purpose.SCHEDULED


def _second(at: int) -> int:
    """The first tick at which it is known."""
    return -((_ZERO - at) // SECOND)


def _at(seconds: float) -> datetime:
    return BREAKS_AT + timedelta(microseconds=us(seconds) - _ZERO)
