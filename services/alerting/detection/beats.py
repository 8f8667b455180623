"""Heartbeats as items: one is due an interval after the last, and again each interval of silence.

In:  signs of life with their known times. Out: items, and their endings. Pure, but for the last
sign of each source. Before and after: `items.py`, whose part this is.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.alerting.detection.law import HEARTBEAT, SECOND, Row
from services.alerting.detection.paths import Beat, Inventory
from services.alerting.detection.window import Ended, Ending, Item
from services.contracts.evidence import Heartbeat

WITHIN, WINDOW = 30 * SECOND, 420 * SECOND
_STAMPS = 16  # so many signs back, a repeat is known as one


@dataclass(slots=True)
class _Source:
    beat: Beat
    last: int
    due: list[Item] = field(default_factory=list)
    stamps: deque[tuple[str, datetime]] = field(default_factory=lambda: deque(maxlen=_STAMPS))

    @property
    def next(self) -> int:
        """When the next item is due."""
        return self.last + (len(self.due) + 1) * self.beat.interval


class Beats:
    """The sources that were heard of. Silence is waited for until the window is full of it: who
    is gone for good says nothing new."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._sources: dict[str, _Source] = {}

    def change(self, inventory: Inventory) -> None:
        """A catalogue came into force; what left it is not waited for any more."""
        self._inventory = inventory
        left = [name for name in self._sources if inventory.beat(name) is None]
        for name in left:
            del self._sources[name]

    def hear(self, heartbeat: Heartbeat, known: int) -> tuple[list[Item], list[Ended]]:
        """A sign of life ends the wait for the due time nearest to it, and for no earlier one."""
        beat, stamp = self._inventory.beat(heartbeat.source), (heartbeat.source, heartbeat.at)
        if beat is None:
            return [], []
        source = self._sources.get(beat.source)
        if source is None:
            source = self._sources[beat.source] = _Source(beat, known)
            source.stamps.append(stamp)
        if stamp in source.stamps or known <= source.last:
            return [], []
        source.stamps.append(stamp)
        nearest = max(1, round((known - source.last) / source.beat.interval))
        items = list(_due(source, nearest))
        ended = [Ended(item, Ending.ARRIVED, known) for item in source.due[nearest - 1 : nearest]]
        source.beat, source.last, source.due = beat, known, []
        return items, ended

    def expect(self, now: int) -> list[Item]:
        """What has become due by `now`."""
        late = (source for source in self._sources.values() if source.next <= now)
        return [item for source in late for item in _so_far(source, now)]


def _so_far(source: _Source, now: int) -> Iterator[Item]:
    return _due(source, (now - source.last) // source.beat.interval)


def _due(source: _Source, count: int) -> Iterator[Item]:
    """The items up to the count-th since the last sign that were not made before."""
    beat = source.beat
    for number in range(len(source.due) + 1, min(count, WINDOW // beat.interval) + 1):
        due = source.last + number * beat.interval
        item = Item(
            f"{beat.source}@{due}", beat.plane, Row(HEARTBEAT), due, due, WITHIN, WINDOW, beat.path
        )
        source.due.append(item)
        yield item
