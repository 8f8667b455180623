"""Ladders as people and programs see them: rungs in order, and what the last drill showed."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

from rich.console import Console

from services.catalogue.load import load
from services.cli import ladders, table
from services.contracts.catalogue import Catalogue
from services.contracts.ladder import Drill
from services.storage.status import DrillStatus
from tests.support.builders import MINUTE, SLOT

ROUTE = "eumseong.alimtalk.sens"
GOOD = Drill(fired=True, arrived=True, in_time=True, once=True, whole=True, right_sender=True)
LOST = Drill(fired=True, arrived=False)


def _drill(minutes_ago: int, shows: Drill, settled: bool = True) -> DrillStatus:
    return DrillStatus(ROUTE, "skt-08", SLOT - minutes_ago * MINUTE, settled, shows)


def _shipped() -> Catalogue:
    return load(Path(__file__).parents[3] / "catalogue").catalogue(UUID(int=0))


def _told(*drills: DrillStatus) -> str:
    catalogue = _shipped()
    lines = table.lines(catalogue, [], [], SLOT)
    console = Console(width=80, file=StringIO(), record=True)
    found = ladders.ladders(catalogue, lines, drills)
    console.print(ladders.render(found, SLOT, "24 hours"))
    return console.export_text()


def test_the_same_holds_since_the_first_drill_of_an_unbroken_row() -> None:
    drills = [_drill(0, Drill()), _drill(5, LOST), _drill(10, LOST), _drill(15, GOOD)]
    found = ladders.last_drill(ROUTE, drills)
    assert found is not None
    assert (found.drill.shows, found.since) == (LOST, SLOT - timedelta(minutes=10))
    assert ladders.last_drill("another", drills) is None


def test_a_drill_is_told_in_one_line_of_eighty_columns() -> None:
    shown = _told(_drill(5, LOST))
    (line,) = [line for line in shown.splitlines() if "drill: fired" in line]
    assert line.split() == [
        *("drill:", "fired", "✓", "arrived", "✗", "in", "time", "–", "once", "–"),
        *("whole", "–", "sender", "–"),
    ]
    assert max(map(len, shown.splitlines())) <= 80


def test_every_notice_s_rungs_stand_in_order_with_those_that_nobody_can_probe() -> None:
    shown = _told()
    rungs = shown.split("eumseong tax-relief")[1].splitlines()[1:4]
    assert [rung.split()[:2] for rung in rungs] == [
        ["1", ROUTE], ["2", "eumseong.lms.sens"], ["3", "post"],
    ]  # fmt: skip
    assert "not probed" in rungs[2]


def test_a_ladder_that_was_not_drilled_is_said_in_a_sentence() -> None:
    shown = _told()
    assert f"none of {ROUTE} ended in the last 24 hours" in shown
    assert "no drill" in shown


def test_programs_read_null_for_what_cannot_be_told() -> None:
    catalogue = _shipped()
    found = ladders.ladders(catalogue, table.lines(catalogue, [], [], SLOT), [_drill(5, LOST)])
    (told,) = [ladders.record(one) for one in found if one.body == "eumseong"]
    (drill,) = told["drills"]
    assert (drill["route"], drill["receiver"]) == (ROUTE, "skt-08")
    assert (drill["fired"], drill["arrived"], drill["in_time"]) == (True, False, None)
    assert [rung["channel"] for rung in told["rungs"]] == ["alimtalk", "lms", "post"]
