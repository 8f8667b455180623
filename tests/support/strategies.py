"""What hypothesis draws from: moments, probe ids, records of every kind, evidence of one probe."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from services.contracts import codec, vocabulary
from services.contracts.evidence import Evidence, ProbeSent, Record
from services.contracts.vocabulary import AnswerResult, FaultDomain, ObserverKind, ReportState
from tests.support import builders


def _between(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    microsecond = timedelta(microseconds=1)
    return st.integers(0, (last - first) // microsecond).map(lambda n: first + n * microsecond)


moments = _between(datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC))
slot_times = _between(datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
names = st.builds("{}{}".format, words, st.sampled_from(["", "1", "10", "-2", ".b", "_x"]))
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
codes = st.one_of(st.just("0000"), texts)
counts = st.integers(0, 2**31 - 1)
sources = st.builds("{}/{}".format, words, names)
receivers = st.sampled_from(["skt-1", "skt-10", "kt-1"])
probe_ids = st.builds(builders.a_probe_id, slot_times, names, names)

_BY_FIELD: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(["event_id", "command_id", "revision"], st.uuids(version=4)),
    "probe_id": probe_ids,
    **dict.fromkeys(["source"], sources),
    **dict.fromkeys(
        ["sent_at", "slot", "accepted_due", "seen_due", "reported_due", "opened_due"], moments
    ),
    **dict.fromkeys(["started_at", "ended_at", "reported_at", "at", "expires_at"], moments),
    **dict.fromkeys(["observed_min", "observed_max"], moments),
    **dict.fromkeys(["route", "body", "notice", "adapter", "account", "provider"], names),
    **dict.fromkeys(
        ["sender", "substitute_sender", "platform", "worker", "receiver", "site", "path"], names
    ),
    **dict.fromkeys(["text_digest", "link_digest", "substitute_digest", "digest"], digests),
    **dict.fromkeys(["template", "code", "reason", "raw"], texts),
    **dict.fromkeys(["provider_message_id", "source_event_id", "origin"], texts.filter(bool)),
    **dict.fromkeys(["text_chars", "size"], counts),
    "senders": st.lists(names, max_size=3).map(tuple),
    "interval_s": st.integers(1, 86_400),
    "leg": st.integers(0, 7),
    "fields": st.dictionaries(texts, texts, max_size=3),
    "observers": st.lists(st.sampled_from(ObserverKind), max_size=3).map(tuple),
    "reached": st.lists(names, max_size=3).map(tuple),
    "purpose": st.sampled_from(vocabulary.Purpose),
    "notice_class": st.sampled_from(vocabulary.NoticeClass),
    "channel": st.sampled_from(vocabulary.Channel),
    "carrier": st.sampled_from(vocabulary.Carrier),
    "result": st.sampled_from(AnswerResult),
    "fault": st.sampled_from(FaultDomain),
    "state": st.sampled_from(ReportState),
    "observer": st.sampled_from(ObserverKind),
    "clock": st.sampled_from(vocabulary.ClockSource),
    "placement": st.sampled_from(vocabulary.Placement),
}


def records_of(model: type[Record]) -> st.SearchStrategy[Record]:
    """Any valid record of one kind; fields that may be left out sometimes are."""
    fields = {n: f for n, f in model.model_fields.items() if n not in ("kind", "version")}
    needed = {name: _BY_FIELD[name] for name, field in fields.items() if field.is_required()}
    free = {name: _BY_FIELD[name] for name, field in fields.items() if not field.is_required()}
    return st.fixed_dictionaries(needed, optional=free).map(lambda given: model(**given))


def records() -> st.SearchStrategy[Record]:
    """Any valid record of any kind."""
    return st.sampled_from(list(codec.BY_TYPE.values())).flatmap(records_of)


@st.composite
def evidence_of_one_probe(draw: st.DrawFn, most: int = 12) -> list[Evidence]:
    """Distinct events of one probe, as a sink may meet them: none, one or many of each kind."""
    sent = builders.a_probe_sent()
    events = draw(st.lists(_one_event(sent), min_size=1, max_size=most))
    return list({event.event_id: event for event in events}.values())


T = TypeVar("T")


@st.composite
def any_order(draw: st.DrawFn, things: Sequence[T], most_repeated: int) -> list[T]:
    """All of these in any order, some of them twice. Places are drawn, not things: hypothesis
    writes out what it draws from, and warns when that is long."""
    places = range(len(things))
    repeated = draw(st.lists(st.sampled_from(places), max_size=most_repeated))
    return [things[place] for place in draw(st.permutations([*places, *repeated]))]


def _one_event(sent: ProbeSent) -> st.SearchStrategy[Evidence]:
    # Few different times on purpose: ties are where an order could matter.
    times = st.integers(0, 2).map(lambda n: sent.sent_at + n * timedelta(minutes=1))
    workers = st.sampled_from(["worker-a", "worker-b"])
    observed: dict[str, st.SearchStrategy[Any]] = {
        "observed_max": times,
        "receiver": receivers,
        "observer": st.sampled_from(ObserverKind),
        "source_event_id": st.sampled_from(["1", "10", "2|b"]),
        "placement": st.sampled_from(vocabulary.Placement),
        "leg": st.integers(0, 2),
    }
    return st.one_of(
        st.builds(builders.a_probe_sent, worker=workers, sent_at=times),
        st.builds(
            builders.an_answer, st.just(sent), worker=workers, started_at=times,
            result=st.sampled_from(AnswerResult), fault=st.sampled_from([None, *FaultDomain]),
        ),
        st.builds(
            builders.a_report, st.just(sent), leg=st.integers(0, 2), reported_at=times,
            state=st.sampled_from(ReportState), fault=st.sampled_from([None, *FaultDomain]),
            code=st.sampled_from(["0000", "3018"]),
        ),
        st.builds(
            builders.a_sighting, st.just(sent), **observed, text_chars=st.sampled_from([9, 10]),
            senders=st.sampled_from([None, (), ("a",), ("b", "a")]),
        ),
        st.builds(builders.an_opening, st.just(sent), **observed),
    )  # fmt: skip
