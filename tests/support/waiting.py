"""Wait for something to become true, with a deadline: what tests do instead of sleeping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(check: Callable[[], Awaitable[T]], within: float, every: float = ...) -> T: ...
@overload
async def eventually(check: Callable[[], T], within: float, every: float = ...) -> T: ...
async def eventually(check: Callable[[], Any], within: float, every: float = 0.05) -> Any:
    """Return the first truthy value of `check` (plain or async), asked every `every` seconds.

    A plain check is mostly a command, which takes from the system under test the core that it
    needs: it runs for a fifth of the time at most. An exception counts as "not yet". After
    `within` seconds raises `AssertionError`, which names the last value or carries the last
    exception as its cause. A hanging check is cut off too.
    """
    seen, cause = "nothing, the first check did not return", None
    deadline = time.monotonic() + within
    while (left := deadline - time.monotonic()) > 0:
        pause, begun = every, time.monotonic()
        try:
            value = check()
            pause = max(every, 4 * (time.monotonic() - begun))
            if inspect.isawaitable(value):
                value = await asyncio.wait_for(value, left)
            if value:
                return value
            seen, cause = repr(value), None
        except Exception as error:
            seen, cause = repr(error), error
        await asyncio.sleep(pause)
    raise AssertionError(f"not within {within:g} s; last seen: {seen}") from cause
