"""Calls that get no answer: kept open until the caller gives up, or the process is to stop."""

import asyncio

from starlette.requests import Request


class Silence:
    """All calls of one front end that are not answered."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._kept: set[asyncio.Timeout] = set()

    async def keep(self, request: Request) -> None:
        """Keep the connection without an answer until the caller or the gateway gives up."""
        try:
            async with asyncio.timeout(self._longest_s) as deadline:
                self._kept.add(deadline)
                while (await request.receive())["type"] != "http.disconnect":
                    continue
        except TimeoutError:
            pass
        finally:
            self._kept.discard(deadline)

    def stop(self) -> None:
        """End all silence, so that the process can stop at once."""
        for deadline in self._kept:
            deadline.reschedule(asyncio.get_running_loop().time())
