"""Waiting between tries: capped exponential growth with full jitter (AWS Architecture Blog, 2015).

For loops that try until they are stopped. A bounded number of tries is stamina's work.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from typing import Any


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


async def until(
    stopping: asyncio.Event, work: Coroutine[Any, Any, None], grace_s: float = 0.0
) -> None:
    """Do `work`, but not longer than `grace_s` seconds into a stop: then it is cancelled."""
    task, stop = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done() and grace_s > 0:
            await asyncio.wait({task}, timeout=grace_s)
    finally:
        stop.cancel()
        task.cancel()
        await asyncio.wait({task, stop})
    if not task.cancelled():
        task.result()


async def give_up_after(
    seconds: float,
    closing: Coroutine[Any, Any, None],
    cut: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Close something politely, but not for longer than this; then `cut` what the closing waits
    for, so that it ends by itself within a second. What either raises is of no use to anybody. A
    cancellation of the caller gets through."""
    tasks = [asyncio.create_task(closing)]
    try:
        await asyncio.wait(tasks, timeout=seconds)
        if cut is not None and not tasks[0].done():
            tasks.append(asyncio.create_task(cut()))
            await asyncio.wait(tasks, timeout=1.0)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
