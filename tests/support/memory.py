"""A publisher without a broker: keeps records in order, and can be away."""

import sys

from services.contracts import codec
from services.contracts.codec import Encoded
from services.contracts.evidence import Record
from services.contracts.topics import Topic
from services.runtime.errors import Retry


class MemoryPublisher:
    """`records` holds what was acknowledged, decoded, in order; `refused` counts the rest. It is
    away once it holds `room` records."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.away = False
        self.room = sys.maxsize
        self.refused = 0

    async def send(self, topic: Topic, record: Encoded) -> None:
        """As `services.runtime.kafka.Producer.send`: raises Retry while away."""
        if self.away or len(self.records) >= self.room:
            self.refused += 1
            raise Retry("away", "Kafka is away")
        self.records.append(codec.decode(record.value, record.headers))
