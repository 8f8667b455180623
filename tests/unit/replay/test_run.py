"""A replay is the product in virtual time: every route, real outcomes, the same bytes each time."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.load import load as load_catalogue
from services.contracts import codec, slots
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import (
    ChannelObserved,
    Event,
    Heartbeat,
    ProbeAnswered,
    ReportReceived,
)
from services.contracts.outcome import Needed
from services.contracts.vocabulary import AnswerResult, Outcome
from services.replay.outcomes import MOST_BUCKETS, Outcomes, bucket_of
from services.replay.run import WORKERS, replay, stream_of
from services.replay.scenario import Scenario, Span, load
from services.replay.storing import Signs
from services.runtime.http import ANSWER_WITHIN_S

NOON = datetime(2026, 6, 1, 3, tzinfo=UTC)  # in Korea
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
KAKAO = Path("scenarios/kakao-2022-10-15.yaml")
DELIVERED, VOID = Outcome.DELIVERED, Outcome.VOID


@cache
def shipped() -> Catalogue:
    return load_catalogue(Path("catalogue")).catalogue(UUID(int=7 << 76))


def a_scenario(
    folder: Path, *segments: str, since: datetime = NOON, until: datetime = NOON + 12 * MINUTE
) -> Scenario:
    """A span with these segments: `component: …, state: …`, from its second minute to its tenth."""
    edges = f"from: '{since + 2 * MINUTE:%FT%TZ}', to: '{since + 10 * MINUTE:%FT%TZ}'"
    listed = "".join(f"\n  - {{{segment}, {edges}}}" for segment in segments) or " []"
    span = f"{{from: '{since:%FT%TZ}', to: '{until:%FT%TZ}'}}"
    file = folder / "scenario.yaml"
    file.write_text(f"id: test\nsegments:{listed}\nspan: {span}\n", encoding="utf-8")
    return load(file, shipped(), WORKERS)


def of_routes(found: Outcomes, part: str) -> Counter[Outcome]:
    """The outcomes of all routes whose id holds `part`."""
    return sum((c for route, c in found.totals().items() if part in route), Counter())


def bytes_of(found: Outcomes) -> bytes:
    return orjson.dumps(found.record(), option=orjson.OPT_SORT_KEYS)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    scenario = a_scenario(tmp_path, "component: platform:kakaotalk, state: lossy, share: 0.5")
    one, again, other = (bytes_of(replay(scenario, shipped(), seed, {})) for seed in (1, 1, 2))
    assert one == again
    assert one.replace(b'"seed":1', b'"seed":2') != other


def test_on_a_quiet_day_every_probe_of_every_route_arrives_built_or_not(tmp_path: Path) -> None:
    found = replay(a_scenario(tmp_path), shipped(), 1, {})
    routes = {r.id: r for r in shipped().routes.values() if not r.observed}
    assert any(not route.enabled for route in routes.values())
    assert found.totals() == {
        route: Counter({DELIVERED: _slots(shipped(), route, NOON, NOON + 12 * MINUTE)})
        for route in routes
    }
    assert set(found.posts) == {("moel.openchat.none", n) for n in range(found.buckets.count)}


def _slots(catalogue: Catalogue, name: str, since: datetime, until: datetime) -> int:
    every, at, count = timedelta(seconds=catalogue.routes[name].interval_s), since, 0
    while (at := slots.next_slot(name, every, at)) <= until:
        count += 1
    return count


def test_brand_messages_rest_at_night(tmp_path: Path) -> None:
    evening = NOON + 7.9 * HOUR  # 19:54 in Korea
    found = replay(
        a_scenario(tmp_path, since=evening, until=evening + 12 * MINUTE), shipped(), 1, {}
    )
    assert of_routes(found, "moel.brandmessage")[DELIVERED] == pytest.approx(6, abs=1)
    assert of_routes(found, "moel.sms.sens")[DELIVERED] == pytest.approx(12, abs=1)


def test_a_cut_worker_voids_its_own_probes_up_to_both_edges(tmp_path: Path) -> None:
    scenario = a_scenario(tmp_path, "component: worker:w1, state: down")
    found = replay(scenario, shipped(), 1, {})
    assert set(of_routes(found, "")) == {DELIVERED, VOID}
    cut = [route for route, counts in found.totals().items() if counts[VOID]]
    assert 0 < len(cut) < len(found.totals())
    assert all(found.totals()[route][VOID] in (8, 9) for route in cut)


def test_a_locked_out_account_sends_one_probe_an_hour(tmp_path: Path) -> None:
    found = replay(
        a_scenario(tmp_path, "component: account:kpdoc, state: refusing"), shipped(), 1, {}
    )
    documents = of_routes(found, "edocument")
    assert documents[Outcome.EXEMPT] <= len(WORKERS)
    sent_or_not = documents.total() + sum(found.stopped.values())
    assert sent_or_not == pytest.approx(24, abs=2)
    assert found.stopped.keys() <= {"lh.edocument.kpdoc.rent", "lh.edocument.kpdoc.docs"}


def test_an_answer_that_comes_too_late_is_none(tmp_path: Path) -> None:
    """What became of the message shows at the phone; without its id nobody looks it up."""
    loaded = a_scenario(tmp_path, "component: provider:sens, state: loaded, factor: 1000")
    stream, results, reported = stream_of(loaded, shipped(), 1), Counter[str](), set[UUID]()
    unclear = set[UUID]()
    for at, line in stream.until(NOON + 30 * MINUTE, NOON + 9 * MINUTE):
        match codec.decode(line.value, line.headers):
            case ProbeAnswered(provider="sens", started_at=since) as told if since > _BROKEN:
                results[told.result] += 1
                if told.result is AnswerResult.UNCLEAR:
                    assert at - since == timedelta(seconds=ANSWER_WITHIN_S)
                    unclear.add(told.probe_id)
            case ReportReceived(probe_id=UUID() as probe):
                reported.add(probe)
    assert results[AnswerResult.UNCLEAR] > 0.9 * results.total() > 0
    assert reported
    assert not unclear & reported


def test_what_nobody_could_look_up_is_learned_when_the_provider_is_back(tmp_path: Path) -> None:
    down = a_scenario(tmp_path, "component: provider:sens, state: down")
    stream, back = stream_of(down, shipped(), 1), NOON + 10 * MINUTE
    lines = stream.until(NOON + 30 * MINUTE, NOON + 12 * MINUTE)
    records = [(at, codec.decode(line.value, line.headers)) for at, line in lines]
    told = [(at, r) for at, r in records if isinstance(r, ReportReceived) and r.account == "sens"]
    assert not [at for at, _ in told if _BROKEN <= at < back]
    assert [at for at, report in told if report.reported_at < back <= at]


_BROKEN = NOON + 2 * MINUTE


def test_what_reaches_kafka_is_in_order_decodes_and_happens_once(tmp_path: Path) -> None:
    scenario = a_scenario(tmp_path, "component: platform:kakaotalk, state: duplicating")
    stream, seen, before = stream_of(scenario, shipped(), 1), set[UUID](), NOON
    kinds: Counter[str] = Counter()
    for at, line in stream.until(NOON + 20 * MINUTE, NOON + 5 * MINUTE):
        record = codec.decode(line.value, line.headers)
        assert before <= at <= NOON + 20 * MINUTE
        before = at
        if isinstance(record, Event):
            assert record.event_id not in seen
            seen.add(record.event_id)
        kinds[type(record).__name__] += 1
    assert kinds.keys() == {
        "ProbeSent", "ProbeAnswered", "ReportReceived", "DeviceSeen", "DeviceOpened",
        ChannelObserved.__name__, Heartbeat.__name__,
    }  # fmt: skip
    assert kinds["DeviceSeen"] > kinds["ProbeSent"] > kinds["DeviceOpened"] > 0


def test_a_replay_knows_the_time_it_is_in(tmp_path: Path) -> None:
    told = list[datetime]()
    replay(a_scenario(tmp_path, until=NOON + 25 * MINUTE), shipped(), 1, {}, told.append)
    assert told == sorted(told)
    assert told[0] == NOON + 10 * MINUTE


# What came back when on 15 to 19 October 2022, an hour around each edge (UTC).
RETURNS = [
    ("openchat", datetime(2022, 10, 15, 16, 31, tzinfo=UTC)),  # text between people
    ("edocument", datetime(2022, 10, 17, 6, tzinfo=UTC)),
    ("alimtalk.sens", datetime(2022, 10, 17, 9, tzinfo=UTC)),  # of public senders; part of it
    ("email", datetime(2022, 10, 18, 21, tzinfo=UTC)),
    ("brandmessage", datetime(2022, 10, 19, 6, tzinfo=UTC)),
]


@pytest.mark.parametrize(("part", "at"), RETURNS)
def test_the_outage_of_october_2022_returns_in_stages(part: str, at: datetime) -> None:
    whole = load(KAKAO, shipped(), WORKERS)
    window = Span.model_construct(since=at - 20 * MINUTE, until=at + 20 * MINUTE)
    found = replay(whole.model_copy(update={"given_span": window}), shipped(), 1, {})
    half = found.buckets.number(at)
    before, after = (
        sum(_arrived(found, part, n) for n in stretch)
        for stretch in (range(1, half - 1), range(half + 2, found.buckets.count - 1))
    )
    assert after > 1.5 * before


def _arrived(found: Outcomes, part: str, number: int) -> int:
    """Messages and posts of one stretch that arrived."""
    wanted = (number, DELIVERED)
    probes = [n for (r, *rest), n in found.tally.items() if part in r and tuple(rest) == wanted]
    posts = [n for (r, at), n in found.posts.items() if part in r and at == number]
    return sum(probes + posts)


@given(st.integers(0, 10**8), st.integers(1, 60 * 24 * 40))
def test_stretches_are_few_whole_and_hold_every_moment(second: int, minutes: int) -> None:
    start = NOON + timedelta(seconds=second)
    span = Span.model_construct(since=start, until=start + minutes * MINUTE)
    buckets = bucket_of(span)
    last = buckets.number(span.until - timedelta(microseconds=1))
    assert (buckets.number(span.since), last) == (0, buckets.count - 1)
    assert buckets.count <= MOST_BUCKETS
    assert buckets.starts()[-1] < span.until


@given(st.lists(st.integers(0, 5000), min_size=1), st.integers(0, 5000), st.integers(0, 5000))
def test_signs_of_life_are_found_as_if_all_had_been_kept(
    seconds: list[int], since: int, lasts: int
) -> None:
    signs, times = Signs(), [NOON + timedelta(seconds=s) for s in sorted(seconds)]
    for at in times:
        signs.add("worker/w1", at)
    start, end = NOON + timedelta(seconds=since), NOON + timedelta(seconds=since + lasts)
    found = signs.of(Needed(("worker/w1",), (), start, end))
    assert found.alive("worker/w1", start, end) == any(
        start <= sign <= end for minute in _minutes(times) for sign in minute
    )


def _minutes(times: list[datetime]) -> Iterator[tuple[datetime, datetime]]:
    minutes: dict[datetime, list[datetime]] = {}
    for at in times:
        minutes.setdefault(at.replace(second=0), []).append(at)
    return ((found[0], found[-1]) for found in minutes.values())
