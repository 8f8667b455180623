"""Outages that happened are one incident each, with the right cause, in time; a few of them, cut
short. `make replay` plays all of them in full."""

import asyncio
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from services.alerting.detection.law import Learnt
from services.cli import prelude
from services.local.settings import LocalSettings
from services.replay.outcomes import Outcomes
from services.replay.run import WORKERS, replay
from services.replay.scenario import Scenario, Segment, Span, load
from tests.unit.replay.test_run import shipped

pytestmark = pytest.mark.timeout(600)  # the detector may be taught first
BEFORE, LASTS, AFTER = (timedelta(minutes=minutes) for minutes in (3, 10, 8))


@cache
def learnt() -> Learnt:
    """What every replay begins with, from the cache where one was made."""
    return asyncio.run(prelude.learnt(shipped(), 1, LocalSettings().cache, print))


def cut(scenario: Scenario) -> Scenario:
    """The same outage: quiet, at most ten minutes of it, and the time that closing takes."""
    onset = scenario.onset
    assert onset is not None
    segments = tuple(_ended(one, onset + LASTS) for one in scenario.segments)
    until = max(one.until for one in segments) + AFTER
    span = Span.model_construct(since=onset - BEFORE, until=until)
    return scenario.model_copy(update={"given_span": span, "segments": segments})


def _ended(segment: Segment, at: datetime) -> Segment:
    return segment.model_copy(update={"until": min(segment.until, at)})


def played(name: str) -> Outcomes:
    scenario = load(Path(f"scenarios/{name}.yaml"), shipped(), WORKERS)
    return replay(cut(scenario), shipped(), 1, learnt())


@pytest.mark.parametrize(
    "name", ["kk-2018-05-21", "kk-2024-05-13", "kt-2011-04-26", "nirs-2025-09-26"]
)
def test_an_outage_is_one_incident_from_its_onset_to_its_end(name: str) -> None:
    found = played(name).judged
    assert found.wrong == ()
    assert (len(found.pages), found.false_pages, found.reopened) == (1, 0, 0)
    assert found.recovered_s is not None
    assert found.recovered_s > 0


def test_what_hits_no_message_opens_nothing() -> None:
    assert played("kk-2024-07-18").told.incidents == ()
