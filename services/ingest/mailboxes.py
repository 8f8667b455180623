"""Step 4, mailboxes: test mailboxes show what arrived, bounce mailboxes what relays report.

In:  mailboxes of the catalogue whose partition (by their id) this instance owns in group `poll`.
     Out: `device.seen`, `report.received` and signs of life on Kafka.
Before: the receiving mail server, or the relay. After: storing and detection.
Nothing is kept: every new connection reads the last two days again, and the same mail makes the
same event. A folder's position moves when Kafka has its events; a sign of life follows a whole
round through a connection that works.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import structlog
from pydantic import ValidationError

from services.contracts import codec, topics
from services.contracts.catalogue import Account, Receiver
from services.contracts.evidence import DeviceSeen, Heartbeat, ReportReceived
from services.contracts.vocabulary import ObserverKind
from services.ingest import mail
from services.ingest.imap import FAILURES, Box, Folder, LoginError, Mail
from services.ingest.metrics import Metrics
from services.ingest.receive import Keeper, Witness, device_seen, timely
from services.ingest.reports import report_received
from services.ingest.watched import Watched
from services.runtime.clock import Clock
from services.runtime.errors import Retry, SetAside, Stop
from services.runtime.kafka import Publisher, partition_of
from services.runtime.retry import Backoff, pause

READS_BACK, KEPT = timedelta(days=2), timedelta(days=3)
AT_ONCE = 50
CALL_WITHIN_S = 30.0
TICK_S = 0.5
AGAIN_CAP_S, LOCKED_OUT_S = 60.0, 600.0
SWEEP_EVERY = timedelta(hours=1)
MOST_TOLD = 20_000
_log = structlog.get_logger()
T = TypeVar("T")


class Mailboxes:
    """`run` watches the mailboxes it owns, each in a task and a thread of its own."""

    def __init__(
        self,
        keeper: Keeper,
        wanted: Callable[[], Mapping[str, Watched]],
        partitions: Callable[[], Awaitable[int]],
        owned: Callable[[], Collection[int]],
        spam_folders: tuple[str, ...],
        publisher: Publisher,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._keeper, self._wanted = keeper, wanted
        self._partitions, self._owned = partitions, owned
        self._spam_folders, self._publisher = spam_folders, publisher
        self._metrics, self._clock = metrics, clock
        self._told: OrderedDict[UUID, None] = OrderedDict()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`; mailboxes that go or change are let go first."""
        running: dict[str, tuple[Watched, asyncio.Task[None]]] = {}
        partitions = await self._count(stopping)
        async with asyncio.TaskGroup() as tasks:
            while not stopping.is_set():
                owned = self._owned()
                wanted = {
                    name: watched
                    for name, watched in self._wanted().items()
                    if partition_of(name, partitions) in owned
                }
                for name, (watched, task) in list(running.items()):
                    if wanted.get(name) != watched:
                        task.cancel()
                        await asyncio.wait({task})
                        del running[name]
                for name in wanted.keys() - running.keys():
                    work = self._watch(wanted[name], stopping)
                    running[name] = wanted[name], tasks.create_task(work, name=f"mailbox:{name}")
                await pause(stopping, TICK_S)

    async def _count(self, stopping: asyncio.Event) -> int:
        """How many partitions evidence has: mailboxes are shared as they are."""
        backoff = Backoff(cap_s=2.0)
        while not stopping.is_set():
            try:
                return await self._partitions()
            except Retry:
                await pause(stopping, backoff.next_s())
        return 1

    async def _watch(self, watched: Watched, stopping: asyncio.Event) -> None:
        """Connect, and again after every failure, ever more slowly."""
        again, failed = Backoff(1.0, AGAIN_CAP_S), ""
        while not stopping.is_set():
            wait_s, reason = again.next_s(), ""
            try:
                await self._connected(watched, again, stopping)
            except LoginError:
                wait_s, reason = LOCKED_OUT_S, "login"
            except Retry as error:
                reason = error.reason
            except Stop as error:
                wait_s, reason = LOCKED_OUT_S, error.reason
            except FAILURES as error:
                reason = type(error).__name__
            if reason:
                self._metrics.mailbox_failures.labels(watched.kind).inc()
            if reason and reason != failed:
                _log.warning("mailbox cannot be read", mailbox=watched.owner.id, reason=reason)
            failed = reason
            await pause(stopping, wait_s)

    async def _connected(self, watched: Watched, again: Backoff, stopping: asyncio.Event) -> None:
        """One connection, for as long as it works."""
        async with _Lane() as lane:
            box = lane.box = await lane.run(Box, watched.place)
            swept = self._clock.now() - SWEEP_EVERY
            while not stopping.is_set():
                for folder in await lane.run(box.folders, self._spam_folders):
                    await self._read(watched, lane, box, folder)
                await self._alive(watched)
                again.reset()
                if self._clock.now() - swept >= SWEEP_EVERY:
                    swept = self._clock.now()
                    await self._sweep(watched, lane, box)
                await self._wait(watched, lane, box, stopping)

    async def _wait(
        self, watched: Watched, lane: "_Lane", box: Box, stopping: asyncio.Event
    ) -> None:
        if not box.idles:
            return await pause(stopping, watched.wait_s)
        stop = threading.Event()
        waiting = asyncio.create_task(
            lane.run(box.idle, watched.every_s, stop, more_s=watched.every_s)
        )
        ended = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            await waiting
        finally:
            stop.set()
            ended.cancel()
            waiting.cancel()

    async def _read(self, watched: Watched, lane: "_Lane", box: Box, folder: Folder) -> None:
        """Everything new in a folder; its position moves with what Kafka has."""
        since = (self._clock.now() - READS_BACK).date()
        uids = await lane.run(box.look, folder, since)
        for first in range(0, len(uids), AT_ONCE):
            part = uids[first : first + AT_ONCE]
            heads = await lane.run(box.heads, part, watched.fields)
            ours = [uid for uid in part if uid in heads and self._is_ours(watched, heads[uid])]
            for item in await lane.run(box.mails, ours):
                await self._tell(watched, folder, item)
            folder.last = part[-1]

    def _is_ours(self, watched: Watched, head: bytes) -> bool:
        try:
            return watched.names_a_probe(head)
        except SetAside as error:
            self._metrics.mails.labels(watched.kind, error.reason).inc()
            return False

    async def _tell(self, watched: Watched, folder: Folder, item: Mail) -> None:
        try:
            event = self._event(watched, folder, item)
        except (SetAside, ValidationError, OverflowError) as error:
            reason = error.reason if isinstance(error, SetAside) else "malformed"
            self._metrics.mails.labels(watched.kind, reason).inc()
            return
        if event.event_id in self._told:
            return
        await self._publisher.send(topics.EVIDENCE, codec.encode(event))
        if isinstance(event, DeviceSeen):
            result = str(event.placement)
        else:
            result = str(event.state)
            if "unknown" in (event.state, event.fault):
                self._metrics.unmapped_codes.labels(mail.ADAPTER).inc()
        self._metrics.mails.labels(watched.kind, result).inc()
        self._told[event.event_id] = None
        while len(self._told) > MOST_TOLD:
            self._told.popitem(last=False)

    def _event(self, watched: Watched, folder: Folder, item: Mail) -> DeviceSeen | ReportReceived:
        owner, now = watched.owner, self._clock.now()
        if isinstance(owner, Receiver):
            nonce, seen = mail.observation(
                item.raw, item.stored_at, owner.id, folder.placement, now
            )
            self._check_time(nonce.probe_id, now)
            return device_seen(seen, nonce, Witness(owner, ObserverKind.IMAP, self._keeper, now))
        assert owner.bounces is not None  # else it would not be watched
        probe_id, report = mail.report(item.raw, item.stored_at, owner.bounces.address)
        self._check_time(probe_id, now)
        return report_received(probe_id, owner.id, report, self._keeper, now)

    def _check_time(self, probe_id: UUID, now: datetime) -> None:
        if not timely(probe_id, now):
            raise SetAside("unmatched")

    async def _alive(self, watched: Watched) -> None:
        if isinstance(watched.owner, Account):
            return
        owner, now = watched.owner, self._clock.now()
        beat = Heartbeat(source=f"observer/{owner.id}/{ObserverKind.IMAP}", at=now)
        await self._publisher.send(topics.HEARTBEATS, codec.encode(beat))
        labels = (owner.id, str(ObserverKind.IMAP), str(owner.carrier))
        self._metrics.last_seen.labels(*labels).set(now.timestamp())

    async def _sweep(self, watched: Watched, lane: "_Lane", box: Box) -> None:
        """Delete our own mails after three days."""
        for folder in await lane.run(box.folders, self._spam_folders):
            uids = await lane.run(box.old, folder, self._clock.now() - KEPT)
            for first in range(0, len(uids), AT_ONCE):
                part = uids[first : first + AT_ONCE]
                heads = await lane.run(box.heads, part, watched.fields)
                ours = [uid for uid in part if uid in heads and self._is_ours(watched, heads[uid])]
                await lane.run(box.delete, ours)


class _Lane:
    """The thread of one connection: its calls one after another, each with a deadline."""

    box: Box | None = None

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="imap")

    async def __aenter__(self) -> "_Lane":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.box is not None:
            self.box.abort()  # whatever a thread still waits for ends now
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def run(self, call: Callable[..., T], *args: Any, more_s: float = 0.0) -> T:
        """The result of one call. Raises TimeoutError; the connection is of no use afterwards."""
        async with asyncio.timeout(CALL_WITHIN_S + more_s):
            return await asyncio.get_running_loop().run_in_executor(self._pool, call, *args)
