"""Step 8, its hands: the leader writes what changed, and does what people ask for.

In:  the detector after each tick; actions. Out: rows of incidents with their timelines and
candidates, the detector's memory, all in transactions that name the leader's epoch; metrics.
Before: `lifecycle.py` says what changed. After: `paging/making.py` in the same transaction;
`bongsu status`, boards, restarts.
The tail never waits for this. Of a commit of which nobody knows what became, what is stored is
read again before anything else is written. While nobody ticks, for Kafka is away, what is stored
stands: pages about it go on, and what people ask for is done.
"""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog

from services.alerting.database import asking, stored_catalogue
from services.alerting.detection import standing
from services.alerting.detection.detector import Detector, Memory
from services.alerting.incidents import handover, lifecycle, words
from services.alerting.incidents.lifecycle import Change
from services.alerting.incidents.promises import Promises
from services.alerting.incidents.rows import candidates, rows
from services.alerting.incidents.words import Words
from services.alerting.leader import Leader
from services.alerting.metrics import Metrics
from services.alerting.paging import making
from services.contracts.catalogue import Catalogue
from services.runtime.errors import Retry
from services.runtime.ops import Health
from services.runtime.retry import pause
from services.storage import detector as memories
from services.storage import errors
from services.storage import incidents as storage
from services.storage import leader as leadership
from services.storage.incidents import Action, Candidate, Event, Incident
from services.storage.pool import Connection, Pool, part

EVERY_S, SAVED_S = 0.5, 10.0
BACK = timedelta(hours=1)  # longer than a closed incident may come back
_log = structlog.get_logger()


class Seen(NamedTuple):
    """What stands after a tick; without a memory: what stands while there is none."""

    at: datetime
    memory: Memory | None
    rows: dict[str, Incident]
    candidates: dict[str, list[Candidate]]
    words: Words
    catalogue: Catalogue | None


