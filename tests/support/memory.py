"""A publisher without a broker: keeps records in order, and can be away."""

from services.contracts import codec
from services.contracts.codec import Encoded
from services.contracts.evidence import Record
from services.contracts.topics import Topic
from services.runtime.errors import Retry


class MemoryPublisher:
    """`records` holds what was acknowledged, decoded, in order; `refused` counts the rest."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.away = False
        self.refused = 0

    async def send(self, topic: Topic, record: Encoded) -> None:
        """As `services.runtime.kafka.Producer.send`: raises Retry while away."""
        if self.away:
            self.refused += 1
            raise Retry("away", "Kafka is away")
        self.records.append(codec.decode(record.value, record.headers))
