"""What cannot be stored is set aside with a reason, within a limit; beside step 5.

In: a record as it stood in Kafka. Out: a dead letter that Kafka has acknowledged. It holds the raw
bytes, for it is of our own topics and may be sent again once it is understood.
"""

import base64
import hashlib
import hmac
import time
from collections import deque
from datetime import UTC, datetime

import structlog

from services.alerting.metrics import Metrics
from services.contracts import codec, topics
from services.contracts.evidence import DeadLetter
from services.contracts.topics import Topic
from services.runtime.errors import Stop
from services.runtime.kafka import Publisher
from services.runtime.kafka_readers import Fetched

MOST_RAW = 500_000  # bytes; in base64 they still fit a record
MOST_FIELDS, MOST_CHARS = 20, 200
_log = structlog.get_logger()


class DeadLetters:
    """Sets records aside; more than `most_a_minute` of them are a fault of another kind."""

    def __init__(
        self, producer: Publisher, metrics: Metrics, content_key: bytes, most_a_minute: int
    ) -> None:
        self._producer, self._metrics, self._key = producer, metrics, content_key
        self._most = most_a_minute
        self._times: deque[float] = deque(maxlen=most_a_minute)

    async def put(self, record: Fetched, topic: Topic, reason: str, detail: str = "") -> None:
        """Set one record aside. Raises Retry when Kafka does not take it, Stop beyond the limit.

        `reason` is a word of a closed set, for metrics; `detail` a sentence without the content.
        """
        self._check_limit()
        letter = letter_of(record, detail or reason, self._key, datetime.now(UTC))
        await self._producer.send(topics.DEADLETTERS, codec.encode(letter))
        self._times.append(time.monotonic())  # only now: what Kafka did not take comes again
        self._metrics.dead_letters.labels(topic.name, reason).inc()
        _log.warning("record set aside", origin=letter.origin, reason=letter.reason)

    def _check_limit(self) -> None:
        if len(self._times) == self._most and time.monotonic() - self._times[0] < 60:
            raise Stop(
                "dead_letters",
                f"more than {self._most} records a minute cannot be understood: something"
                " systematic is wrong, and storing stops rather than set all aside",
            )


def letter_of(record: Fetched, reason: str, content_key: bytes, at: datetime) -> DeadLetter:
    """The dead letter of a record. Raises nothing, whatever the record holds."""
    value = record.value or b""
    headers = record.headers[:MOST_FIELDS]
    return DeadLetter(
        source="alerting/storing",
        at=at,
        origin=f"{record.topic}/{record.partition}/{record.offset}",
        reason=_text(reason.encode()),
        size=len(value),
        digest=hmac.new(content_key, value, hashlib.sha256).hexdigest(),
        fields={_text(name.encode("utf-8", "replace")): _text(raw or b"") for name, raw in headers},
        raw=base64.b64encode(value).decode() if len(value) <= MOST_RAW else None,
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\0", "\ufffd")[:MOST_CHARS]
