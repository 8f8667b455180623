"""The detector's clock: when a tick may run, when a record counts, and whose clock is wrong.

In:  append times of brokers, moments of reading, the last tick. Out: the time that counts, the
ticks to run or to skip. Pure. Before and after: `tail.py`. Times in whole microseconds since 1970.
A broker's clock that is an hour off blinds nobody: what it says is held between the last tick and
the moment of reading.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from services.alerting.detection.law import SECOND

SETTLED = 200_000  # what was appended up to a tick can be read so much later
WRONG_CLOCK = 2 * SECOND
PATIENCE = 60 * SECOND  # so long catching up may take; then ticks are skipped
_REMEMBERED = 60 * SECOND


def effective(appended: int, last_tick: int, read: int) -> int:
    """When a record counts as known."""
    return min(max(appended, last_tick), max(read, last_tick))


def late(appended: int, last_tick: int) -> bool:
    """Did it come after a tick that it belonged to? It counts at the next one."""
    return appended < last_tick


class Plan(NamedTuple):
    """What to run: after `skipped_to` (None: nothing is skipped) each second up to `last`."""

    last: int
    skipped_to: int | None = None


def plan(done: int, until: int, behind_for: int) -> Plan:
    """The ticks that may run when everything appended before `until` was read; `done` is the last
    one, `behind_for` how long we have been catching up."""
    last = max(done, (until - SETTLED) // SECOND * SECOND)
    hopeless = behind_for > PATIENCE and last - done > PATIENCE
    return Plan(last, last - SECOND if hopeless else None)


@dataclass(slots=True)
class Clocks:
    """How far the brokers' clocks are from ours: by partition, the largest of a minute of
    (appended - read), which is the offset less the shortest way of a record."""

    _seen: dict[tuple[str, int], dict[int, int]] = field(default_factory=dict)

    def hear(self, partition: tuple[str, int], appended: int, read: int) -> None:
        """A record that was read as soon as it was there."""
        minutes = self._seen.setdefault(partition, {})
        minute = read // _REMEMBERED
        minutes[minute] = max(minutes.get(minute, appended - read), appended - read)

    def offset(self, now: int) -> int:
        """The worst of the last full minute and of this one, in microseconds; 0 before any."""
        this = now // _REMEMBERED
        for partition, minutes in self._seen.items():
            kept = {minute: most for minute, most in minutes.items() if minute >= this - 1}
            self._seen[partition] = kept
        return _worst(max(kept.values()) for kept in self._seen.values() if kept)


def _worst(offsets: Iterable[int]) -> int:
    return max(offsets, key=abs, default=0)
