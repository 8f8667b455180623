"""A dead letter can hold any record, and tells nothing that must not leave."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.alerting.metrics import Metrics
from services.alerting.storing.deadletters import MOST_RAW, DeadLetters, letter_of
from services.contracts import codec, topics
from services.contracts.evidence import DeadLetter
from services.runtime.errors import Retry, Stop
from services.runtime.kafka_readers import Fetched
from tests.support.builders import SLOT
from tests.support.memory import MemoryPublisher

KEY = b"k" * 32
AT = datetime(2026, 10, 15, tzinfo=UTC)


def _record(value: bytes | None = b"{", headers: tuple[tuple[str, bytes], ...] = ()) -> Fetched:
    return Fetched("t.evidence", 3, 4711, b"key", value, headers, SLOT)


anything = st.builds(
    _record,
    st.none() | st.binary(max_size=200),
    st.lists(st.tuples(st.text(max_size=9), st.none() | st.binary(max_size=300)), max_size=30).map(
        tuple
    ),
)


@given(anything, st.text())
def test_any_record_and_reason_make_a_dead_letter_that_can_be_read_again(
    record: Fetched, reason: str
) -> None:
    letter = letter_of(record, reason, KEY, AT)
    encoded = codec.encode(letter)
    assert codec.decode(encoded.value, encoded.headers) == letter
    assert letter.size == len(record.value or b"")


def test_the_largest_record_that_keeps_its_bytes_still_fits_into_one_record() -> None:
    largest = letter_of(_record(b"x" * MOST_RAW), "invalid", KEY, AT)
    assert largest.raw is not None
    assert len(codec.encode(largest).value) < 1_000_000
    beyond = letter_of(_record(b"x" * (MOST_RAW + 1)), "invalid", KEY, AT)
    assert (beyond.raw, beyond.size) == (None, MOST_RAW + 1)


def _aside(most: int) -> tuple[DeadLetters, MemoryPublisher, CollectorRegistry]:
    registry, publisher = CollectorRegistry(), MemoryPublisher()
    return DeadLetters(publisher, Metrics(registry), KEY, most), publisher, registry


async def test_more_than_the_limit_in_a_minute_stop_the_process() -> None:
    aside, publisher, registry = _aside(2)
    for _ in range(2):
        await aside.put(_record(), topics.EVIDENCE, "invalid", "invalid: slot: missing")
    with pytest.raises(Stop, match="systematic"):
        await aside.put(_record(), topics.EVIDENCE, "invalid")
    first = publisher.records[0]
    assert isinstance(first, DeadLetter)
    assert (first.origin, first.reason) == ("t.evidence/3/4711", "invalid: slot: missing")
    labels = {"topic": "evidence", "reason": "invalid"}
    assert registry.get_sample_value("bongsu_dead_letters_total", labels) == 2


async def test_a_dead_letter_that_kafka_did_not_take_is_counted_nowhere() -> None:
    aside, publisher, registry = _aside(2)
    publisher.away = True
    for _ in range(3):
        with pytest.raises(Retry):
            await aside.put(_record(), topics.EVIDENCE, "invalid")
    labels = {"topic": "evidence", "reason": "invalid"}
    assert registry.get_sample_value("bongsu_dead_letters_total", labels) is None
    publisher.away = False
    await aside.put(_record(), topics.EVIDENCE, "invalid")
    assert registry.get_sample_value("bongsu_dead_letters_total", labels) == 1
