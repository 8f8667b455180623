"""Every dated outage we know of is a scenario or has a reason why not; each scenario plays."""

import re
from pathlib import Path
from uuid import UUID

import pytest

from services.catalogue.load import load as load_catalogue
from services.contracts.catalogue import Catalogue
from services.replay.idle import idle
from services.replay.scenario import Scenario, faults, load_all

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "scenarios"
WORKERS = ("w1", "w2")
QUIET = "quiet-day"
# With minutes and a component of the catalogue; then without one of the two.
PRESENT = {
    "kakao-2022-10-15", "kk-2016-09-12", "kk-2018-05-21", "kk-2020-01-01", "kk-2021-05-05",
    "kk-2022-10-04", "kk-2023-05-08", "kk-2024-05-13", "kk-2024-05-20", "kk-2024-07-18",
    "kt-2011-04-26", "kt-2021-10-25", "nirs-2025-09-26",
}  # fmt: skip
ABSENT = {
    "kk-2020-03-02", "kk-2021-05-27", "at-2025-11-27", "kk-undated", "kt-2023-01-02",
    "lgu-2023-01-29", "nv-2022-10-15", "nv-2023-06-14", "nv-2024-12-03", "kp-2023-05-08",
    "kk-2023-10-18", "kk-2024-09-20", "call-centre-2024-08-10", "fallback-2026-02-28",
}  # fmt: skip
_ROW = re.compile(r"^\| ([a-z][\w-]+) \| (?:\[([\w.-]+)\]\(\2\)|no) \| (.+) \|$", re.MULTILINE)
TABLE = _ROW.findall((FOLDER / "README.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "catalogue").catalogue(UUID(int=0))


@pytest.fixture(scope="module")
def scenarios(catalogue: Catalogue) -> list[Scenario]:
    """All shipped files: loading them together also proves that their ids differ."""
    return load_all(sorted(FOLDER.glob("*.yaml")), catalogue, WORKERS)


def test_every_dated_outage_is_in_the_table() -> None:
    assert {outage for outage, file, _ in TABLE if file} == PRESENT
    assert {outage for outage, file, _ in TABLE if not file} == ABSENT


def test_no_row_of_the_table_is_left_unread() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(TABLE) == len(rows) - 2


def test_every_file_is_in_the_table_under_its_own_id(scenarios: list[Scenario]) -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")}

    assert {file for _, file, _ in TABLE if file} | {f"{QUIET}.yaml"} == files
    assert {f"{scenario.id}.yaml" for scenario in scenarios} == files
    assert all(file in ("", f"{outage}.yaml") for outage, file, _ in TABLE)


def test_every_file_says_what_it_is_in_both_languages_and_who_says_so(
    scenarios: list[Scenario],
) -> None:
    for scenario in scenarios:
        assert re.search("[가-힣]", scenario.title.ko), scenario.id
        assert not re.search("[가-힣]", scenario.title.en), scenario.id
        assert scenario.sources or scenario.id == QUIET


def test_every_outage_begins_on_the_day_of_its_name(scenarios: list[Scenario]) -> None:
    for scenario in scenarios:
        if scenario.onset:
            day = scenario.onset.astimezone(scenario.tz).date()
            assert scenario.id.endswith(f"-{day}")


def test_what_hits_no_route_expects_no_page_and_the_rest_one(
    scenarios: list[Scenario], catalogue: Catalogue
) -> None:
    for scenario in scenarios:
        assert scenario.expect, scenario.id
        idle_parts = len(idle(scenario, catalogue))
        nothing_hit = idle_parts == len({(f.component, f.function) for f in faults(scenario)})
        assert (scenario.expect.max_pages == 0) is nothing_hit, scenario.id
        assert (scenario.expect.page_within_s is None) is nothing_hit, scenario.id
        assert nothing_hit or max(segment.share for segment in scenario.segments) >= 0.3


def test_a_notice_comes_after_the_onset(scenarios: list[Scenario]) -> None:
    for scenario in scenarios:
        for notice in scenario.notices:
            assert scenario.onset is not None
            assert notice.at > scenario.onset, scenario.id


def test_2022_10_15_returns_function_by_function(scenarios: list[Scenario]) -> None:
    scenario = next(each for each in scenarios if each.id == "kakao-2022-10-15")
    back = {
        fault.function or fault.component: f"{fault.until.astimezone(scenario.tz):%d %H:%M}"
        for fault in faults(scenario)
        if fault.state == "down" and fault.until
    }

    assert sorted(back.items(), key=lambda each: (each[1], each[0])) == [
        ("openchat", "16 01:31"),
        ("text", "16 01:31"),
        ("pc", "16 10:25"),
        ("media", "16 19:00"),
        ("edocument", "17 15:00"),
        ("alimtalk", "17 18:00"),
        ("channel", "19 06:00"),
        ("platform:daum-mail", "19 06:00"),
        ("brandmessage", "19 15:00"),
    ]
