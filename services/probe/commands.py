"""Shards and commands: the topic `commands` says which routes are ours, and asks for extra probes.

In:  assignments of the group `<prefix>-probe`, `probe.command` records. Out: `Worker.own`, and
probes carried out as scheduled ones are. Before: an operator or the leader asks. After: step 2.
An offset moves only after `probe.sent` of its commands is acknowledged; the call itself goes on in
the background. A command redelivered makes the same probe id.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import structlog

from services.contracts import slots
from services.contracts.catalogue import Catalogue, Route
from services.contracts.codec import InvalidEvent, decode
from services.contracts.evidence import ProbeCommand
from services.contracts.topics import ALL, COMMANDS
from services.contracts.vocabulary import Purpose
from services.probe.metrics import Metrics
from services.probe.schedule import NotSent, PlannedProbe, turns_of
from services.probe.stops import KoreanDay
from services.probe.worker import Announced, Worker
from services.runtime.clock import Clock
from services.runtime.errors import Retry
from services.runtime.kafka import Address, wait_for_topics
from services.runtime.kafka_readers import Fetched, GroupReader, Partition
from services.runtime.ops import Health

GROUP = "probe"
# Who observes a message drops a slot that lies further ahead of its clock.
MOST_AHEAD = timedelta(minutes=10)
CONFIRMED_EVERY = timedelta(seconds=5)  # the least time between two rounds for one component
MOST_REMEMBERED = 20_000
_log = structlog.get_logger()


class Fate(StrEnum):
    """What becomes of a command."""

    STARTED = "started"
    REPEATED = "repeated"  # carried out by this worker already
    EXPIRED = "expired"
    INVALID = "invalid"  # not readable, purpose `scheduled`, or a slot far ahead
    UNKNOWN = "unknown"  # no such route or receiver, or no adapter for it
    DISABLED = "disabled"
    RESTRICTED = "restricted"  # hours in which this channel may not be used
    ALLOWANCE = "allowance"  # the day's allowance is used up
    NOT_SENT = "not_sent"  # see bongsu_probe_not_sent_total


class Commands:
    """The group's handler."""

    def __init__(
        self,
        worker: Worker,
        count_shards: Callable[[], Awaitable[int]],
        extra_probes_a_day: int,
        adapters: Collection[str],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._worker, self._count_shards = worker, count_shards
        self._a_day, self._adapters = extra_probes_a_day, adapters
        self._clock, self._metrics = clock, metrics
        self._today = KoreanDay()
        self._done: dict[UUID, None] = {}  # in order of carrying out; the oldest is forgotten first

    async def assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int | None]:
        """Our routes are those of these partitions, of as many as the topic has now."""
        total = await self._count_shards()
        self._worker.own({number for _, number in partitions}, total)
        _log.info("shards owned", count=len(partitions), of=total)
        return dict.fromkeys(partitions)

    async def revoked(self, partitions: Collection[Partition]) -> None:
        """A rebalance takes all and then gives anew: start no slot until it does."""
        self._worker.disown({number for _, number in partitions})

    async def handle(self, records: Mapping[Partition, list[Fetched]]) -> None:
        """Announce every command; raises Retry when Kafka did not take an announcement."""
        commands = [self._read(record) for some in records.values() for record in some]
        outcomes = await asyncio.gather(
            *(self._follow(command) for command in commands if command is not None),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def idle(self, stored: Mapping[Partition, datetime]) -> None:
        """Nothing to do."""

    def _read(self, record: Fetched) -> ProbeCommand | None:
        try:
            command = decode(record.value, record.headers)
        except InvalidEvent as error:
            self._count(Fate.INVALID, None, str(error))
            return None
        if not isinstance(command, ProbeCommand):
            self._count(Fate.INVALID, None, "no command")
            return None
        return command

    async def _follow(self, command: ProbeCommand) -> None:
        planned = self._plan(command)
        if isinstance(planned, Fate):
            self._count(planned, command)
            return
        self._remember(command)  # before waiting: the same batch may hold it twice
        announced = await self._worker.announce(planned)
        if announced in (NotSent.KAFKA, NotSent.STOPPING):
            self._forget(command)
            raise Retry("not_announced", "a command could not be announced")
        if not isinstance(announced, Announced):
            self._count(Fate.NOT_SENT, command, announced)
            return
        self._worker.keep(self._worker.carry_out(announced))
        self._count(Fate.STARTED, command)

    def _plan(self, command: ProbeCommand) -> PlannedProbe | Fate:
        now, catalogue = self._clock.now(), self._worker.catalogue
        if command.command_id in self._done:
            return Fate.REPEATED
        if catalogue is None:
            raise Retry("catalogue", "no catalogue yet")
        planned = judge(command, catalogue, self._adapters, now)
        used_up = self._today.count(now) >= self._a_day * self._worker.share
        return Fate.ALLOWANCE if used_up and isinstance(planned, PlannedProbe) else planned

    def _remember(self, command: ProbeCommand) -> None:
        self._today.add(self._clock.now())
        self._done[command.command_id] = None
        if len(self._done) > MOST_REMEMBERED:
            del self._done[next(iter(self._done))]

    def _forget(self, command: ProbeCommand) -> None:
        """It will be read again: neither done nor a part of the day's allowance."""
        self._today.add(self._clock.now(), number=-1)
        self._done.pop(command.command_id, None)

    def _count(self, fate: Fate, command: ProbeCommand | None, why: str = "") -> None:
        self._metrics.commands.labels(fate).inc()
        if fate not in (Fate.STARTED, Fate.REPEATED):
            route = command.route if command else None
            _log.warning("command not carried out", fate=fate, route=route, reason=why)


def judge(
    command: ProbeCommand, catalogue: Catalogue, adapters: Collection[str], now: datetime
) -> PlannedProbe | Fate:
    """The probe a command asks for, or why there is none."""
    if command.expires_at <= now:
        return Fate.EXPIRED
    if command.purpose is Purpose.SCHEDULED or command.slot > now + MOST_AHEAD:
        return Fate.INVALID
    route = catalogue.routes.get(command.route)
    if route is None or route.adapter not in adapters:
        return Fate.UNKNOWN
    receiver = command.receiver or _next(route, command)
    if receiver not in catalogue.receivers:
        return Fate.UNKNOWN
    if not route.enabled:
        return Fate.DISABLED
    if catalogue.rests(route, now):
        return Fate.RESTRICTED
    return PlannedProbe(
        catalogue, route, receiver, command.slot, command.purpose, command.command_id
    )


def _next(route: Route, command: ProbeCommand) -> str:
    """Whose turn it is. What is to tell a route's fault from its recipient's must not meet one
    recipient for a whole interval: confirm probes change with every round."""
    if command.purpose is Purpose.CONFIRM:
        return slots.receiver_of(route.id, CONFIRMED_EVERY, command.slot, route.receivers)
    return turns_of(route)[0].receiver(command.slot)


async def read_commands(
    address: Address, commands: Commands, health: Health, stopping: asyncio.Event
) -> None:
    """Join the group once the topics are right. Raises Stop when they could lose a record."""
    reader = GroupReader(address, GROUP, (COMMANDS,), commands, health)
    await wait_for_topics(address, ALL, stopping)
    await reader.run(stopping)
