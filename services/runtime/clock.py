"""Time: the wall clock for facts, a steady clock for schedules.

Slots follow the steady clock: it runs on the monotonic clock and is drawn towards the wall clock by
at most one part in a hundred, so that a step of the wall clock makes no burst and no gap.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

MOST_SLEW = 0.01


class Clock(Protocol):
    """What a component needs of time; tests pass a clock they move."""

    def now(self) -> datetime:
        """Wall time, UTC: the time that stands in evidence."""
        ...

    def steady(self) -> datetime:
        """UTC time that never steps: for slots, due work and time-outs."""
        ...


class SystemClock:
    """The machine's clocks."""

    def __init__(self) -> None:
        self._base = time.time() - time.monotonic()
        self._at = time.monotonic()

    def now(self) -> datetime:
        """Wall time, UTC."""
        return datetime.now(UTC)

    def steady(self) -> datetime:
        """Monotonic time drawn towards the wall clock."""
        at = time.monotonic()
        self._base += slew(self._base, time.time() - at, at - self._at)
        self._at = at
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=self._base + at)


def slew(base: float, wanted: float, elapsed: float) -> float:
    """How far to move the steady clock's base (seconds) after `elapsed` seconds."""
    most = MOST_SLEW * elapsed
    return max(-most, min(most, wanted - base))
