"""Step 7, its first half: every instance reads all evidence and heartbeats, and ticks.

In:  the topics evidence and heartbeats from the saved mark on, the catalogue in force. Out: a tick
each second, told to `incidents/writing.py`; confirm probes on the topic commands, by the leader.
Before: step 4 publishes. After: `detector.py` decides, the leader writes.
A tick runs when everything was read that was appended up to 0.2 s after it. What the detector
needs is saved: `run.py` begins it anew after any error, and storing does not notice.
"""

import asyncio
import contextlib
import itertools
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import structlog
from pydantic import ValidationError

from services.alerting.database import asked
from services.alerting.detection import pace, standing
from services.alerting.detection.confirm import Ask
from services.alerting.detection.detector import Detector, Limits, Memory, Ticked
from services.alerting.detection.items import KEPT, WINDOW, microseconds
from services.alerting.detection.law import SECOND
from services.alerting.incidents.writing import Writer
from services.alerting.metrics import Metrics
from services.alerting.settings import AlertingSettings
from services.catalogue.publish import Follower
from services.contracts import codec
from services.contracts.codec import Encoded, InvalidEvent
from services.contracts.evidence import ChannelObserved, Evidence, Heartbeat, ProbeCommand
from services.contracts.topics import COMMANDS, EVIDENCE, HEARTBEATS
from services.contracts.vocabulary import Purpose
from services.runtime.errors import Retry
from services.runtime.kafka import Address, Publisher, partition_of
from services.runtime.kafka_readers import Fetched
from services.runtime.kafka_tail import Read, tail
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause
from services.storage import detector as storage
from services.storage.pool import Pool, transaction

LOOP = "detection"
BEFORE = 120 * SECOND
OLDEST = 3600 * SECOND  # what lies further back teaches nothing: a minute reads no more
FRESH, EXPIRES = timedelta(seconds=5), timedelta(seconds=30)
_COMMANDS = UUID("5b0b6c3e-7f0e-5c53-9a55-0d4f1c2f8a11")
_log = structlog.get_logger()


