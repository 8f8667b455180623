"""The life of a process: signals, tasks that end together, a stop that always ends.

First signal: `stopping` is set, loops take no new work and finish. A while later (`stop_within_s`)
the process is ended whatever state it is in. Second signal: ended at once. What was not
acknowledged is repeated by those who sent it.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable

import structlog

from services.runtime import logs
from services.runtime.errors import Stop

STOP_WITHIN_S = 9.5  # gone within 10 s
_log = structlog.get_logger()

Main = Callable[[asyncio.Event], Awaitable[None]]


def run(main: Main, stop_within_s: float = STOP_WITHIN_S) -> int:
    """Run a process's `main(stopping)` to its end; the exit code: 0 stopped, 1 could not go on."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_supervised(main, stop_within_s))


def leaves(error: BaseException) -> list[BaseException]:
    """The single errors inside nested groups."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for inner in error.exceptions for leaf in leaves(inner)]


async def _supervised(main: Main, stop_within_s: float) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stopping, stop_within_s)
    try:
        await main(stopping)
    except Exception as error:
        _report(error)
        # Closing the loop waits for threads that may never end.
        _end_later(stop_within_s)
        return 1
    return 0


def _report(error: Exception) -> None:
    if not structlog.is_configured():
        logs.configure("unnamed", "unnamed")  # the settings that would say it were not read
    for cause in leaves(error):
        known = isinstance(cause, Stop)
        _log.error("process cannot go on", reason=str(cause), exc_info=None if known else cause)


def _on_signal(stopping: asyncio.Event, stop_within_s: float) -> None:
    if stopping.is_set():
        os._exit(130)
    stopping.set()
    _end_later(stop_within_s)


def _end_later(seconds: float) -> None:
    # A thread, not the loop: the loop may be the thing that hangs.
    timer = threading.Timer(seconds, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    # Past the logger: whoever hangs may hold its lock.
    os.write(sys.stderr.fileno(), b'{"event":"process did not stop in time","level":"error"}\n')
    os._exit(1)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
