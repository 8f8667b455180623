"""The partitions this instance stores, and how far: consumer writes it, sweep and lag read it.

A partition that comes back gets a new `Place`: a batch that was under way when it went still holds
the old one, and changes nothing here.
"""

from dataclasses import dataclass, field
from datetime import datetime

from services.contracts import topics
from services.contracts.topics import Topic
from services.runtime.kafka import Address
from services.runtime.kafka_readers import Partition


@dataclass
class Place:
    """How far one partition is stored; None: nothing of it ever was."""

    next_offset: int | None
    stored_until: datetime | None


@dataclass
class Owned:
    """Places by partition."""

    address: Address
    places: dict[Partition, Place] = field(default_factory=dict)

    def evidence(self) -> list[int]:
        """Numbers of our partitions of evidence."""
        name = self.address.topic(topics.EVIDENCE)
        return sorted(number for topic, number in self.places if topic == name)

    def seconds_behind(self, topic: Topic, now: datetime) -> float:
        """Age of the oldest mark up to which one of our partitions of `topic` is stored."""
        name = self.address.topic(topic)
        marks = [p.stored_until for (t, _), p in self.places.items() if t == name]
        return max(((now - mark).total_seconds() for mark in marks if mark), default=0.0)
