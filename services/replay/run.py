"""One scenario from its first second to its last settled attempt, in virtual time.

In:  a scenario, a catalogue, a seed. Out: `Outcomes`.
Before: `scenario.load`. After: `outcomes.py` is shown. The clock goes second by second, as the
sweep does; the same seed gives the same bytes, because nothing here asks what time it is.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from services.contracts.catalogue import Catalogue
from services.ingest.receive import Keeper
from services.probe.message import Keys
from services.replay import probing, stage
from services.replay.outcomes import Outcomes, bucket_of
from services.replay.scenario import Scenario, Span, faults
from services.replay.storing import Store
from services.replay.stream import Stream
from services.replay.telling import Ingest, asked_adapters

WORKERS = ("w1", "w2")  # as the local stack has them
PUBLIC_URL = "http://replay.invalid"
SECOND = timedelta(seconds=1)
FORGET_EVERY = timedelta(minutes=10)
Progress = Callable[[datetime], None]


def replay(
    scenario: Scenario,
    catalogue: Catalogue,
    seed: int,
    progress: Progress = lambda at: None,
    keys: Sequence[Keys] | None = None,
) -> Outcomes:
    """What became of every probe of the scenario's span. `progress` is told the virtual time;
    `keys`: the workers' own, where ids must be those of a stack that ran."""
    span = scenario.span
    stream, bucket = stream_of(scenario, catalogue, seed, keys), bucket_of(span)
    store = Store(bucket.number)
    play(stream, span, store, progress)
    return Outcomes(scenario, seed, bucket, store.tally, store.posts, stream.stopped)


def play(stream: Stream, span: Span, store: Store, progress: Progress = lambda at: None) -> None:
    """Everything from the first second of a span until all is settled goes into a store."""
    now, forgotten = _whole(span.since), span.since
    while now < span.until or store.unsettled:
        for at, line in stream.until(now, span.until):
            store.take(at, line)
        store.sweep(now)
        if now - forgotten >= FORGET_EVERY:
            store.forget(now)
            progress(now)
            forgotten = now
        now += SECOND


def keys_of(seed: int) -> list[Keys]:
    """Another seed makes other probe ids, and so another chance for each probe."""
    own = [hashlib.sha256(f"replay/{seed}/{what}".encode()).digest() for what in ("id", "content")]
    return [Keys(worker, own[0], own[1], PUBLIC_URL) for worker in WORKERS]


def stream_of(
    scenario: Scenario, catalogue: Catalogue, seed: int, keys: Sequence[Keys] | None = None
) -> Stream:
    """Everything that reaches Kafka in a scenario."""
    keys = keys or keys_of(seed)
    world = stage.world_of(catalogue, seed, faults(scenario))
    keeper = Keeper("i1", keys[0].id_key, keys[0].content_key)
    since = scenario.span.since
    return Stream(
        catalogue, world, probing.workers_of(catalogue, keys, since),
        Ingest(keeper, catalogue, world, asked_adapters()), stage.rooms_of(catalogue), since,
    )  # fmt: skip


def _whole(at: datetime) -> datetime:
    return at if at.microsecond == 0 else at.replace(microsecond=0) + SECOND
