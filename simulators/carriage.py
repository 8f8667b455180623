"""Lives the journeys of messages in real time: waits until each arrival is due and hands it over.

In:  messages accepted by a front end. Out: `Arrival` to the handset that gets it.
Before: `sens.py` dispatches. After: `handsets.py` shows the message on the phone.
The journey is planned anew whenever a fault is set or cleared and before each step, so a message
meets a platform in the state it has when it passes it (`world.plan`).
"""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from simulators.faults import Fault, FaultBook, Passing
from simulators.world import Journey, Message, World, plan

log = structlog.get_logger()

IN_FLIGHT_LIMIT = 20_000
RESULT = -1  # a leg's final result, where arrivals have the number of their copy
KEPT_FOR = timedelta(hours=24)  # networks drop what they could not deliver for a day


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message at its handset. `handed_at` is when the carrier or platform took it."""

    message: Message
    at: datetime
    handed_at: datetime


class Overloaded(Exception):
    """More messages under way than the world carries; the front end refuses the call."""


class LiveWorld:
    """The world with the faults that were and are set in it."""

    def __init__(self, world: World, faults: FaultBook) -> None:
        self.world, self.faults = world, faults

    def plan(self, message: Message, at: datetime) -> Journey:
        return plan(message, at, self.faults.history, self.world)

    def meets(self, recipient: str | None, *components: str) -> Fault | None:
        """The worst fault that something else than a message meets at these components now."""
        passing = Passing(secrets.token_hex(8), recipient, components)
        return self.world.meets(passing, utc_now(), self.faults.history).worst


class Carriage:
    """All messages under way. Bounded; its tasks end with `close`."""

    def __init__(
        self,
        live: LiveWorld,
        arrive: Callable[[Arrival], None],
        report: Callable[[Message, str, datetime], None] | None = None,
    ) -> None:
        """`report` is told of final results as they are due: message, reason, time."""
        self._live = live
        self._arrive, self._report = arrive, report
        self._under_way: set[asyncio.Task[None]] = set()

    def check_room(self, count: int) -> None:
        """Raise `Overloaded` if `count` more messages do not fit."""
        if len(self._under_way) + count > IN_FLIGHT_LIMIT:
            raise Overloaded

    def dispatch(self, message: Message, at: datetime) -> None:
        task = asyncio.create_task(self._carry(message, at), name=f"carry {message.id}")
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a journey broke off, its message is lost", exc_info=error)

    async def close(self) -> None:
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _carry(self, message: Message, at: datetime) -> None:
        done: set[tuple[str, int]] = set()
        while True:
            changed = self._live.faults.changed
            journey, now = self._live.plan(message, at), utc_now()
            waiting = [journey.looked_until] if journey.looked_until > now else []
            for key, due, happen in self._happenings(journey):
                if key not in done and due <= now:
                    done.add(key)
                    happen()
                elif key not in done:
                    waiting.append(due)
            held = any(leg.held for leg in journey.legs())
            if not (waiting or held) or now - at > KEPT_FOR:
                return
            next_look = min(waiting, default=at + KEPT_FOR)
            await wait_for(changed, (next_look - now).total_seconds())

    def _happenings(
        self, journey: Journey
    ) -> Iterator[tuple[tuple[str, int], datetime, Callable[[], None]]]:
        for leg in journey.legs():
            message, handed_at = leg.message, leg.handed_at or leg.sent_at
            for copy, at in enumerate(leg.arrivals):
                arrival = Arrival(message, at, handed_at)
                yield (message.id, copy), at, partial(self._arrive, arrival)
            if self._report is not None and leg.report is not None:
                told = partial(self._report, message, leg.report.reason, leg.report.at)
                yield (message.id, RESULT), leg.report.at, told


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, at most that long."""
    try:
        async with asyncio.timeout(max(seconds, 0.001)):
            await event.wait()
    except TimeoutError:
        return
