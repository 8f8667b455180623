"""The detector as one thing: a verdict from evidence, what shows it, and a restart."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from services.alerting.detection import law, standing
from services.alerting.detection.confirm import Ask
from services.alerting.detection.detector import Detector, Limits, Memory
from services.alerting.detection.items import microseconds
from services.alerting.detection.law import ACCEPTANCE, SECOND, Row
from services.alerting.detection.standing import ChannelState
from services.alerting.detection.state import Told
from services.alerting.detection.tail import begin, command_of, elsewhere
from services.alerting.incidents.rows import candidates, rows
from services.catalogue.load import load
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import ProbeSent
from services.contracts.topics import COMMANDS
from services.contracts.vocabulary import Purpose
from services.runtime.kafka import partition_of
from services.storage.detector import Saved
from tests.support.builders import a_heartbeat
from tests.support.outage import ALIMTALK, DEAD, SMS, kakaotalk_is_dead
from tests.unit.alerting.detection import hours

AT = datetime(2026, 10, 15, 6, 30, tzinfo=UTC)
NOW = microseconds(AT)
LIMITS = Limits(1.0, 500)


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load(Path(__file__).parents[4] / "catalogue").catalogue(UUID(int=1))


def _fed(catalogue: Catalogue, memory: Memory | None = None) -> Detector:
    """A detector that has read the evidence of a dead platform, all of it known at NOW."""
    since, memory = begin(memory, NOW)
    detector = Detector(memory, since, LIMITS)
    detector.change(catalogue)
    for event in kakaotalk_is_dead(AT):
        detector.feed(event, NOW)
    return detector


def _run(detector: Detector, to: int) -> Iterator[Told]:
    while detector.at < to:
        ticked = detector.tick(detector.at + SECOND)
        yield from (verdict.told for verdict in ticked.verdicts) if ticked else ()


def _saved(detector: Detector) -> Memory:
    memory = detector.memory()
    saved = Saved(standing.dumped(memory), memory.learnt_at, standing.laws_of(memory.learnt))
    return standing.restored(saved)


def test_an_operator_may_ask_that_findings_of_a_kind_last(shipped: Catalogue) -> None:
    since, memory = begin(None, NOW)
    detector = Detector(memory, since, LIMITS._replace(persist_s={"platform": 30}))
    detector.change(shipped)
    for event in kakaotalk_is_dead(AT):
        detector.feed(event, NOW)
    assert list(_run(detector, NOW + 29 * SECOND)) == []
    assert list(_run(detector, NOW + 30 * SECOND)) == [Told.OPENED]


def test_a_dead_platform_is_the_one_cause_and_takes_its_pairs_down(shipped: Catalogue) -> None:
    detector = _fed(shipped)
    assert list(_run(detector, NOW)) == [Told.OPENED]
    (row,) = rows(detector).values()
    assert (row.component, row.hypothesis, row.kind) == (DEAD, "dead", "outage")
    assert row.gain > 18.4
    assert set(row.routes) == set(ALIMTALK)
    assert row.figures is not None
    assert row.figures.messages == row.total
    assert (row.figures.dealers, row.figures.workers) == (2, 2)
    (first, *others) = candidates(detector, row.id)
    assert (first.component, first.failed, first.total) == (DEAD, row.failed, row.total)
    assert [one.component for one in others][: len(row.alike)] == row.alike
    states = standing.pairs(detector)
    assert states[("alimtalk", "sens")] is states[("alimtalk", "nhn")] is ChannelState.DOWN
    assert states[("sms", "sens")] is ChannelState.WELL
    assert standing.candidates(detector.state) == {("platform", "open"): 1}


def test_a_pair_that_sent_nothing_for_two_intervals_has_no_state(shipped: Catalogue) -> None:
    detector = _fed(shipped)
    list(_run(detector, NOW + 180 * SECOND))
    assert standing.pairs(detector) == {}


def _cut_off(worker: str, since: int, until: int) -> Iterator[hours.Known]:
    """Evidence and signs of life of two workers; what that one sends from then on comes nowhere."""
    known = list(hours.evidence(until // 60, hours.Sick(0, 0)))
    sent = (event for event, at in known if isinstance(event, ProbeSent) and at >= hours.at(since))
    lost = {event.probe_id for event in sent if event.worker == worker}
    for event, at in known:
        if isinstance(event, ProbeSent) or getattr(event, "probe_id", None) not in lost:
            yield event, at
    for second in range(0, until, 10):
        for name in ("w0", "w1"):
            if name != worker or second < since:
                moment = hours.BEGIN + timedelta(seconds=second)
                yield a_heartbeat(source=f"worker/{name}", at=moment), hours.at(second)


def test_channels_behind_a_worker_that_is_cut_off_have_no_state(shipped: Catalogue) -> None:
    detector = Detector(Memory(hours.at(0), hours.at(0), {}), hours.at(0), LIMITS)
    detector.change(shipped)
    reader = hours.Reader(detector, _cut_off("w1", since=240, until=360))
    for second in range(1, 240):
        reader.tick(second)
    before = standing.pairs(detector)
    for second in range(240, 360):
        reader.tick(second)
    (cause,) = rows(detector).values()
    assert (cause.component, cause.monitor) == ("worker:w1", True)
    seen = {name for name in (ALIMTALK | SMS) if name not in cause.routes}
    left = {(name.split(".")[1], (ALIMTALK | SMS)[name]) for name in seen}
    assert standing.pairs(detector) == dict.fromkeys(left, ChannelState.WELL)
    assert left < before.keys()


def test_what_is_usual_is_what_was_learnt_or_shipped(shipped: Catalogue) -> None:
    a_second = int(law.bin_of(np.array([SECOND]))[0])
    learnt = law.learn({}, [(Row("sms", "geoje.sms.sens"), a_second)] * 900)
    detector = Detector(Memory(NOW, NOW, learnt), NOW, LIMITS)
    detector.change(shipped)
    usual = standing.usual(detector)
    assert usual["sms"] == pytest.approx(1, rel=0.1)
    assert usual["alimtalk"] == pytest.approx(3, rel=0.1)


def test_what_left_the_catalogue_between_two_ticks_is_over_and_has_no_state(
    shipped: Catalogue,
) -> None:
    detector = _fed(shipped)
    assert list(_run(detector, NOW)) == [Told.OPENED]
    kept = {name: route for name, route in shipped.routes.items() if name not in ALIMTALK}
    detector.change(shipped.model_copy(update={"routes": kept}))
    assert list(_run(detector, NOW + SECOND)) == [Told.CLOSED]
    assert standing.pairs(detector).keys() == {("sms", "sens"), ("sms", "nhn")}


def test_what_was_taught_before_a_restart_is_not_taught_again(shipped: Catalogue) -> None:
    going_on = _fed(shipped)
    list(_run(going_on, NOW + 1300 * SECOND))
    saved = _saved(going_on)
    learnt = saved.learnt[Row(ACCEPTANCE)].total
    assert learnt > 20
    again = _fed(shipped, saved)
    list(_run(again, NOW + 1900 * SECOND))
    assert again.memory().learnt[Row(ACCEPTANCE)].total == pytest.approx(learnt)
    assert again.memory().learnt_at > saved.learnt_at


def test_it_begins_before_its_window_and_where_the_tables_were_made_but_not_for_ever() -> None:
    since, fresh = begin(None, NOW)
    assert since == fresh.at == NOW - 1020 * SECOND
    saved = Memory(NOW - 30 * SECOND, NOW - 500 * SECOND, {})
    since, resumed = begin(saved, NOW)
    assert since == NOW - (500 + 1020) * SECOND
    assert resumed.at == NOW - 30 * SECOND
    old = Memory(NOW - 86_400 * SECOND, NOW - 86_400 * SECOND, {})
    since, resumed = begin(old, NOW)
    assert since == NOW - 3600 * SECOND
    assert resumed.at == NOW - 1320 * SECOND
    assert begin(Memory(NOW + SECOND, NOW, {}), NOW)[1].at == NOW


def test_every_instance_asks_for_the_same_probe_and_the_second_goes_to_another_worker() -> None:
    ask = Ask("geoje.sms.sens", elsewhere=True)
    one, other = command_of(NOW, ask, "alerting/a"), command_of(NOW, ask, "alerting/b")
    assert (
        one.command_id == other.command_id != command_of(NOW + SECOND, ask, "alerting/a").command_id
    )
    assert (one.purpose, one.slot) == (Purpose.CONFIRM, AT)
    for route in (*ALIMTALK, *SMS):
        own = partition_of(route, COMMANDS.partitions)
        there = partition_of(elsewhere(route), COMMANDS.partitions)
        for workers in (2, 4, 6):
            span = COMMANDS.partitions // workers
            assert own % workers != there % workers
            assert own // span != there // span
