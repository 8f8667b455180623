"""Where a call to a provider meets the faults of the world: it may get a no, or no answer at all.

In:  a call, the message it hands in. Out: nothing, as late as the API answers; or the answer's
     `Refusal`.
Before: a front end knows who calls. After: it keeps the message and lets it set out.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from simulators.calls import Refusal
from simulators.carriage import Carriage, LiveWorld, Overloaded
from simulators.faults import State
from simulators.journey import Answer, Message


@dataclass(frozen=True)
class Refusals:
    """How a provider says no: the gateway gives up, too much at once, a component refuses."""

    timeout: Refusal
    full: Refusal
    by: Callable[[str], Refusal]


class Entry:
    """The API of one provider, as the faults of the world let it answer."""

    def __init__(
        self, live: LiveWorld, carriage: Carriage, refusals: Refusals, unanswered_s: float
    ) -> None:
        self._live, self._carriage, self._refusals = live, carriage, refusals
        self._unanswered_s = unanswered_s
        self._unanswered: set[asyncio.Timeout] = set()

    async def look_up(self, request: Request, *components: str) -> None:
        """A look-up meets those faults of the components that hit everybody."""
        met = self._live.meets(*components)
        if met is not None and met.state is State.DOWN:
            await self._stay_silent(request)
        if met is not None and met.state is State.REFUSING:
            raise self._refusals.by(met.component)

    async def send(self, request: Request, message: Message, at: datetime, count: int = 1) -> None:
        """A call with `count` messages shares the fate of its first."""
        try:
            self._carriage.check_room(count)
        except Overloaded:
            raise self._refusals.full from None
        journey = self._live.send(message, at)
        if journey.answer is Answer.SILENT:
            await self._stay_silent(request)
        await asyncio.sleep(((journey.answered_at or at) - at).total_seconds())
        if journey.refused_by is not None:
            raise self._refusals.by(journey.refused_by)

    async def _stay_silent(self, request: Request) -> None:
        """Keep the connection without an answer until the caller or the gateway gives up."""
        try:
            async with asyncio.timeout(self._unanswered_s) as deadline:
                self._unanswered.add(deadline)
                while (await request.receive())["type"] != "http.disconnect":
                    continue
        except TimeoutError:
            pass
        finally:
            self._unanswered.discard(deadline)
        raise self._refusals.timeout

    def stop(self) -> None:
        """End all silence, so that the process can stop at once."""
        for deadline in self._unanswered:
            deadline.reschedule(asyncio.get_running_loop().time())
