"""Who answered this worker since its last heartbeat, which lists them.

In:  HTTP exchanges of the accounts, and of the control address. Out: the list of a heartbeat.
Without the list a provider's outage could not be told from a broken network of this machine: an
answer of any status is a proof of network, the control address is one outside every provider.
"""

import asyncio
import contextlib

import aiohttp

from services.probe.accounts import Exchanged, watch
from services.probe.metrics import Metrics
from services.runtime.http import Destination, open_session
from services.runtime.retry import pause

CONTROL = "control"
CONTROL_EVERY_S = 10.0
CONTROL_WITHIN_S = 5.0


class Reach:
    """Which providers answered since the last heartbeat; counts every exchange."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._answered: set[str] = set()

    def exchanged(self, provider: str, status: int | None, seconds: float) -> None:
        """One exchange; `status` is None when no answer came."""
        code = "error" if status is None else f"{status // 100}xx"
        self._metrics.api_requests.labels(provider, code).inc()
        self._metrics.api_seconds.labels(provider, code).observe(seconds)
        if status is not None:
            self._answered.add(provider)

    def take(self) -> tuple[str, ...]:
        """Who answered since the last call."""
        answered, self._answered = tuple(sorted(self._answered)), set()
        return answered


async def ask_control(
    url: str | None, destination: Destination, told: Exchanged, stopping: asyncio.Event
) -> None:
    """Ask the control address every 10 s until `stopping`; nothing without one."""
    if url is None:
        return
    async with open_session(destination, 1) as session:
        watch(session, CONTROL, told)
        limit = aiohttp.ClientTimeout(total=CONTROL_WITHIN_S)
        while not stopping.is_set():
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                request = session.get(
                    url, proxy=destination.proxy, timeout=limit, allow_redirects=False
                )
                async with request:
                    pass
            await pause(stopping, CONTROL_EVERY_S)
