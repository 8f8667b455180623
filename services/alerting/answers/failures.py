"""How often an address came with a wrong token lately: more than so often it has to wait.

In:  addresses of callers. Out: whether one has to wait. In memory, of this instance alone: tokens
are too long to be guessed, so this bounds work and lines of the log, nothing else.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST, WITHIN_S, ADDRESSES = 20, 60.0, 1_000


class Failures:
    """Monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def another(self, caller: str) -> None:
        """It came with a wrong one."""
        times = self._seen.setdefault(caller, deque(maxlen=MOST))
        times.append(self._clock())
        self._seen.move_to_end(caller)
        if len(self._seen) > ADDRESSES:
            self._seen.popitem(last=False)

    def too_many(self, caller: str) -> bool:
        """Does it have to wait?"""
        times = self._seen.get(caller, deque())
        return len(times) == MOST and self._clock() - times[0] < WITHIN_S
