"""One scenario from its first second to its last settled attempt, in virtual time.

In:  a scenario, a catalogue, a seed, what was learnt. Out: `Outcomes`.
Before: `scenario.load`. After: `outcomes.py` is shown. The clock goes second by second, as the
sweep does; the same seed gives the same bytes, because nothing here asks what time it is.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from services.alerting.detection import pace
from services.alerting.detection.law import Learnt
from services.contracts import codec
from services.contracts.catalogue import Catalogue
from services.ingest.receive import Keeper
from services.probe.message import Keys
from services.replay import probing, stage
from services.replay.detecting import Detecting, Findings
from services.replay.judging import judge
from services.replay.outcomes import Outcomes, bucket_of
from services.replay.scenario import Scenario, Span, faults
from services.replay.storing import Store
from services.replay.stream import Stream
from services.replay.telling import Ingest, asked_adapters

WORKERS = ("w1", "w2")  # as the local stack has them
PUBLIC_URL = "http://replay.invalid"
SECOND = timedelta(seconds=1)
TICKED_AFTER = timedelta(microseconds=pace.SETTLED)
FORGET_EVERY = timedelta(minutes=10)
Progress = Callable[[datetime], None]


def replay(
    scenario: Scenario,
    catalogue: Catalogue,
    seed: int,
    learnt: Learnt,
    progress: Progress = lambda at: None,
) -> Outcomes:
    """What became of every probe of the scenario's span, and what a detector told that begins with
    what was learnt (`prelude.py`). `progress` is told the virtual time."""
    span = scenario.span
    stream, bucket = stream_of(scenario, catalogue, seed), bucket_of(span)
    store = Store(bucket.number)
    told = play(stream, span, store, learnt, progress)
    judged = judge(scenario, catalogue, told)
    return Outcomes(scenario, seed, bucket, store.tally, store.posts, stream.stopped, told, judged)


def play(
    stream: Stream, span: Span, store: Store, learnt: Learnt, progress: Progress = lambda at: None
) -> Findings:
    """Everything from the first second of a span until all is settled goes into a store; up to the
    span's end it is detected as well, and what the detector asks for is sent."""
    now, forgotten = _whole(span.since), span.since
    detecting = Detecting(stream.catalogue, learnt, now)
    while now < span.until or store.unsettled:
        for at, line in stream.until(now, span.until):
            record = codec.decode(line.value, line.headers)
            store.take(at, record)
            detecting.take(at, record)
        store.sweep(now)
        if now < span.until:
            for key, command in detecting.tick(now):
                stream.ask(key, command, now + TICKED_AFTER)
        if now - forgotten >= FORGET_EVERY:
            store.forget(now)
            progress(now)
            forgotten = now
        now += SECOND
    return detecting.found()


def keys_of(seed: int) -> list[Keys]:
    """Another seed makes other probe ids, and so another chance for each probe."""
    own = [hashlib.sha256(f"replay/{seed}/{what}".encode()).digest() for what in ("id", "content")]
    return [Keys(worker, own[0], own[1], PUBLIC_URL) for worker in WORKERS]


def stream_of(
    scenario: Scenario, catalogue: Catalogue, seed: int, keys: Sequence[Keys] | None = None
) -> Stream:
    """Everything that reaches Kafka in a scenario."""
    keys, catalogue = keys or keys_of(seed), stage.as_if_built(catalogue)
    world = stage.world_of(catalogue, seed, faults(scenario))
    keeper = Keeper("i1", keys[0].id_key, keys[0].content_key)
    since = scenario.span.since
    return Stream(
        catalogue, world, probing.workers_of(catalogue, keys, since),
        Ingest(keeper, catalogue, world, asked_adapters()), stage.rooms_of(catalogue), since,
    )  # fmt: skip


def _whole(at: datetime) -> datetime:
    return at if at.microsecond == 0 else at.replace(microsecond=0) + SECOND
