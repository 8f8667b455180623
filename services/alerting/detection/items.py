"""From events to items: what is waited for, and how the waiting ended.

In:  evidence and heartbeats with their known times, in any order; repeats have no effect.
Out: at each tick the new items, the endings and the notes known by then; a quarter of an hour
later, what each item teaches. Pure, but for what it remembers of that quarter of an hour.
Before: `tail.py`. After: `window.py`; `law.py` learns from observations.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from services.alerting.detection import law
from services.alerting.detection.beats import Beats
from services.alerting.detection.law import SECOND, Row
from services.alerting.detection.paths import Inventory, acceptance_path, delivery_path, reach
from services.alerting.detection.window import ACCEPTANCE, DELIVERY, Ended, Ending, Item
from services.contracts.evidence import (
    ChannelObserved,
    DeviceOpened,
    DeviceSeen,
    Evidence,
    Heartbeat,
    ProbeAnswered,
    ProbeSent,
    ReportReceived,
)
from services.contracts.vocabulary import AnswerResult, FaultDomain, Placement, Purpose

ACCEPTED_WITHIN, ARRIVED_WITHIN = 30 * SECOND, 120 * SECOND
WINDOW, INTERVALS = 420 * SECOND, 7
KEPT = 900 * SECOND
_COUNTED = frozenset({Purpose.SCHEDULED, Purpose.CONFIRM})
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
# Of events known at one moment, a message's come in the order in which they can happen.
_STEPS = ("probe.sent", "probe.answered", "device.seen", "device.opened", "heartbeat")

Told = Evidence | ChannelObserved | Heartbeat


class Notice(StrEnum):
    """What a refusal means that speaks against nobody outside."""

    OWN_FAULT = "own-fault"  # quota or throttling: we sent too much
    RECIPIENT = "recipient"  # the recipient's own account takes nothing


class Note(NamedTuple):
    """A refusal that is no evidence."""

    notice: Notice
    component: str
    known: int


class Observation(NamedTuple):
    """What an item teaches: the bin of its latency, None for a loss."""

    item: Item
    bin: int | None


@dataclass(slots=True)
class Found:
    """What became known since the last tick."""

    items: list[Item] = field(default_factory=list)
    endings: list[Ended] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


@dataclass(slots=True)
class _Probe:
    sent: ProbeSent
    acceptance: Item
    answered: bool = False
    delivery: Item | None = None
    seen: int | None = None


class Items:
    """The fold: `feed` events, then `advance` to a tick."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._beats = Beats(inventory)
        self._waiting: list[tuple[tuple[int, int, str], Told]] = []
        self._probes: dict[str, _Probe] = {}
        self._ripening: list[tuple[int, str, int, Item]] = []
        self._ended: dict[tuple[str, int], Ended] = {}
        self._takes: dict[str, Callable[..., None]] = {
            "probe.sent": self._sent,
            "probe.answered": self._answered,
            "device.seen": self._seen,
            "device.opened": self._seen,
            "heartbeat": self._heard,
        }

    def change(self, inventory: Inventory) -> None:
        """A catalogue came into force."""
        self._inventory = inventory
        self._beats.change(inventory)

    def feed(self, event: Told, known: int) -> None:
        """One event, known at that moment. The provider's reports and posts in rooms are none
        that a message has arrived."""
        if not isinstance(event, ReportReceived | ChannelObserved):
            self._waiting.append(((known, _STEPS.index(event.kind), _name(event)), event))

    def advance(self, now: int) -> Found:
        """What is known by `now` and was not told before."""
        found = Found()
        ready = sorted((w for w in self._waiting if w[0][0] <= now), key=lambda waiting: waiting[0])
        self._waiting = [w for w in self._waiting if w[0][0] > now]
        for (known, _, _), event in ready:
            self._takes[event.kind](event, known, found)
        found.items += self._beats.expect(now)
        for item in found.items:
            heapq.heappush(self._ripening, (item.start, item.id, item.plane, item))
        for ended in found.endings:
            self._ended.setdefault((ended.item.id, ended.item.plane), ended)
        return found

    def ripe(self, now: int) -> Iterator[Observation]:
        """What items of a quarter of an hour ago teach, in order, each once; then forgotten."""
        while self._ripening and self._ripening[0][0] + KEPT <= now:
            item = heapq.heappop(self._ripening)[3]
            if item.plane == ACCEPTANCE:
                self._probes.pop(item.id, None)
            yield from _taught(item, self._ended.pop((item.id, item.plane), None))

    def _sent(self, sent: ProbeSent, known: int, found: Found) -> None:
        name, start = str(sent.probe_id), microseconds(sent.sent_at)
        stale = start + KEPT <= known  # a repeat of what was forgotten
        if sent.purpose not in _COUNTED or name in self._probes or stale:
            return
        row, path = Row(law.ACCEPTANCE), acceptance_path(sent)
        item = _item(sent, ACCEPTANCE, row, (start, known), ACCEPTED_WITHIN, path)
        self._probes[name] = _Probe(sent, item)
        found.items.append(item)

    def _answered(self, answer: ProbeAnswered, known: int, found: Found) -> None:
        probe = self._probes.get(str(answer.probe_id))
        if probe is None:
            return
        if answer.result is AnswerResult.ACCEPTED:
            self._accepted(probe, answer, known, found)
        elif answer.result is not AnswerResult.UNCLEAR and not probe.answered:
            probe.answered = True
            ending, notice = _refused(answer)
            found.endings.append(Ended(probe.acceptance, ending, known))
            found.notes += [Note(notice, _whose(notice, probe.sent), known)] if notice else []

    def _accepted(self, probe: _Probe, answer: ProbeAnswered, known: int, found: Found) -> None:
        if not probe.answered:
            probe.answered = True
            found.endings.append(Ended(probe.acceptance, Ending.ARRIVED, known))
        if probe.delivery is not None:
            return
        sent = probe.sent
        path = delivery_path(sent, answer.worker, self._inventory.functions.get(sent.route, ()))
        times = (microseconds(answer.ended_at), known)
        row = Row(sent.channel, sent.route)
        probe.delivery = _item(sent, DELIVERY, row, times, ARRIVED_WITHIN, path)
        found.items.append(probe.delivery)
        if probe.seen is not None:
            found.endings.append(Ended(probe.delivery, Ending.ARRIVED, probe.seen))

    def _seen(self, sight: DeviceSeen | DeviceOpened, known: int, found: Found) -> None:
        probe = self._probes.get(str(sight.probe_id))
        if probe is None or probe.seen is not None or not _counts(sight, probe.sent):
            return
        probe.seen = known
        if not probe.answered:
            probe.answered = True
            found.endings.append(Ended(probe.acceptance, Ending.ARRIVED, known))
        if probe.delivery is not None:
            found.endings.append(Ended(probe.delivery, Ending.ARRIVED, known))

    def _heard(self, heartbeat: Heartbeat, known: int, found: Found) -> None:
        items, endings = self._beats.hear(heartbeat, known)
        found.items += items
        found.endings += endings


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def _name(event: ProbeSent | ProbeAnswered | DeviceSeen | DeviceOpened | Heartbeat) -> str:
    if isinstance(event, Heartbeat):
        return f"{event.source}@{microseconds(event.at)}"
    return str(event.event_id)