class Tail:
    """The loop that reads and ticks."""

    def __init__(
        self, settings: AlertingSettings, address: Address, pool: Pool, publisher: Publisher,
        metrics: Metrics, health: Health, follower: Follower, writer: Writer,
    ) -> None:  # fmt: skip
        self._address, self._pool, self._publisher = address, pool, publisher
        self._metrics, self._health = metrics, health
        self._follower, self._writer = follower, writer
        self._limits = Limits(
            settings.false_pages_per_quarter, settings.confirm_probes_per_day, settings.persist_s
        )
        self._source = f"alerting/{settings.instance}"
        self._clocks = pace.Clocks()
        self._behind_since: float | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Read and tick until `stopping`; after Kafka or Postgres was away, from what was saved."""
        backoff = Backoff(cap_s=5.0)
        while not stopping.is_set():
            try:
                await self._life(stopping, backoff)
            except Retry as error:
                self._health.waits(LOOP, str(error))
                _log.warning("evidence cannot be read", reason=str(error))
            self._health.turn(LOOP)
            await pause(stopping, backoff.next_s())

    async def _life(self, stopping: asyncio.Event, backoff: Backoff) -> None:
        self._health.waits(LOOP, "has not read all evidence yet")
        while self._follower.catalogue is None and not stopping.is_set():
            self._health.turn(LOOP)
            await pause(stopping, 0.2)
        detector, self._behind_since = await self._begun(), None
        since = standing.at(detector.at)
        reading = tail(self._address, (EVIDENCE, HEARTBEATS), since, stopping)
        async with contextlib.aclosing(reading):
            async for read in reading:
                self._health.turn(LOOP)
                await asyncio.to_thread(self._take, detector, read)
                await self._tick(detector, read, stopping)
                backoff.reset()

    async def _begun(self) -> Detector:
        """From what was saved, or with what the law of the shipped tables knows."""
        now = microseconds(datetime.now(UTC))
        with asked(self._health):
            async with transaction(self._pool) as conn:
                saved = await storage.load(conn)
        memory = None
        if saved is not None:
            try:
                memory = standing.restored(saved)
            except ValidationError:
                _log.warning("what another release saved cannot be read: begun from nothing")
        since, memory = begin(memory, now)
        return Detector(memory, since, self._limits)

    def _take(self, detector: Detector, read: Read) -> None:
        """Hand the detector what was read; what nobody can read, storing sets aside."""
        if self._follower.catalogue is not detector.catalogue and self._follower.catalogue:
            detector.change(self._follower.catalogue)
        at = microseconds(read.read_at)
        for record in read.records:
            appended = microseconds(record.known_at)
            if read.live:
                self._clocks.hear((record.topic, record.partition), appended, at)
            if pace.late(appended, detector.at):
                self._metrics.late_records.labels(self._plain(record)).inc()
            try:
                event = codec.decode(record.value, record.headers)
            except InvalidEvent:
                continue
            if isinstance(event, Evidence | ChannelObserved | Heartbeat):
                detector.feed(event, pace.effective(appended, detector.at, at))

    def _plain(self, record: Fetched) -> str:
        return record.topic.removeprefix(f"{self._address.prefix}.")

    async def _tick(self, detector: Detector, read: Read, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            planned = pace.plan(detector.at, microseconds(read.until), self._behind_for())
            if planned.skipped_to is not None:
                self._skipped(detector, planned.skipped_to)
                await asyncio.to_thread(detector.skip, planned.skipped_to)
            if detector.at >= planned.last:
                break
            self._writer.instruct(detector)
            with self._metrics.tick_seconds.time():
                ticked = await asyncio.to_thread(detector.tick, detector.at + SECOND)
            self._health.turn(LOOP)
            if ticked is not None:
                await self._tell(detector, ticked)
        if read.live and datetime.now(UTC) - standing.at(detector.at) < FRESH:
            self._caught_up()

    def _behind_for(self) -> int:
        if self._behind_since is None:
            self._behind_since = time.monotonic()
        return int((time.monotonic() - self._behind_since) * SECOND)

    def _skipped(self, detector: Detector, to: int) -> None:
        ticks = (to - detector.at) // SECOND
        self._metrics.skipped_ticks.inc(ticks)
        span = {"since": str(standing.at(detector.at)), "to": str(standing.at(to))}
        _log.error("ticks are skipped: catching up took too long", ticks=ticks, **span)

    def _caught_up(self) -> None:
        self._behind_since = None
        self._health.waits(LOOP, None)
        self._metrics.selfcheck.labels("detected").set_to_current_time()
        offset = self._clocks.offset(microseconds(datetime.now(UTC)))
        self._metrics.broker_clock.set(offset / SECOND)

    async def _tell(self, detector: Detector, ticked: Ticked) -> None:
        for verdict in ticked.verdicts:
            entry = verdict.entry
            _log.warning(
                "verdict", told=verdict.told.value, component=entry.component,
                hypothesis=entry.hypothesis.value, since=str(standing.at(entry.onset)),
                tick=str(standing.at(ticked.at)), rival=verdict.apart and verdict.apart.rival,
            )  # fmt: skip
        self._writer.tell(detector)
        fresh = datetime.now(UTC) - standing.at(ticked.at) < FRESH
        if ticked.asks and self._writer.leads and fresh:
            # A lost request is only a lost speed-up.
            with contextlib.suppress(Retry):
                await asyncio.gather(*(self._ask(ticked.at, one) for one in ticked.asks))

    async def _ask(self, tick: int, one: Ask) -> None:
        command = command_of(tick, one, self._source)
        encoded = codec.encode(command)
        if one.elsewhere:
            encoded = Encoded(elsewhere(one.route).encode(), encoded.value, encoded.headers)
        await self._publisher.send(COMMANDS, encoded)


def begin(memory: Memory | None, now: int) -> tuple[int, Memory]:
    """Where reading begins, and what it goes on from: what is older than the memory only teaches.
    Whole seconds. Pure."""
    now -= now % SECOND
    recent = now - max(WINDOW, KEPT) - BEFORE
    if memory is None:
        return recent, Memory(recent, recent, {})
    mark = max(memory.learnt_at - KEPT - BEFORE, now - OLDEST)
    resumed = min(max(memory.at, now - WINDOW - KEPT), now)
    return min(mark, recent), Memory(
        resumed, memory.learnt_at, memory.learnt, memory.state, memory.asked, memory.apart
    )


def command_of(tick: int, one: Ask, source: str) -> ProbeCommand:
    """The same command, whichever instance asks. Pure."""
    slot = standing.at(tick)
    return ProbeCommand(
        command_id=uuid5(_COMMANDS, f"{tick}/{one.route}/{one.elsewhere}"),
        source=source, route=one.route, slot=slot, purpose=Purpose.CONFIRM,
        expires_at=slot + EXPIRES,
    )  # fmt: skip


def elsewhere(route: str) -> str:
    """A key that leads to a partition which the route's worker hardly owns: half of all away, and
    of the other parity, for groups share by ranges or in turn. Pure."""
    count = COMMANDS.partitions
    wanted = (partition_of(route, count) + (count // 2 | 1)) % count
    keys = (f"{route}#{number}" for number in itertools.count())
    return next(key for key in keys if partition_of(key, count) == wanted)
