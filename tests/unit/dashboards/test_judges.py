"""Each judge finds a board that is spoilt in the way it looks for, and passes the shipped ones."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from dashboards import build, check, lint, roundtrip
from dashboards.house import Json

CHANNEL, BODY = "bongsu-channel", "bongsu-body"


@pytest.fixture
def boards() -> dict[str, Json]:
    """The shipped boards, to be spoilt."""
    return copy.deepcopy(build.rendered())


def _panel(board: Json, number: int) -> Json:
    return next(panel for panel in board["panels"] if panel["id"] == number)


def _variable(board: Json, name: str) -> Json:
    return next(v for v in board["templating"]["list"] if v["name"] == name)


def test_the_shipped_boards_pass(boards: dict[str, Json]) -> None:
    assert check.static(boards) == []


def _lost_option(board: Json) -> None:
    _panel(board, 2)["options"]["colourMode"] = "background"


def _lost_field(board: Json) -> None:
    _panel(board, 2)["fieldConfig"]["defaults"]["units"] = "s"


def _lost_panel_field(board: Json) -> None:
    _panel(board, 5)["span"] = 4


def _lost_of_the_board(board: Json) -> None:
    board["sharedCrosshair"] = True


def _lost_of_a_query(board: Json) -> None:
    _panel(board, 2)["targets"][0]["step"] = 15


def _lost_of_a_variable(board: Json) -> None:
    _variable(board, "q")["useTags"] = True


def _lost_of_an_annotation(board: Json) -> None:
    board["annotations"]["list"][0]["color"] = "#56B4E9"


def _changed_shape(board: Json) -> None:
    _panel(board, 2)["options"]["reduceOptions"] = ["lastNotNull"]


def _not_a_place(board: Json) -> None:
    _panel(board, 2)["gridPos"] = 5


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_lost_option, "bongsu-channel panel 2: field options.colourMode gets lost"),
        (_lost_field, "bongsu-channel panel 2: field fieldConfig.defaults.units gets lost"),
        (_lost_panel_field, "bongsu-channel panel 5: field span gets lost"),
        (_lost_of_the_board, "bongsu-channel: field sharedCrosshair gets lost"),
        (_lost_of_a_query, "bongsu-channel panel 2: field targets[0].step gets lost"),
        (_lost_of_a_variable, "bongsu-channel: field templating.list[6].useTags gets lost"),
        (_lost_of_an_annotation, "bongsu-channel: field annotations.list[0].color gets lost"),
        (_changed_shape, "bongsu-channel panel 2: field options.reduceOptions changes from"
            " ['lastNotNull'] to {'calcs': []}"),
        (_not_a_place, "bongsu-channel panel 2: Grafana's models cannot read it: TypeError"
            " argument of type 'int' is not iterable"),
    ],
)  # fmt: skip
def test_a_field_that_grafana_does_not_know_is_named(
    boards: dict[str, Json], spoil: Callable[[Json], None], sentence: str
) -> None:
    spoil(boards[CHANNEL])
    assert roundtrip.problems(boards[CHANNEL]) == [sentence]
    assert check.static(boards) == [sentence]


def _uid(board: Json) -> None:
    board["uid"] = "Bongsu_Channel"


def _english_board(board: Json) -> None:
    board["title"] = "Channel"


def _same_id(board: Json) -> None:
    _panel(board, 3)["id"] = 2


def _too_many(board: Json) -> None:
    for number in range(100, 109):
        place = {"h": 1, "w": 1, "x": 0, "y": number}
        board["panels"].append({**copy.deepcopy(_panel(board, 2)), "id": number, "gridPos": place})


def _overlap(board: Json) -> None:
    _panel(board, 3)["gridPos"]["x"] = 4


def _too_wide(board: Json) -> None:
    _panel(board, 12)["gridPos"]["w"] = 25


def _undeclared(board: Json) -> None:
    _panel(board, 2)["targets"][0]["expr"] += ' + 0 * up{job="$job"}'


def _unused(board: Json) -> None:
    board["templating"]["list"].append(
        {"name": "site", "type": "custom", "query": "a,b", "refresh": 1}
    )


def _stays(board: Json) -> None:
    _variable(board, "provider")["refresh"] = 1


def _source_by_name(board: Json) -> None:
    _panel(board, 2)["datasource"] = {"type": "prometheus", "uid": "bongsu-prom"}


def _red_and_green(board: Json) -> None:
    steps = _panel(board, 2)["fieldConfig"]["defaults"]["thresholds"]["steps"]
    steps[0]["color"], steps[-1]["color"] = "red", "green"


def _classic_colors(board: Json) -> None:
    _panel(board, 5)["fieldConfig"]["defaults"]["color"] = {"mode": "palette-classic"}


def _link(url: str) -> Callable[[Json], None]:
    def spoil(board: Json) -> None:
        link = {"title": "보기", "url": url}
        _panel(board, 2)["fieldConfig"]["defaults"]["links"] = [link]

    return spoil


def _no_page(board: Json) -> None:
    board["links"][1]["url"] = "/public/bongsu/nothing.md"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_uid, "the uid is not bongsu- and a word in small letters"),
        (_english_board, "title or question (description) of the board is not Korean"),
        (_same_id, "two panels have the same id"),
        (_too_many, "21 panels are more than 20"),
        (_overlap, "panels 2 and 3 overlap"),
        (_too_wide, "panel 12 reaches beyond the width of 24"),
        (_undeclared, "variable job is used and not declared"),
        (_unused, "variable site is declared and not used"),
        (_stays, "variable provider does not reload when the time changes"),
        (_source_by_name, "is not named by a variable of the board"),
        (_red_and_green, "color green is not of the palette, which has no red beside green"),
        (_red_and_green, "color red is not of the palette, which has no red beside green"),
        (_classic_colors, "colors palette-classic put red beside green"),
        (_link("/d/bongsu-nowhere?var-body=x"), "leads to no board"),
        (_link("/d/bongsu-body?var-carrier=x"), "passes var-carrier, which bongsu-body does not"),
        (_no_page, "link /public/bongsu/nothing.md leads to no page"),
    ],
)
def test_a_board_against_the_rules_of_the_house_is_named(
    boards: dict[str, Json], spoil: Callable[[Json], None], sentence: str
) -> None:
    spoil(boards[CHANNEL])
    found = lint.problems(boards)
    assert any(sentence in words for words in found), found
    assert all(words.startswith(CHANNEL) for words in found), found


def _set(path: str, value: Any) -> Callable[[Json], None]:
    def spoil(panel: Json) -> None:
        *parents, last = path.split(".")
        for parent in parents:
            panel = panel[parent]
        panel[last] = value

    return spoil


@pytest.mark.parametrize(
    ("number", "spoil", "sentence"),
    [
        (2, _set("title", "Reached"), "no Korean title"),
        (2, _set("title", ""), "no Korean title"),
        (2, _set("description", ""), "no description with meaning, 할 일 and 출처"),
        (2, _set("description", "도달률입니다."), "no description with meaning, 할 일 and 출처"),
        (5, _set("fieldConfig.defaults.unit", None), "numbers without a unit"),
        (2, _set("fieldConfig.defaults.noValue", None), "no word for no value (noValue)"),
        (2, _set("fieldConfig.defaults.mappings", []), "no value has the colour of a state"),
        (2, _set("targets", []), "no target"),
        (7, _set("description", "뜻\n**할 일:** 봄\n**출처:** x"), "window [30m] is not explained"),
        (3, _set("fieldConfig.defaults.thresholds.steps", [{"value": None}, {"value": 9},
            {"value": 3}]), "thresholds [None, 9, 3] do not ascend from null"),
        (3, _set("fieldConfig.defaults.thresholds.steps", [{"value": 0}]),
            "thresholds [0] do not ascend from null"),
        (5, _set("type", "graph"), "type graph is none the house builds"),
        (12, _set("targets", [{"rawSql": "SELECT 1 FROM dash.probe"}]),
            "reads dash.probe without bounds of ids"),
    ],
)  # fmt: skip
def test_a_panel_against_the_rules_of_the_house_is_named(
    boards: dict[str, Json], number: int, spoil: Callable[[Json], None], sentence: str
) -> None:
    spoil(_panel(boards[CHANNEL], number))
    found = lint.problems(boards)
    assert any(f"{CHANNEL}: panel {number}: {sentence}" in words for words in found), found


def test_a_heatmap_of_buckets_that_hold_those_before_is_named(boards: dict[str, Json]) -> None:
    _panel(boards[CHANNEL], 8)["targets"][0]["format"] = "time_series"
    assert lint.problems(boards) == [
        "bongsu-channel: panel 8: buckets whose format is not heatmap: each holds all before it too"
    ]


def test_a_heatmap_that_hides_a_share_of_nothing_is_named(boards: dict[str, Json]) -> None:
    hours = _panel(boards[BODY], 5)
    for options in ({"filterValues": {"le": 1e-9}}, {}):
        hours["options"] = options
        assert lint.problems(boards) == [
            "bongsu-body: panel 5: a share of 0 is hidden as if nothing had been measured"
        ]


def test_an_exception_for_a_question_nobody_asks_is_named(boards: dict[str, Json]) -> None:
    boards[CHANNEL]["panels"].remove(_panel(boards[CHANNEL], 10))
    assert "bongsu-channel/10 may be empty, but no board asks it" in check.static(boards)
