"""In a replay the leader writes what it would have written: what broke, since when, until when."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from services.alerting.detection.confirm import Ask
from services.alerting.detection.items import microseconds
from services.alerting.detection.law import Learnt
from services.alerting.detection.tail import command_of, elsewhere
from services.contracts import codec
from services.contracts.evidence import ProbeSent
from services.contracts.vocabulary import Purpose
from services.replay.detecting import Findings
from services.replay.prelude import parts_of, taught, together
from services.replay.run import WORKERS, replay, stream_of
from services.replay.scenario import load
from tests.unit.replay.test_run import MINUTE, NOON, a_scenario, shipped

BROKEN, BACK = NOON + 2 * MINUTE, NOON + 10 * MINUTE  # as `a_scenario` has it
SECOND = timedelta(seconds=1)
ROUTE = "geoje.sms.sens"


@cache
def learnt() -> Learnt:
    """A prelude of few messages."""
    return together(taught(part, 1, messages=30) for part in parts_of(shipped()))


def told(folder: Path, *segments: str, until: datetime = NOON + 25 * MINUTE) -> Findings:
    return replay(a_scenario(folder, *segments, until=until), shipped(), 1, learnt()).told


def told_of(folder: Path, text: str) -> Findings:
    """What is told of a scenario that is written out."""
    file = folder / "scenario.yaml"
    file.write_text(text, encoding="utf-8")
    return replay(load(file, shipped(), WORKERS), shipped(), 1, learnt()).told


def test_an_outage_is_one_incident_with_its_beginning_and_its_end(tmp_path: Path) -> None:
    (found,) = told(tmp_path, "component: platform:kakaotalk, state: down").incidents
    row = found.row
    assert (row.component, found.opened.hypothesis) == ("platform:kakaotalk", "dead")
    assert (row.monitor, row.rival, found.rivals) == (False, None, ())
    assert abs(row.started_at - BROKEN) <= 15 * SECOND
    assert BROKEN < row.detected_at <= BROKEN + MINUTE
    assert row.closed_at is not None
    assert BACK < row.closed_at <= BACK + 4 * MINUTE
    over_kakaotalk = {r.id for r in shipped().routes.values() if r.platform == "kakaotalk"}
    assert set(row.routes) == {r for r in over_kakaotalk if not shipped().routes[r].observed}


def test_its_timeline_is_the_one_that_a_leader_writes(tmp_path: Path) -> None:
    (found,) = told(tmp_path, "component: platform:kakaotalk, state: down").incidents
    first, *_, last = found.timeline
    assert (first.kind, first.at) == ("opened", found.opened.detected_at)
    assert first.note_en.startswith("KakaoTalk: messages do not arrive since")
    assert (last.kind, last.at) == ("closed", found.row.closed_at)
    assert all(one.actor == "bongsu" for one in found.timeline)


def test_what_stands_at_the_end_is_still_open(tmp_path: Path) -> None:
    outage = "component: platform:kakaotalk, state: down"
    (found,) = told(tmp_path, outage, until=NOON + 6 * MINUTE).incidents
    assert (found.row.status, found.row.closed_at) == ("open", None)


@pytest.mark.parametrize("component", ["worker:w1", "receiver:kt-01"])
def test_a_fault_of_bongsu_s_own_is_no_outage(tmp_path: Path, component: str) -> None:
    found = told(tmp_path, f"component: {component}, state: down").incidents
    assert [(one.row.component, one.row.monitor) for one in found] == [(component, True)]


def test_on_a_quiet_day_nothing_is_told(tmp_path: Path) -> None:
    found = told(tmp_path)
    assert (found.incidents, found.asides) == ((), ())


def test_a_small_suspicion_asks_for_probes_and_they_hasten_the_verdict(tmp_path: Path) -> None:
    found = told(tmp_path, f"component: sender:{shipped().routes[ROUTE].sender}, state: down")
    assert found.confirms
    assert found.incidents[0].row.detected_at <= BROKEN + 3 * MINUTE


def test_a_probe_asked_for_is_sent_at_once_by_its_worker_or_another(tmp_path: Path) -> None:
    stream, tick = stream_of(a_scenario(tmp_path), shipped(), 1), NOON + 30 * SECOND
    list(stream.until(tick, tick))
    for other in (False, True):
        command = command_of(microseconds(tick), Ask(ROUTE, other), "alerting/a1")
        stream.ask(elsewhere(ROUTE) if other else ROUTE, command, tick + 0.2 * SECOND)
    lines = stream.until(NOON + 2 * MINUTE, tick)
    sent = [
        record
        for _, line in lines
        if isinstance(record := codec.decode(line.value, line.headers), ProbeSent)
    ]
    assert [(one.purpose, one.route) for one in sent] == [(Purpose.CONFIRM, ROUTE)] * 2
    assert {one.sent_at for one in sent} == {tick + 0.2 * SECOND}
    own = next(w for w in stream.workers if ROUTE in w.routes)
    assert [one.worker == own.keys.worker for one in sent] == [True, False]


RESTING = """
id: resting
segments:
  - {component: platform:kakaotalk, function: alimtalk, state: degraded, from: 2026-06-01T19:50, to: 2026-06-01T20:25}
  - {component: platform:kakaotalk, function: edocument, state: down, from: 2026-06-01T19:50, to: 2026-06-01T19:58}
  - {component: platform:kakaotalk, function: brandmessage, state: down, from: 2026-06-01T19:50, to: 2026-06-01T20:25}
span: {from: 2026-06-01T19:40, to: 2026-06-01T20:25}
"""  # noqa: E501 - as such files are written


def test_what_rests_at_night_is_not_taken_for_well(tmp_path: Path) -> None:
    """From 20:00 on only Alimtalk shows that KakaoTalk is broken, but brand messages were, too."""
    (found,) = told_of(tmp_path, RESTING).incidents
    assert found.row.component == "platform:kakaotalk"
    assert "moel.brandmessage.sens" in found.row.routes
    assert not {one.kind for one in found.timeline} & {"renamed", "narrowed", "closed"}


STAGED = """
id: staged
segments:
  - {component: platform:kakaotalk, state: down, from: 2026-06-01T12:05, to: 2026-06-01T12:15}
  - {component: platform:kakaotalk, function: brandmessage, state: down, from: 2026-06-01T12:15, to: 2026-06-01T12:35}
span: {from: 2026-06-01T12:00, to: 2026-06-01T12:40}
"""  # noqa: E501 - as such files are written


def test_an_outage_is_over_when_its_last_function_is_back(tmp_path: Path) -> None:
    """Most of KakaoTalk is back after ten minutes: not the brand messages."""
    (found,) = told_of(tmp_path, STAGED).incidents
    assert found.row.component == "platform:kakaotalk/brandmessage"
    assert found.row.ended_at is not None
    assert abs(found.row.ended_at - (NOON + 35 * MINUTE)) <= MINUTE
    assert "reopened" not in {one.kind for one in found.timeline}


EVENING = """
id: evening
segments:
  - {component: platform:kakaotalk, state: down, from: 2026-06-01T19:50, to: 2026-06-01T20:05}
span: {from: 2026-06-01T19:40, to: 2026-06-01T20:30}
"""


def test_what_is_well_again_but_for_routes_that_rest_concerns_only_these(tmp_path: Path) -> None:
    """It stays open until the brand messages of the morning; Alimtalk is not said to be out."""
    (found,) = told_of(tmp_path, EVENING).incidents
    assert (found.row.component, found.row.status) == ("platform:kakaotalk", "open")
    resting = {r.id for r in shipped().routes.values() if r.channel == "brandmessage"}
    assert set(found.row.routes) == resting