def _item(
    sent: ProbeSent,
    plane: int,
    row: Row,
    times: tuple[int, int],
    within: int,
    path: tuple[str, ...],
) -> Item:
    window = max(WINDOW, INTERVALS * sent.interval_s * SECOND)
    confirm = sent.purpose is Purpose.CONFIRM
    return Item(str(sent.probe_id), plane, row, *times, within, window, path, sent.route, confirm)


def _refused(answer: ProbeAnswered) -> tuple[Ending, Notice | None]:
    if answer.result is AnswerResult.UNREACHABLE:
        return Ending.FAILED, None
    if answer.fault is FaultDomain.QUOTA:
        return Ending.WITHDRAWN, Notice.OWN_FAULT
    if answer.fault is FaultDomain.HANDSET:
        return Ending.WITHDRAWN, Notice.RECIPIENT
    return Ending.REFUSED, None


def _whose(notice: Notice, sent: ProbeSent) -> str:
    return f"account:{sent.account}" if notice is Notice.OWN_FAULT else reach(sent)


def _counts(sight: DeviceSeen | DeviceOpened, sent: ProbeSent) -> bool:
    """Is it the message itself, where it should be, by an app whose sight counts?"""
    return (
        sight.leg == 0
        and sight.receiver == sent.receiver
        and sight.observer in sent.observers
        and sight.placement is not Placement.SPAM
    )


def _taught(item: Item, ended: Ended | None) -> Iterator[Observation]:
    """A refusal is an answer, and what was withdrawn was never waited for: they teach nothing."""
    if ended is None or ended.known > item.start + item.deadline:
        yield Observation(item, None)
    elif ended.ending is Ending.ARRIVED:
        took = np.array([max(ended.known - item.start, 0)])
        yield Observation(item, int(law.bin_of(took)[0]))
    elif ended.ending is Ending.FAILED:
        yield Observation(item, None)
