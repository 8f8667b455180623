"""All outages side by side: a line each, how soon the pages came, and what is a regression."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.catalogue.load import load as load_catalogue
from services.cli import dated
from services.contracts.catalogue import Catalogue
from services.replay.detecting import Findings
from services.replay.judging import Judged, Page
from services.replay.outcomes import Outcomes, bucket_of
from services.replay.run import WORKERS
from services.replay.scenario import load

GOOD = Judged((), 40.0, "platform:kakaotalk", 0, 0, 130.0, None, 0, ())


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(Path("catalogue")).catalogue(UUID(int=1))


@pytest.fixture
def outcomes(catalogue: Catalogue) -> Callable[..., Outcomes]:
    def made(name: str, **over: Any) -> Outcomes:
        scenario = load(Path(f"scenarios/{name}.yaml"), catalogue, WORKERS)
        page = Page(scenario.span.since, "platform:kakaotalk", (), "")
        judged = replace(GOOD, pages=(page,), **over)
        told = Findings((), (), 0)
        return Outcomes(scenario, 1, bucket_of(scenario.span), {}, {}, {}, told, judged)

    return made


def test_each_outage_is_a_line_then_come_the_delays(
    outcomes: Callable[..., Outcomes], catalogue: Catalogue
) -> None:
    total = outcomes("kk-2018-05-21", time_to_page_s=20.0)
    part = outcomes("kk-2021-05-05", time_to_page_s=80.0, reopened=1)
    lines = list(dated.table([total, part], catalogue))
    assert " ".join(lines[1].split()) == "kk-2018-05-21 20 s 1 130 s 0 platform:kakaotalk"
    assert " ".join(lines[2].split()) == "kk-2021-05-05 80 s 1 130 s 1 platform:kakaotalk"
    assert lines[-2] == "total, of 5 min or more: 1 pages, median 20 s, p95 20 s"
    assert lines[-1] == "all: 2 pages, median 50 s, p95 80 s"


def test_of_what_hits_no_route_it_is_said_which_fleet_sees_it(
    outcomes: Callable[..., Outcomes], catalogue: Catalogue
) -> None:
    blind = outcomes("kt-2021-10-25", time_to_page_s=None, cause=None, recovered_s=None)
    lines = list(dated.table([blind], catalogue))
    assert "nothing: only a fleet with routes over data of carrier:kt sees it" in lines[1]
    assert lines[-1] == "all: no page"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"wrong": ("2 pages",)}, ["2 pages"]),
        ({"reopened": 2}, ["opened again 2 times"]),
        ({"recovered_s": -61.0}, ["closed 61 s before the end"]),
        ({"recovered_s": None}, ["never closed"]),
    ],
)
def test_an_outage_must_be_as_expected_and_closed_after_its_end_once(
    outcomes: Callable[..., Outcomes], change: dict[str, Any], said: list[str]
) -> None:
    assert dated.wrong(outcomes("kk-2018-05-21", **change)) == said


def test_all_together_must_keep_what_was_promised(
    outcomes: Callable[..., Outcomes], catalogue: Catalogue
) -> None:
    """A total outage may take 180 s by its own file: not half of them more than a minute."""
    soon, slow = (outcomes("kk-2018-05-21", time_to_page_s=s) for s in (60.0, 61.0))
    part = outcomes("kk-2021-05-05", time_to_page_s=181.0)
    assert dated.late([soon, soon, slow], catalogue) == []
    assert dated.late([soon, slow, slow, part], catalogue) == [
        "total outages: median 61 s, not 60 s at most",
        "all: p95 181 s, not 180 s at most",
    ]


def test_what_outlasts_the_span_may_stay_open(outcomes: Callable[..., Outcomes]) -> None:
    assert dated.wrong(outcomes("nirs-2025-09-26", recovered_s=None)) == []
