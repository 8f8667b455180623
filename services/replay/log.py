"""Kafka in a replay that is kept: every record at its place, and how far each partition goes.

In:  encoded records with their known times. Out: batches as the sink's reader gives them.
Before: `stream.py`. After: `loading.py` stores them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.alerting.storing.pipeline import Batch, Move, Stored
from services.contracts import topics
from services.contracts.codec import Encoded
from services.contracts.evidence import Event, Heartbeat
from services.runtime.kafka import partition_of
from services.runtime.kafka_readers import Fetched

PREFIX = "replay"
_STORED = (topics.EVIDENCE, topics.HEARTBEATS)
PARTITIONS = {topic.named(PREFIX): topic.partitions for topic in _STORED}
EVIDENCE = topics.EVIDENCE.named(PREFIX)


@dataclass
class Log:
    """`waiting`: what was entered and not taken."""

    waiting: list[Stored] = field(default_factory=list)
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    taken: dict[tuple[str, int], int] = field(default_factory=dict)

    def enter(self, at: datetime, line: Encoded, record: Event | Heartbeat) -> None:
        """One record, appended at `at`."""
        topic = topics.HEARTBEATS if isinstance(record, Heartbeat) else topics.EVIDENCE
        number = partition_of(line.key.decode(), topic.partitions) if topic.partitions > 1 else 0
        place = topic.named(PREFIX), number
        offset = self.ends.get(place, 0)
        self.ends[place] = offset + 1
        fetched = Fetched(*place, offset, line.key, line.value, tuple(line.headers), at)
        self.waiting.append(Stored(record, fetched))

    def take(self, until: datetime) -> Batch:
        """All that waits; with it every partition is stored up to `until`."""
        records, self.waiting = tuple(self.waiting), []
        return Batch(records, tuple(self._moves(until)))

    def _moves(self, until: datetime) -> Iterator[Move]:
        for topic, count in PARTITIONS.items():
            for place in ((topic, number) for number in range(count)):
                end = self.ends.get(place, 0)
                yield Move(*place, self.taken.get(place), end, until)
                self.taken[place] = end
