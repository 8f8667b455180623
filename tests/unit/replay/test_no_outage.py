"""What is no outage opens none: a week full of nuisances, a dead phone, a worker that is cut off.

A small town: four routes, two providers, four phones, one of them the only one of its carrier.
Virtual time, through detector and leader. A phone, a site or a worker that was away may be told as
bongsu's own.
"""

from functools import cache

import pytest

from services.alerting.detection.law import Learnt
from services.contracts.catalogue import Catalogue
from services.replay.detecting import Finding, Findings
from services.replay.prelude import parts_of, taught, together
from tests.support import nuisances
from tests.support.nuisances import DAY, PHONES, Nuisances, troubles
from tests.support.virtual import MINUTE, SECOND, SINCE, Played, broken
from tests.unit.replay.test_run import shipped

pytestmark = pytest.mark.timeout(2400)  # a minute and a half of a core that is free
DAYS = 7
BROKEN, BACK, END = SINCE + 2 * MINUTE, SINCE + 12 * MINUTE, SINCE + 19 * MINUTE
PHONE, WORKER = "receiver:kt-01", "worker:w1"


@cache
def town() -> Catalogue:
    return nuisances.town(shipped())


@cache
def learnt() -> Learnt:
    """What a few hours of health teach."""
    return together(taught(part, 1, messages=300) for part in parts_of(town()))


@pytest.fixture(scope="module")
def week() -> Findings:
    """A tick every ten seconds: what is missing stays so for longer."""
    played = Played(town(), learnt(), *troubles(DAYS), way=Nuisances(DAYS))
    return played.until(SINCE + DAYS * DAY, every=10 * SECOND)


def _away(found: Finding) -> bool:
    """Was it away within the minute before it was told, up to its last relapse?"""
    row = found.row
    told, over = row.detected_at, row.ended_at
    assert over is not None
    return any(
        part in (row.component, *row.alike) and since <= told and over <= until + 5 * MINUTE
        for part, since, until in nuisances.absences(DAYS)
    )


def test_in_a_week_full_of_nuisances_there_is_no_outage(week: Findings) -> None:
    assert [one.row for one in week.incidents if one.row.kind == "outage"] == []
    assert week.asides == ()


def test_what_is_told_instead_was_away_itself(week: Findings) -> None:
    told = {one.row.component for one in week.incidents}
    assert told >= {f"receiver:{phone}" for phone in PHONES}
    assert all(_away(one) for one in week.incidents)


@pytest.mark.parametrize("parts", [[PHONE], [WORKER], [PHONE, WORKER]])
def test_a_dead_phone_and_a_worker_cut_off_are_faults_of_bongsu_s_own(parts: list[str]) -> None:
    faults = [broken(part, BROKEN, BACK) for part in parts]
    found = Played(town(), learnt(), *faults).until(END)
    assert sorted(one.row.component for one in found.incidents) == parts
    assert found.asides == ()
    for one in found.incidents:
        row = one.row
        assert (row.kind, row.severity, row.status, row.reopened) == ("monitor", None, "closed", 0)
        assert row.detected_at <= BROKEN + 90 * SECOND
        assert row.closed_at is not None
        assert BACK < row.closed_at < BACK + 6 * MINUTE


def test_an_outage_among_nuisances_is_told_all_the_same() -> None:
    fault = broken("platform:kakaotalk", BROKEN, BACK)
    played = Played(town(), learnt(), fault, *troubles(1), way=Nuisances(1))
    found = played.until(END, every=10 * SECOND)
    outages = [one.row.component for one in found.incidents if one.row.kind == "outage"]
    assert outages == ["platform:kakaotalk"]
