"""Step 6, its second half: settle what is due.

In: attempts of our partitions whose `settle_at` is stored past, on their own partition and on
heartbeats. Out: outcome and reason in the row; counters move once an attempt, after the commit.
While storing lags nothing is settled: lag never looks like loss.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import structlog

from services.alerting.metrics import Metrics
from services.alerting.storing.consumer import Owned
from services.contracts import topics
from services.contracts.attempt import ALIVE_WITHIN, Liveness, settle
from services.contracts.evidence import ProbeSent
from services.contracts.vocabulary import Purpose
from services.runtime.kafka import Address
from services.runtime.ops import Health
from services.runtime.retry import pause
from services.storage import errors, sink, sweep
from services.storage.pool import Connection, Pool, transaction

EVERY_S = 1.0
AT_ONCE = 500
_log = structlog.get_logger()


class Sweep:
    """The loop that settles; `once` does one round and tells how many rows it looked at."""

    def __init__(
        self, address: Address, pool: Pool, owned: Owned, metrics: Metrics, health: Health
    ) -> None:
        self._address, self._pool, self._owned = address, pool, owned
        self._metrics, self._health = metrics, health

    async def run(self, stopping: asyncio.Event) -> None:
        """Settle every second until `stopping`; a database that is away only delays."""
        while not stopping.is_set():
            full = False
            try:
                full = await self.once(datetime.now(UTC)) == AT_ONCE
                self._metrics.selfcheck.labels("swept").set_to_current_time()
            except Exception as error:
                if not errors.curable(error):
                    raise
                _log.warning("sweep waits for postgres", reason=str(error))
            self._health.turn("sweep")
            if not full:
                await pause(stopping, EVERY_S)

    async def once(self, now: datetime) -> int:
        """One round: settle at most AT_ONCE due attempts, then count what was counted."""
        async with transaction(self._pool) as conn:
            stored_until = await self._stored_until(conn)
            due = await sweep.due(conn, stored_until, AT_ONCE)
            counted = await _settle(conn, due, now)
            pending = await sweep.pending(conn, self._owned.evidence(self._address))
        self._count(counted)
        self._show(pending)
        return len(due)

    async def _stored_until(self, conn: Connection) -> dict[int, datetime]:
        """Of each of our partitions: the earlier of its own mark and that of the heartbeats."""
        beats = await sink.read_offsets(conn, self._address.topic(topics.HEARTBEATS))
        if not beats:
            return {}
        heard = min(offset.stored_until for offset in beats.values())
        stored = await sink.read_offsets(conn, self._address.topic(topics.EVIDENCE))
        ours = self._owned.evidence(self._address)
        return {n: min(heard, stored[n].stored_until) for n in ours if n in stored}

    def _count(self, counted: Sequence[sweep.Counted]) -> None:
        for row in counted:
            if row.purpose is not Purpose.SCHEDULED:
                continue
            labels = (row.channel, row.provider, row.carrier)
            self._metrics.outcomes.labels(*labels, row.body, row.outcome).inc()
            for stage, seconds in row.stage_seconds.items():
                self._metrics.stages.labels(*labels, stage).observe(max(0.0, seconds))

    def _show(self, pending: Mapping[tuple[str, str], int]) -> None:
        self._metrics.pending.clear()
        for labels, count in pending.items():
            self._metrics.pending.labels(*labels).set(count)


async def _settle(conn: Connection, due: Sequence[sweep.Due], now: datetime) -> list[sweep.Counted]:
    sent = [row.attempt.sent for row in due if row.attempt.sent]
    if not sent:
        return []
    start = min(probe.sent_at for probe in sent) - ALIVE_WITHIN
    end = max(probe.seen_due for probe in sent) + ALIVE_WITHIN
    liveness = await _liveness(conn, sent, start, end)
    faults = await sweep.monitor_faults(conn, start, end)
    decided = ((row, settle(row.attempt, liveness, faults, row.stored_until)) for row in due)
    return await sweep.settle(
        conn, [sweep.Settling(row, result, now) for row, result in decided if result is not None]
    )


async def _liveness(
    conn: Connection, sent: Sequence[ProbeSent], start: datetime, end: datetime
) -> Liveness:
    sources = {
        source
        for probe in sent
        for source in (
            f"reached/{probe.receiver}/{probe.platform}",
            *(f"observer/{probe.receiver}/{kind}" for kind in probe.observers),
        )
    }
    workers = {probe.worker for probe in sent}
    return await sweep.liveness_for(conn, sorted(sources), sorted(workers), start, end)
