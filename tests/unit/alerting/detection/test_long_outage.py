"""Six hours of outage: they teach nothing, are one incident, and take no memory."""

import pickle
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest

from services.alerting.detection import law
from services.alerting.detection.detector import Detector, Limits, Memory
from services.alerting.detection.law import SECOND, Row
from services.alerting.detection.state import Told
from services.catalogue.load import load
from tests.unit.alerting.detection.hours import Reader, Sick, at, evidence

HOUR = 3600
BEGIN, END = 2 * HOUR, 8 * HOUR
COMMITTED = END + 900 + 600  # by then it would be in the tables
ROUTE = Row("alimtalk", "geoje.alimtalk.sens")


class Usual(NamedTuple):
    """What the tables hold of a route: seconds within which 99 % arrive, the loss."""

    p99_s: float
    loss: float


class Hours(NamedTuple):
    """What was told, what was usual before and after, and the detector's bytes by hour."""

    told: list[tuple[Told, str]]
    before: Usual
    after: Usual
    sizes: list[int]


def _reader() -> Reader:
    catalogue = load(Path(__file__).parents[4] / "catalogue").catalogue(UUID(int=1))
    detector = Detector(Memory(at(0), at(0), {}), at(0), Limits(1.0, 500))
    detector.change(catalogue)
    return Reader(detector, evidence(COMMITTED // 60, Sick(BEGIN, END, slower=8, lost=0.6)))


def _usual(detector: Detector) -> Usual:
    laws = law.laws(detector.memory().learnt, ())
    place = laws.rows.index(ROUTE)
    return Usual(law.quantile(laws.shares[place], 0.99) / SECOND, float(laws.losses[place]))


@pytest.fixture(scope="module")
def hours() -> Hours:
    """A tick every five seconds: nothing here hangs on the second."""
    reader, told, sizes = _reader(), [], []
    for second in range(5, COMMITTED + 1, 5):
        ticked = reader.tick(second)
        told += [(v.told, v.entry.component) for v in ticked.verdicts] if ticked else []
        if second == BEGIN:
            before = _usual(reader.detector)
        if second % HOUR == 0:
            sizes.append(len(pickle.dumps(reader.detector)))
    return Hours(told, before, _usual(reader.detector), sizes)


def test_after_it_the_usual_time_and_loss_are_what_they_were(hours: Hours) -> None:
    assert hours.after == pytest.approx(hours.before, rel=0.05)


def test_without_verdicts_the_same_hours_teach_what_an_outage_is_like(hours: Hours) -> None:
    reader = _reader()
    for second in range(10, COMMITTED + 1, 10):
        reader.skip(second)
    deceived = _usual(reader.detector)
    assert deceived.p99_s > 2 * hours.before.p99_s
    assert deceived.loss > 0.1


def test_it_is_one_incident_of_the_platform(hours: Hours) -> None:
    assert [one for one in hours.told if one[0] in (Told.OPENED, Told.CLOSED, Told.REOPENED)] == [
        (Told.OPENED, "platform:kakaotalk"),
        (Told.CLOSED, "platform:kakaotalk"),
    ]


def test_the_detector_holds_no_more_after_eight_hours_than_after_one(hours: Hours) -> None:
    assert max(hours.sizes) <= 1.05 * hours.sizes[0]
