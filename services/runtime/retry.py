"""Waiting between tries: capped exponential growth with full jitter (AWS Architecture Blog, 2015).

For loops that try until they are stopped. A bounded number of tries is stamina's work.
"""

import asyncio
import contextlib
import random


class Backoff:
    """Delays for one loop; `reset` after a success."""

    def __init__(self, first_s: float = 0.1, cap_s: float = 5.0) -> None:
        self._first, self._cap, self._tries = first_s, cap_s, 0

    def next_s(self) -> float:
        """The next delay in seconds, drawn evenly from (0, the grown bound]."""
        bound = min(self._cap, self._first * float(2**self._tries))
        self._tries = min(self._tries + 1, 30)
        return bound * (1 - random.random())

    def reset(self) -> None:
        """Start over: the last try worked."""
        self._tries = 0


async def pause(stopping: asyncio.Event, seconds: float) -> None:
    """Wait, but not into a stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
