"""Lives the journeys of messages in real time: waits until each happening is due and tells of it.

In:  messages accepted by a front end. Out: each arrival, sight, opening and result, told when due.
Before: `sens.py` dispatches. After: `handsets.py` tells bongsu; a front end that asked for it keeps
its records or calls its webhooks.
The journey is computed anew whenever a fault is set or cleared and before each step, so a message
meets a platform in the state it has when it passes it (`world.World.send`).
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from simulators.faults import Fault, FaultBook, Passing
from simulators.journey import Journey, Message, Recipient, Report, Sight
from simulators.world import World

log = structlog.get_logger()

IN_FLIGHT_LIMIT = 20_000
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
        self._at_rest, self.faults = world, faults
        self._now = world

    @property
    def world(self) -> World:
        """Under all faults known by now."""
        if self._now.faults is not self.faults.history:
            self._now = self._at_rest.under(self.faults.history)
        return self._now

    def send(self, message: Message, at: datetime) -> Journey:
        return self.world.send(message, at)

    def meets(self, *components: str) -> Fault | None:
        """The worst fault by which these components hit everybody now."""
        return self.world.meets(Passing("", None, components), utc_now()).worst

    def app_works(self, to: Recipient, kind: str) -> bool:
        """Whether an app of a handset runs now and has a network."""
        return self.world.app_works(to, kind, utc_now())


class Handsets(Protocol):
    """Who tells bongsu of what the apps and persons of handsets noticed."""

    def noticed(self, arrival: Arrival, sight: Sight) -> None:
        """An app tells of an arrival."""
        ...

    def tries(self, message: Message, number: int) -> None:
        """A person tries to open a document, for the `number`th time."""
        ...


@dataclass(frozen=True, slots=True)
class Watch:
    """What a front end wants to know of its messages, when it happens."""

    arrived: Callable[[Arrival], None] = lambda arrival: None
    reported: Callable[[Message, Report], None] = lambda message, report: None


Happening = tuple[tuple[str, str, int], datetime, Callable[[], None]]


class Carriage:
    """All messages under way. Bounded; its tasks end with `close`."""

    def __init__(self, live: LiveWorld, handsets: Handsets) -> None:
        self._live, self._handsets = live, handsets
        self._under_way: set[asyncio.Task[None]] = set()

    def check_room(self, count: int) -> None:
        """Raise `Overloaded` if `count` more messages do not fit."""
        if len(self._under_way) + count > IN_FLIGHT_LIMIT:
            raise Overloaded

    def dispatch(self, message: Message, at: datetime, watch: Watch | None = None) -> None:
        """Let a message set out; `watch` is told of it and of its substitute."""
        work = self._carry(message, at, watch or Watch())
        task = asyncio.create_task(work, name=f"carry {message.id}")
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

    async def _carry(self, message: Message, at: datetime, watch: Watch) -> None:
        done: set[tuple[str, str, int]] = set()
        while True:
            changed = self._live.faults.changed
            journey, now = self._live.send(message, at), utc_now()
            waiting = [journey.looked_until] if journey.looked_until > now else []
            for key, due, happen in self._happenings(journey, watch):
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

    def _happenings(self, journey: Journey, watch: Watch) -> Iterator[Happening]:
        for leg in journey.legs():
            message, handed_at = leg.message, leg.handed_at or leg.sent_at
            arrivals = [Arrival(message, at, handed_at) for at in leg.arrivals]
            for copy, arrival in enumerate(arrivals):
                yield (message.id, "arrival", copy), arrival.at, partial(watch.arrived, arrival)
            for sight in leg.sights:
                tell = partial(self._handsets.noticed, arrivals[sight.copy], sight)
                yield (message.id, "sight", sight.copy), sight.told_at, tell
            for number, at in enumerate(leg.openings):
                opens = partial(self._handsets.tries, message, number)
                yield (message.id, "opening", number), at, opens
            if leg.report is not None:
                told = partial(watch.reported, message, leg.report)
                yield (message.id, "report", 0), leg.report.at, told


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, at most that long."""
    try:
        async with asyncio.timeout(max(seconds, 0.001)):
            await event.wait()
    except TimeoutError:
        return
