"""The life of a process: signals, tasks that end together, a stop that always ends.

First signal: `stopping` is set, loops take no new work and finish. A while later (`stop_within_s`)
the process is ended whatever state it is in. Second signal: ended at once. What was not
acknowledged is repeated by those who sent it.
"""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable

import structlog

from services.runtime import logs
from services.runtime.errors import Stop

STOP_WITHIN_S = 9.5  # gone within 10 s
KERNEL_AFTER_S = 0.3
_STOPS = {signal.SIGTERM, signal.SIGINT}
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


def obey_signals(stopping: asyncio.Event, stop_within_s: float) -> None:
    """The first SIGTERM or SIGINT sets `stopping` and the process is ended `stop_within_s` later;
    the second ends it at once. Call it in the running loop, before other threads start."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    loop = asyncio.get_running_loop()
    threading.Thread(target=_obey, args=(loop, stopping, stop_within_s), daemon=True).start()


def _obey(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event, stop_within_s: float) -> None:
    # A thread that waits, not a handler: the loop's thread may hang and would never run one.
    signal.sigwait(_STOPS)
    _end_later(stop_within_s)
    with contextlib.suppress(RuntimeError):  # the loop has ended by itself
        loop.call_soon_threadsafe(stopping.set)
    signal.sigwait(_STOPS)
    os._exit(130)


async def _supervised(main: Main, stop_within_s: float) -> int:
    stopping = asyncio.Event()
    obey_signals(stopping, stop_within_s)
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


def _end_later(seconds: float) -> None:
    # The kernel ends what lets no thread run, or waits for somebody to read its last line.
    signal.setitimer(signal.ITIMER_REAL, seconds + KERNEL_AFTER_S)
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
