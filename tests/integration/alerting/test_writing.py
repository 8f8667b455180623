"""The writer around its ticks, on a real Postgres: what it waits for, and when it says nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from prometheus_client import CollectorRegistry

from services.alerting.detection.detector import Detector, Limits
from services.alerting.detection.items import microseconds
from services.alerting.detection.law import SECOND
from services.alerting.detection.state import State
from services.alerting.detection.tail import begin
from services.alerting.incidents.writing import Writer
from services.alerting.leader import Leader
from services.alerting.metrics import Metrics
from services.catalogue.load import load
from services.runtime.ops import Health
from services.storage import incidents
from services.storage import leader as leadership
from services.storage.pool import Pool, transaction
from tests.support.incidents import NOW, an_incident
from tests.support.outage import kakaotalk_is_dead
from tests.support.waiting import eventually

PAIR = {"channel": "alimtalk", "provider": "sens"}


class Writing:
    """A writer, a leader that it believes, and a detector that has seen a platform die."""

    def __init__(self, pool: Pool, at: datetime) -> None:
        self.registry, self.pool = CollectorRegistry(), pool
        self.leader = Leader("", "one", Health())
        self.writer = Writer(pool, self.leader, Metrics(self.registry), Health())
        now = microseconds(at) // SECOND * SECOND
        since, memory = begin(None, now)
        self.detector = Detector(memory, since, Limits(1.0, 0))
        self.detector.change(load(Path("catalogue")).catalogue(UUID(int=1)))
        for event in kakaotalk_is_dead(at):
            self.detector.feed(event, now)
        self.detector.skip(now - SECOND)
        self.detector.tick(now)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """It writes until the block ends, once it is told the epoch."""
        async with transaction(self.pool) as conn:
            epoch = await leadership.begin_epoch(conn, "one")
        stopping = asyncio.Event()
        task = asyncio.create_task(self.writer.run(stopping))
        try:
            yield epoch
        finally:
            stopping.set()
            await task

    def state(self) -> float | None:
        """What the metric says of the pair that is down."""
        return self.registry.get_sample_value("bongsu_channel_state", PAIR)

    def promised(self) -> float | None:
        """What the metric says of a contract."""
        item = {"slo": "geoje.alimtalk", "channel": "alimtalk"}
        return self.registry.get_sample_value("bongsu_slo_objective_ratio", item)

    async def ticked(self) -> bool:
        """It has been told of the tick, and leads."""
        self.writer.instruct(self.detector)
        self.writer.tell(self.detector)
        return self.writer.leads

    async def waits(self) -> bool:
        """Does anybody wait for a lock?"""
        async with transaction(self.pool) as conn:
            return bool(await conn.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_when_ticks_end_nothing_is_said_to_be_well_or_down(pool: Pool) -> None:
    """Kafka is away, or the detector hangs: what stood then is not what stands."""
    ends_at = datetime.now(UTC) - incidents.STANDS_STILL + timedelta(seconds=15)
    one = Writing(pool, ends_at)
    async with one.running() as one.leader.epoch:
        await eventually(one.ticked, within=10)
        assert one.state() == 0
        assert one.promised() == 0.999
        await eventually(lambda: one.state() is None, within=30)
        assert one.promised() is None


async def test_what_stands_is_read_after_a_commit_of_which_no_answer_came(pool: Pool) -> None:
    one = Writing(pool, datetime.now(UTC))
    row = an_incident()
    async with one.running() as epoch:
        async with transaction(pool) as conn:
            await leadership.hold(conn, epoch, NOW)
            await incidents.put(conn, row)
            one.leader.epoch = epoch
            await eventually(one.waits, within=10)
        await eventually(one.ticked, within=10)
        assert row.id in {incident.id for incident in one.detector.state.open}


async def test_the_reason_of_a_close_that_comes_too_late_is_not_lost(pool: Pool) -> None:
    row = an_incident(status="closed", ended_at=NOW, closed_at=NOW)
    async with transaction(pool) as conn:
        await incidents.put(conn, row)
        await incidents.ask(conn, row.id, "close", "kim", "Kakao says so")
    one = Writing(pool, datetime.now(UTC))

    async def timeline() -> list[tuple[str, str, str]]:
        await one.ticked()
        async with transaction(pool) as conn:
            found = await incidents.events(conn, row.id)
        return [(event.kind, event.actor, event.note_en) for event in found]

    async with one.running() as one.leader.epoch:
        await eventually(timeline, within=10)
    assert await timeline() == [("note", "kim", "closed by hand: Kakao says so")]


async def test_a_detector_begun_anew_opens_nothing_twice_and_reopens_nothing(pool: Pool) -> None:
    """It goes on from what was saved some seconds ago: before the opening, or before the end."""
    at = datetime.now(UTC)
    one = Writing(pool, at)

    async def timeline() -> list[str]:
        await one.ticked()
        async with transaction(pool) as conn:
            found = await conn.fetch("SELECT kind FROM incident_event ORDER BY incident_id, number")
        return [row["kind"] for row in found]

    async def shows(*kinds: str) -> None:
        async def grown() -> bool:
            return len(await timeline()) >= len(kinds)

        await eventually(grown, within=10)
        assert await timeline() == [*kinds]

    async def say(kind: str) -> None:
        async with transaction(pool) as conn:
            (row,) = await incidents.newest(conn, True, 10)
            await incidents.ask(conn, row.id, kind, "kim", "so it is")

    async with one.running() as one.leader.epoch:
        await shows("opened")
        saved, one.detector = one.detector, Writing(pool, at).detector
        found, one.detector.state = one.detector.state, State()
        await say("note")
        await shows("opened", "note")
        one.detector.state = found
        await say("note")
        await shows("opened", "note", "note")
        await say("close")
        await shows("opened", "note", "note", "closed")
        one.detector = saved
        await say("note")
        await shows("opened", "note", "note", "closed", "note")
