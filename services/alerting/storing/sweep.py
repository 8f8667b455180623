"""Step 6, its second half: settle what is due.

In: attempts of our partitions whose `settle_at` is stored past, on their own partition and on
heartbeats. Out: outcome and reason in the row; counters move once an attempt, after the commit.
While storing lags nothing is settled: lag never looks like loss.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from services.alerting.database import asked
from services.alerting.metrics import Metrics
from services.alerting.storing.owned import Owned
from services.contracts import topics
from services.contracts.outcome import needed, settle
from services.contracts.vocabulary import Purpose
from services.runtime.errors import Retry
from services.runtime.ops import Health
from services.runtime.retry import pause
from services.storage import sink, sweep
from services.storage.pool import Connection, Pool, transaction

EVERY_S = 1.0
PENDING_EVERY_S = 10.0
AT_ONCE = 500
# Older attempts are due only when late evidence touched them: they are looked for once a minute.
LATELY = timedelta(days=2)
ALL_EVERY_S = 60.0
# Attempts of one round share one look at the signs of life; a late one must not widen it to days.
TOGETHER = timedelta(hours=1)
_log = structlog.get_logger()


class Sweep:
    """The loop that settles; `once` does one round and tells how many rows were left over."""

    def __init__(self, owned: Owned, pool: Pool, metrics: Metrics, health: Health) -> None:
        self._owned, self._pool = owned, pool
        self._metrics, self._health = metrics, health
        self._pending_at = -PENDING_EVERY_S
        self._all_at = float("-inf")

    async def run(self, stopping: asyncio.Event) -> None:
        """Settle every second until `stopping`; a database that is away only delays."""
        while not stopping.is_set():
            more = False
            with contextlib.suppress(Retry), asked(self._health):
                more = await self.once(datetime.now(UTC))
                await self._show_pending()
                self._metrics.selfcheck.labels("swept").set_to_current_time()
            self._health.turn("sweep")
            if not more:
                await pause(stopping, EVERY_S)

    async def once(self, now: datetime) -> bool:
        """One round: settle due attempts, then count those counted for the first time. True when
        more may be due already."""
        with self._metrics.store_seconds.labels("sweep").time():
            async with transaction(self._pool) as conn:
                stored = await self._stored_until(conn)
                of_all = time.monotonic() - self._all_at >= ALL_EVERY_S
                since = sweep.EVER if of_all else min(stored.values(), default=now) - LATELY
                counted, more = await settle_due(conn, stored, now, since)
        self._count(counted)
        if of_all and stored and not more:
            self._all_at = time.monotonic()
        return more

    async def _stored_until(self, conn: Connection) -> dict[int, datetime]:
        """Of each of our partitions: the earlier of its own mark and that of the heartbeats."""
        address = self._owned.address
        beats = await sink.read_offsets(conn, address.topic(topics.HEARTBEATS))
        if not beats:
            return {}
        heard = min(offset.stored_until for offset in beats.values())
        stored = await sink.read_offsets(conn, address.topic(topics.EVIDENCE))
        ours = self._owned.evidence()
        return {n: min(heard, stored[n].stored_until) for n in ours if n in stored}

    def _count(self, counted: Sequence[sweep.Counted]) -> None:
        for sent, outcome, stage_seconds in counted:
            if sent.purpose is not Purpose.SCHEDULED:
                continue
            labels = (sent.channel, sent.provider, sent.carrier)
            self._metrics.begin(sent)
            self._metrics.outcomes.labels(*labels, sent.body, outcome).inc()
            for stage, seconds in stage_seconds.items():
                if seconds < 0:  # two clocks disagree: no figure is better than a wrong one
                    self._metrics.clock_suspect.labels(sent.provider, stage).inc()
                else:
                    self._metrics.stages.labels(*labels, stage).observe(
                        seconds, {"probe_id": str(sent.probe_id)}
                    )

    async def _show_pending(self) -> None:
        if time.monotonic() - self._pending_at < PENDING_EVERY_S:
            return
        async with transaction(self._pool) as conn:
            pending = await sweep.pending(conn, self._owned.evidence())
        self._pending_at = time.monotonic()
        self._metrics.pending.clear()
        for labels, count in pending.items():
            self._metrics.pending.labels(*labels).set(count)


def _together(due: Sequence[sweep.Due]) -> list[sweep.Due]:
    """Those sent within TOGETHER of the one that has been due longest. Pure."""
    sent = [(row, row.attempt.sent) for row in due if row.attempt.sent]
    return [row for row, probe in sent if abs(probe.sent_at - sent[0][1].sent_at) <= TOGETHER]


async def settle_due(
    conn: Connection, stored: Mapping[int, datetime], now: datetime, since: datetime
) -> tuple[list[sweep.Counted], bool]:
    """Settle what is due of slots since then, where each partition is stored so far. Returns those
    settled for the first time, and whether more may be due already."""
    due = await sweep.due(conn, stored, AT_ONCE, since)
    together = _together(due)
    counted = await _settle(conn, together, now)
    return counted, len(together) < len(due) or len(due) == AT_ONCE


async def _settle(conn: Connection, due: Sequence[sweep.Due], now: datetime) -> list[sweep.Counted]:
    needs = [need for row in due if (need := needed(row.attempt)) is not None]
    if not needs:
        return []
    start, end = min(need.start for need in needs), max(need.end for need in needs)
    sources = {source for need in needs for source in need.sources}
    workers = {worker for need in needs for worker in need.workers}
    liveness = await sweep.liveness_for(conn, sorted(sources), sorted(workers), start, end)
    faults = await sweep.monitor_faults(conn, start, end)
    decided = ((row, settle(row.attempt, liveness, faults, row.stored_until)) for row in due)
    return await sweep.settle(
        conn, [sweep.Settling(row, result, now) for row, result in decided if result is not None]
    )
