"""The life of a process: signals, tasks that end together, a stop that always ends.

First signal: `stopping` is set, loops take no new work and finish. 10 s later the process is ended
whatever state it is in. Second signal: ended at once. What was not acknowledged is repeated by
those who sent it.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable

import structlog

from services.runtime.errors import Stop

STOP_WITHIN_S = 10.0
_log = structlog.get_logger()

Main = Callable[[asyncio.Event], Awaitable[None]]


def run(main: Main) -> int:
    """Run a process's `main(stopping)` to its end; the exit code: 0 stopped, 1 could not go on."""
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_supervised(main))
    except Exception as error:
        for cause in leaves(error):
            known = isinstance(cause, Stop)
            _log.error("process cannot go on", reason=str(cause), exc_info=None if known else cause)
        return 1
    return 0


def leaves(error: BaseException) -> list[BaseException]:
    """The single errors inside nested groups."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for inner in error.exceptions for leaf in leaves(inner)]


async def _supervised(main: Main) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stopping)
    await main(stopping)


def _on_signal(stopping: asyncio.Event) -> None:
    if stopping.is_set():
        os._exit(130)
    stopping.set()
    # A thread, not the loop: the loop may be the thing that hangs.
    timer = threading.Timer(STOP_WITHIN_S, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
