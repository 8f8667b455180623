"""Steps 5 to 8 of a replay that is kept: all of it goes into a database, as it would have gone.

In:  a stream of records with virtual known times; a database of which we are the owner, with the
schema and nothing stored. Out: evidence, attempts with their outcomes, incidents and notices, each
known when it would have been; the database's own clock stands at the end. Before: `run.py` makes
the stream. After: `services/reporting` seals the months.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.alerting.detection.law import Learnt
from services.alerting.storing import sweep
from services.alerting.storing.pipeline import Batch, apply_batch
from services.contracts import codec
from services.contracts.evidence import Event, Heartbeat
from services.replay.detecting import Detecting, Finding
from services.replay.log import EVIDENCE, PARTITIONS, Log
from services.replay.run import SECOND, TICKED_AFTER, Progress
from services.replay.scenario import Notice, Scenario, Span
from services.replay.stream import Stream
from services.storage import clock, incidents, planned, sink
from services.storage.pool import Connection, Pool, transaction

BY = "replay"
AT_ONCE = 5000  # records a transaction
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SETTLING = timedelta(hours=2)
AROUND_ONSET = timedelta(minutes=30)
DAYS_AHEAD, KEPT_DAYS = 2, 400


@dataclass
class Loading:
    """A scenario on its way into a database. It is detected around its onset only: second by second
    a long outage would take longer than all the rest, and when it was found is known by then.
    `progress` is told the virtual time."""

    pool: Pool
    scenario: Scenario
    stream: Stream
    learnt: Learnt
    progress: Progress = lambda at: None
    log: Log = field(default_factory=Log)

    async def run(self) -> None:
        """The span, and the hours after it in which everything settles."""
        span = self.scenario.span
        self._watch = _watched(self.scenario)
        self._detecting = Detecting(self.stream.catalogue, self.learnt, self._watch.since)
        now = day = span.since
        await self._begin(now)
        while now < span.until + SETTLING:
            if now >= day:
                await self._turn_day(day)
                day += DAY
            # The next records are made while Postgres has the last ones.
            made = asyncio.to_thread(self._make, now, min(day, span.until + SETTLING))
            now, _ = await asyncio.gather(made, self._store(self.log.take(now), now))
        await self.store(now)
        await self._tell(now)

    async def _begin(self, now: datetime) -> None:
        async with transaction(self.pool) as conn:
            await clock.play(conn, now)
            await sink.store_catalogue(conn, self.stream.catalogue, BY, now)

    async def _turn_day(self, now: datetime) -> None:
        async with transaction(self.pool) as conn:
            await clock.play(conn, now)
            await sink.maintain(conn, DAYS_AHEAD, KEPT_DAYS)

    def _make(self, now: datetime, until: datetime) -> datetime:
        """Records of a batch, and until when; what is read beside them is not changed."""
        while now < until and len(self.log.waiting) < AT_ONCE:
            now = self._step(now)
        return now

    def _step(self, now: datetime) -> datetime:
        """A second of what is detected, a minute of all else."""
        watched = self._watch.since <= now < self._watch.until
        until = now + (SECOND if watched else MINUTE)
        for at, line in self.stream.until(until, self.scenario.span.until):
            record = codec.decode(line.value, line.headers)
            assert isinstance(record, Event | Heartbeat)
            self.log.enter(at, line, record)
            if watched:
                self._detecting.take(at, record)
        if watched:
            for key, command in self._detecting.tick(until):
                self.stream.ask(key, command, until + TICKED_AFTER)
        return until

    async def store(self, now: datetime) -> None:
        """All that waits is stored and, where it is due, settled, as of `now`."""
        await self._store(self.log.take(now), now)

    async def _store(self, batch: Batch, now: datetime) -> None:
        async with transaction(self.pool) as conn:
            await apply_batch(conn, batch)
        stored, more = dict.fromkeys(range(PARTITIONS[EVIDENCE]), now), True
        while more:
            async with transaction(self.pool) as conn:
                since = now - sweep.LATELY
                _, more = await sweep.settle_due(conn, stored, now, since)
        self.progress(now)

    async def _tell(self, now: datetime) -> None:
        async with transaction(self.pool) as conn:
            for found in self._detecting.found().incidents:
                await _write(conn, found)
            for notice in self.scenario.notices:
                await clock.play(conn, notice.at)
                await planned.put_notice(conn, _noticed(notice, self.scenario))
            await clock.play(conn, now)


async def _write(conn: Connection, found: Finding) -> None:
    """An incident, and its timeline line by line."""
    await incidents.put(conn, found.row)
    for event in found.timeline:
        await clock.play(conn, event.at)
        await incidents.append(conn, found.row.id, [event])


def _watched(scenario: Scenario) -> Span:
    onset = scenario.onset or scenario.span.since
    return Span.model_construct(since=onset - AROUND_ONSET, until=onset + AROUND_ONSET)


def _noticed(notice: Notice, scenario: Scenario) -> planned.Notice:
    """What a person would have entered, of what the first segment names."""
    component = scenario.segments[0].components[0]
    name = planned.notice_id(notice.provider, component, notice.at)
    return planned.Notice(name, notice.provider, component, notice.says, notice.at, None, None, BY)