class Writer:
    """`instruct` before each tick, `tell` after it; `run` writes while we lead."""

    def __init__(self, pool: Pool, leader: Leader, metrics: Metrics, health: Health) -> None:
        self._pool, self._leader, self._metrics, self._health = pool, leader, metrics, health
        self._promises = Promises(metrics.objectives)
        self._epoch: int | None = None
        self._stored: list[Incident] | None = None  # read, and not yet taken over
        self._written: dict[str, Incident] = {}
        self._closers: dict[str, Action] = {}
        self._seen: Seen | None = None
        self._detector: Detector | None = None
        self._in_force: Catalogue | None = None  # as it is stored
        self._told_at = datetime.now(UTC)  # of the last tick, by its own clock
        self._begun_at = time.monotonic()  # of the last tick
        self._saved, self._laws_of = float("-inf"), None  # type: float, int | None

    @property
    def leads(self) -> bool:
        """Is what we see what is written?"""
        ours = self._epoch is not None and self._epoch == self._leader.epoch
        return ours and self._stored is None

    def _ticks(self) -> bool:
        """Is what was told last what stands?"""
        return datetime.now(UTC) - self._told_at < storage.STANDS_STILL

    def _blind(self) -> bool:
        """Has no tick begun for so long that none may for long? One that catches up has."""
        return time.monotonic() - self._begun_at >= storage.STANDS_STILL.total_seconds()

    def instruct(self, detector: Detector) -> None:
        """Before a tick: what another leader wrote, and what people closed, holds; so does what we
        wrote ourselves, for a detector that has begun anew from what was saved before."""
        self._begun_at = time.monotonic()
        if detector is not self._detector:
            self._detector, self._epoch, self._seen = detector, None, None
        if self._stored is not None:
            detector.state = handover.adopted(detector.state, self._stored, detector.at)
            self._written = {row.id: row for row in self._stored}
            self._stored, self._seen = None, None
        for name in self._closers:
            detector.state = handover.end(detector.state, name, detector.at)

    def tell(self, detector: Detector) -> None:
        """After a tick; only the newest counts."""
        found = rows(detector)
        fresh = (n for n, row in found.items() if row.status == "open")
        listed = {name: candidates(detector, name) for name in fresh}
        words = Words(detector.catalogue)
        self._told_at = standing.at(detector.at)
        memory, catalogue = detector.memory(), detector.catalogue
        self._seen = Seen(self._told_at, memory, found, listed, words, catalogue)
        self._show(detector, found)

    async def run(self, stopping: asyncio.Event) -> None:
        """Write until `stopping`."""
        while not stopping.is_set():
            try:
                await self._turn()
            except Retry:
                self._forget()
            except leadership.Deposed as error:
                _log.warning("another leads: nothing was written", reason=str(error))
                self._leader.depose()
                self._forget()
            except Exception:
                self._forget()
                raise
            self._leader.ticks = self._ticks()
            if not self._leader.ticks:
                self._silence()
            await pause(stopping, EVERY_S)

    async def _turn(self) -> None:
        epoch = self._leader.epoch
        if epoch is None:
            self._forget()
        elif epoch != self._epoch or (self._stored is None and self._blind()):
            await self._take_over(epoch)
        elif self._stored is not None:
            if self._blind():
                await self._stand_in(epoch, self._stored)
        elif self._seen is not None:
            await self._write(epoch, self._seen)

    def _forget(self) -> None:
        """What is stored nobody knows now."""
        self._epoch, self._stored, self._seen = None, None, None
        self._closers, self._saved, self._laws_of = {}, float("-inf"), None

    async def _take_over(self, epoch: int) -> None:
        async with asking(self._pool, self._health) as conn:
            await leadership.await_writes(conn, epoch)
            now = datetime.now(UTC)
            ticked = await leadership.ticked_at(conn) or now
            found = await storage.recent(conn, min(now, ticked) - BACK)
            in_force = await stored_catalogue(conn)
        self._forget()
        self._epoch, self._stored, self._in_force = epoch, found, in_force

    async def _stand_in(self, epoch: int, stored: list[Incident]) -> None:
        """Instead of a tick: what is stored stands, but for what people closed. The next tick takes
        over what comes of it."""
        now, self._written = datetime.now(UTC), {row.id: row for row in stored}
        rows = {
            name: row._replace(status="closed", ended_at=now, closed_at=now)
            if row.status == "open" and name in self._closers
            else row
            for name, row in self._written.items()
        }
        words = Words(self._in_force)
        await self._write(epoch, Seen(now, None, rows, {}, words, self._in_force))
        self._stored = list(self._written.values())

    async def _write(self, epoch: int, seen: Seen) -> None:
        due = time.monotonic() - self._saved >= SAVED_S
        async with asking(self._pool, self._health) as conn:
            await leadership.hold(conn, epoch, seen.at if seen.memory else None)
            closers = await self._asked(conn, seen)
            changes = lifecycle.next_steps(
                self._written, seen.rows, closers, seen.words, seen.at, refresh=due
            )
            for change in changes:
                await _put(conn, change, seen.candidates)
            if due or changes:
                await self._page(conn, changes, seen.catalogue)
            if due and seen.memory:
                await self._save(conn, seen.memory)
        self._keep(changes, closers, seen, due)

    async def _asked(self, conn: Connection, seen: Seen) -> dict[str, Action]:
        """Do what can be done; the closing of an open incident waits for the next tick."""
        actions = await storage.asked(conn)
        open_ = {name for name, row in seen.rows.items() if row.status == "open"}
        done = [a for a in actions if a.kind != "close" or a.incident_id not in open_]
        for action in done:
            if action.kind != "close" or action.incident_id not in self._closers:
                await storage.append(conn, action.incident_id, [_said(action, seen.at)])
        await storage.done(conn, [action.number for action in done])
        return {one.incident_id: one for one in actions if one.kind == "close"}

    async def _page(
        self, conn: Connection, changes: list[Change], catalogue: Catalogue | None
    ) -> None:
        """An error here keeps no incident from being written: what is to be told is decided from
        what stands, so the next look makes up for it."""
        rows = self._written | {change.row.id: change.row for change in changes}
        try:
            async with part(conn):
                await making.make(conn, list(rows.values()), catalogue)
        except Exception as error:
            if errors.curable(error):
                raise
            self._metrics.detection_crashes.inc()
            _log.exception("no page could be made")

    async def _save(self, conn: Connection, memory: Memory) -> None:
        await memories.save(conn, standing.dumped(memory))
        if memory.learnt_at != self._laws_of:
            await memories.save_laws(conn, memory.learnt_at, standing.laws_of(memory.learnt))

    def _keep(
        self, changes: list[Change], closers: dict[str, Action], seen: Seen, saved: bool
    ) -> None:
        """It is committed."""
        self._written |= {change.row.id: change.row for change in changes}
        self._written = {name: self._written[name] for name in seen.rows if name in self._written}
        still = {name for name, row in seen.rows.items() if row.status == "open"}
        self._closers = {name: one for name, one in closers.items() if name in still}
        if saved:
            self._saved = time.monotonic()
            self._laws_of = seen.memory.learnt_at if seen.memory else None

    def _silence(self) -> None:
        """No series is 무자료: nobody knows what stands."""
        self._promises.silence()
        self._clear()

    def _clear(self) -> None:
        metrics = self._metrics
        for gauge in (
            metrics.channel_state,
            metrics.candidates,
            metrics.usual,
            metrics.incidents_open,
        ):
            gauge.clear()

    def _show(self, detector: Detector, found: dict[str, Incident]) -> None:
        if not self.leads or not self._ticks():
            self._silence()
            return
        self._clear()
        if detector.catalogue:
            self._promises.show(detector.catalogue, self._told_at)
        metrics = self._metrics
        for labels, state in standing.pairs(detector).items():
            metrics.channel_state.labels(*labels).set(state)
        for channel, seconds in standing.usual(detector).items():
            metrics.usual.labels(channel).set(seconds)
        for labels, count in standing.candidates(detector.state).items():
            metrics.candidates.labels(*labels).set(count)
        outages = [row for row in found.values() if row.status == "open" and not row.monitor]
        counted = Counter((str(row.severity), str(row.channel)) for row in outages)
        for labels, count in counted.items():
            metrics.incidents_open.labels(*labels).set(count)


def _said(action: Action, now: datetime) -> Event:
    if action.kind == "ack":
        return Event(now, "acknowledged", action.actor, *words.acknowledged(action.text))
    if action.kind == "close":  # it was over by itself: the reason is not lost
        return Event(now, "note", action.actor, *words.closed_by_hand(action.text))
    return Event(now, "note", action.actor, action.text, action.text)


async def _put(conn: Connection, change: Change, found: dict[str, list[Candidate]]) -> None:
    row = change.row
    await storage.put(conn, row)
    await storage.append(conn, row.id, change.events)
    if change.named and row.id in found:
        await storage.replace_candidates(conn, row.id, found[row.id])
