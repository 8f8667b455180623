"""What the local stack's detector has learnt before its first second: two healthy hours.

In:  the catalogue, an empty memory. Out: learnt laws of each class, as an instance would have saved
them. Before: servers and tables are up. After: a catalogue is applied, and the detector begins.
The hours are replayed in virtual time, in the simulated world as it is: about a hundred messages a
class, of which twenty say all. A memory that is there already stays.
"""

from datetime import UTC, datetime, timedelta

from services.alerting.detection import standing
from services.alerting.detection.detector import Detector, Limits, Memory
from services.alerting.detection.items import microseconds
from services.alerting.detection.law import SECOND
from services.contracts import codec
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import ChannelObserved, Evidence, Heartbeat
from services.replay.run import stream_of
from services.replay.scenario import Scenario
from services.storage import detector as storage
from services.storage.pool import open_pool, transaction

SINCE = datetime(2026, 1, 5, 1, tzinfo=UTC)  # a Monday morning in Korea: no channel rests
UNTIL = SINCE + timedelta(hours=2)
STEP = timedelta(seconds=10)
SEED = 1


def learnt(catalogue: Catalogue, now: int) -> Memory:
    """The memory of a detector that saw two healthy hours end at `now`. Seconds of work."""
    span = {"from": SINCE.isoformat(), "to": UNTIL.isoformat()}
    healthy = Scenario.model_validate({"id": "prelude", "segments": [], "span": span})
    stream, begun = stream_of(healthy, catalogue, SEED), microseconds(SINCE)
    detector = Detector(Memory(begun, begun, {}), begun, Limits(1.0, 0))
    detector.change(catalogue)
    at = SINCE
    while at < UNTIL:
        at += STEP
        for known, line in stream.until(at, UNTIL):
            event = codec.decode(line.value, line.headers)
            if isinstance(event, Evidence | ChannelObserved | Heartbeat):
                detector.feed(event, microseconds(known))
        detector.skip(microseconds(at))
    now -= now % SECOND
    return Memory(now, now, detector.memory().learnt)


async def has_memory(dsn: str) -> bool:
    """Did a detector of this database save anything?"""
    async with open_pool(dsn, role_label="prelude", max_size=1) as pool, transaction(pool) as conn:
        return await storage.load(conn) is not None


async def save(dsn: str, memory: Memory) -> None:
    """As the instance that writes does; unless one is writing already."""
    async with open_pool(dsn, role_label="prelude", max_size=1) as pool, transaction(pool) as conn:
        if await storage.take_turn(conn, "prelude", standing.at(memory.at)):
            await storage.save(conn, standing.dumped(memory))
            await storage.save_laws(conn, memory.learnt_at, standing.laws_of(memory))
            await storage.give_back(conn, "prelude")
