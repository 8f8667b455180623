"""Topics: names, keys, partitions, retention, writers and readers; and that records keep to it."""

import re

import pytest

from services.contracts import codec, topics
from services.contracts.catalogue import Current
from services.contracts.evidence import (
    CanaryAnnounced,
    ChannelObserved,
    DeadLetter,
    DeviceOpened,
    DeviceSeen,
    Heartbeat,
    PathReturned,
    ProbeAnswered,
    ProbeCommand,
    ProbeSent,
    Record,
    ReportReceived,
)
from services.contracts.topics import Topic
from tests.support import builders

TOPIC_OF: dict[type[Record], Topic] = {
    ProbeSent: topics.EVIDENCE,
    ProbeAnswered: topics.EVIDENCE,
    ReportReceived: topics.EVIDENCE,
    DeviceSeen: topics.EVIDENCE,
    DeviceOpened: topics.EVIDENCE,
    ChannelObserved: topics.EVIDENCE,
    CanaryAnnounced: topics.EVIDENCE,
    PathReturned: topics.EVIDENCE,
    Heartbeat: topics.HEARTBEATS,
    ProbeCommand: topics.COMMANDS,
    DeadLetter: topics.DEADLETTERS,
}
# The first word of a record's source is the part of a process that speaks.
PROCESS_OF = {"worker": "probe", "observer": "ingest"}
SENT = builders.a_probe_sent()
PROBE = str(SENT.probe_id)
CANARY, RETURN = builders.a_canary(), builders.a_return()
KEYED: list[tuple[Record, str]] = [
    (SENT, PROBE),
    (builders.an_answer(SENT), PROBE),
    (builders.a_report(SENT), PROBE),
    (builders.a_report(SENT, probe_id=None), "message-0001"),
    (builders.a_sighting(SENT), PROBE),
    (builders.an_opening(SENT), PROBE),
    (builders.a_post(), "moel.openchat.none"),
    (CANARY, str(CANARY.event_id)),
    (RETURN, str(RETURN.probe_id)),
    (builders.a_heartbeat(), "worker/worker-a"),
    (builders.a_heartbeat(source="observer/skt-1/imap"), "observer/skt-1/imap"),
    (builders.a_command(), "geoje.alimtalk.sens-a"),
    (builders.a_dead_letter(), "evidence/3/4711"),
]


def _kind(record: Record) -> str:
    return type(record).__name__


@pytest.mark.parametrize(
    ("topic", "partitions", "written_by", "read_by"),
    [
        (topics.CATALOGUE, 1, {"cli"}, {"probe", "ingest", "alerting", "cli"}),
        (topics.COMMANDS, 24, {"cli", "alerting"}, {"probe"}),
        (topics.EVIDENCE, 12, {"probe", "ingest"}, {"alerting", "ingest"}),
        (topics.HEARTBEATS, 1, {"probe", "ingest"}, {"alerting"}),
        (topics.DEADLETTERS, 1, {"ingest", "alerting"}, {"cli"}),
    ],
    ids=lambda given: given.name if isinstance(given, Topic) else None,
)
def test_partitions_producers_and_consumers_are_as_designed(
    topic: Topic, partitions: int, written_by: set[str], read_by: set[str]
) -> None:
    assert topic.partitions == partitions
    assert set(topic.written_by) == written_by
    assert set(topic.read_by) == read_by


@pytest.mark.parametrize(
    ("topic", "hours"),
    [
        (topics.COMMANDS, 1),
        (topics.EVIDENCE, 7 * 24),
        (topics.HEARTBEATS, 24),
        (topics.DEADLETTERS, 30 * 24),
    ],
    ids=lambda given: given.name if isinstance(given, Topic) else None,
)
def test_what_passes_by_is_kept_so_long_and_stamped_by_the_broker(topic: Topic, hours: int) -> None:
    """The known time of a record is its append time: no producer's clock may set it."""
    assert topic.config == {
        "cleanup.policy": "delete",
        "retention.ms": str(hours * 3_600_000),
        "message.timestamp.type": "LogAppendTime",
    }


def test_the_catalogue_is_compacted_and_whole_in_one_partition() -> None:
    assert topics.CATALOGUE.config == {"cleanup.policy": "compact"}
    assert topics.CATALOGUE.partitions == 1


def test_names_are_distinct_and_carry_the_prefix() -> None:
    names = [topic.named("bongsu") for topic in topics.ALL]
    assert len(set(names)) == len(names) == 5
    assert all(re.fullmatch(r"bongsu\.[a-z]+", name) for name in names)
    assert topics.EVIDENCE.named("trial") == "trial.evidence"


def test_every_record_type_has_one_topic() -> None:
    assert set(TOPIC_OF) == set(codec.BY_TYPE.values())
    used = {topic.name for topic in TOPIC_OF.values()}
    assert used | {topics.CATALOGUE.name} == {topic.name for topic in topics.ALL}


@pytest.mark.parametrize(("record", "key"), KEYED, ids=lambda given: str(given)[:20])
def test_the_key_of_each_record_is_the_one_its_topic_declares(record: Record, key: str) -> None:
    """Same key, same partition, same order: all evidence of a probe is read by one sink."""
    assert codec.encode(record).key == key.encode()


def test_every_record_type_is_among_the_keyed_ones() -> None:
    assert {type(record) for record, _ in KEYED} == set(TOPIC_OF)


@pytest.mark.parametrize("record", [record for record, _ in KEYED], ids=_kind)
def test_who_says_a_record_may_write_its_topic(record: Record) -> None:
    speaker = str(record.source).split("/")[0]  # type: ignore[attr-defined]
    assert PROCESS_OF.get(speaker, speaker) in TOPIC_OF[type(record)].written_by


def test_the_current_revision_is_a_record_of_the_catalogue_and_no_event() -> None:
    assert not issubclass(Current, Record)
    assert "current" in topics.CATALOGUE.key
