"""The second judge: the rules of the house, which no schema knows.

In: boards as JSON. Out: sentences. Before: `house.py`. After: `check.py`. A rule is a function of
one board, or of one panel of it; all stand in `RULES` and `PANEL_RULES`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from dashboards.house import NO_VALUE, PALETTE, RATIO, SPARE, Json
from dashboards.queries import used_variables
from dashboards.shared import EXPLAINED

WIDTH, MOST_PANELS = 24, 20
NUMERIC = {
    *("stat", "timeseries", "heatmap", "barchart", "bargauge", "state-timeline"),
    "status-history",
}
KINDS = NUMERIC | {"table"}
COLORS = {*PALETTE, *SPARE}
PAGES = Path(__file__).parents[1] / "docs" / "runbooks" / "boards"
_HANGUL = re.compile("[가-힣]")
_WINDOW = re.compile(r"\[([^\]]+)\]")
_CONSTANT = re.compile(r"(\d+)([mhd])")
_WORDS = {"m": "분", "h": "시간", "d": "일"}
_PRUNED = ("dash.id_floor($__timeFrom())", "dash.id_floor($__timeTo())")
_ABOUT = ("**할 일:** ", "**출처:** ")

Boards = Mapping[str, Json]  # uid → board


def problems(boards: Boards) -> list[str]:
    """What breaks a rule of the house, in all boards."""
    return [f"{uid}: {words}" for uid, board in boards.items() for words in _of(board, boards)]


def _of(board: Json, boards: Boards) -> Iterator[str]:
    for rule in RULES:
        yield from rule(board)
    yield from _links(board, boards)
    for panel in board["panels"]:
        for panel_rule in PANEL_RULES:
            for words in panel_rule(panel):
                yield f"panel {panel.get('id')}: {words}"


def _uid(board: Json) -> Iterator[str]:
    if not re.fullmatch(r"bongsu-[a-z]+", board["uid"]):
        yield "the uid is not bongsu- and a word in small letters"


def _titles(board: Json) -> Iterator[str]:
    if not _HANGUL.search(board["title"]) or not _HANGUL.search(board["description"]):
        yield "title or question (description) of the board is not Korean"


def _numbers(board: Json) -> Iterator[str]:
    ids = [panel["id"] for panel in board["panels"]]
    if len(set(ids)) < len(ids):
        yield "two panels have the same id"
    if len(ids) > MOST_PANELS:
        yield f"{len(ids)} panels are more than {MOST_PANELS}"


def _grid(board: Json) -> Iterator[str]:
    places = [(panel["id"], panel["gridPos"]) for panel in board["panels"]]
    for number, at in places:
        if at["x"] < 0 or at["x"] + at["w"] > WIDTH:
            yield f"panel {number} reaches beyond the width of {WIDTH}"
    for (one, a), (other, b) in combinations(places, 2):
        if _overlap(a, b):
            yield f"panels {one} and {other} overlap"


def _overlap(a: Json, b: Json) -> bool:
    beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
    below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
    return not (beside or below)


def _variables(board: Json) -> Iterator[str]:
    variables = board["templating"]["list"]
    declared = {variable["name"] for variable in variables}
    used = used_variables(json.dumps({**board, "templating": {}}))
    used |= {
        n for v in variables for n in used_variables(json.dumps({**v, "name": "", "label": ""}))
    }
    for name in sorted(used - declared):
        yield f"variable {name} is used and not declared"
    for name in sorted(declared - used):
        yield f"variable {name} is declared and not used"
    for variable in variables:
        if variable["type"] == "query" and variable["refresh"] != 2:
            yield f"variable {variable['name']} does not reload when the time changes"


def _sources(board: Json) -> Iterator[str]:
    asking = [t for p in board["panels"] for t in (p, *p.get("targets", []))]
    variables = [v for v in board["templating"]["list"] if v["type"] == "query"]
    for asked in (*asking, *variables, *board["annotations"]["list"]):
        ref = asked.get("datasource", {})
        if not re.fullmatch(r"\$\{\w+\}", ref.get("uid", "")):
            yield f"data source {ref!r} is not named by a variable of the board"


def _colors(board: Json) -> Iterator[str]:
    text = json.dumps(board)
    named = set(re.findall(r'"(?:color|fixedColor|iconColor)": "([^"]+)"', text))
    for color in sorted(named - COLORS):
        yield f"color {color} is not of the palette, which has no red beside green"
    for mode in sorted(set(re.findall(r'"mode": "(palette-[\w-]+|continuous-[\w-]+)"', text))):
        yield f"colors {mode} put red beside green"


def _links(board: Json, boards: Boards) -> Iterator[str]:
    for link in re.findall(r'"url": "([^"]+)"', json.dumps(board).replace('\\"', "'")):
        parts = urlsplit(link)
        if parts.path.startswith(EXPLAINED):
            if not (PAGES / parts.path.removeprefix(EXPLAINED)).is_file():
                yield f"link {link} leads to no page of docs/runbooks/boards"
        elif (target := boards.get(parts.path.removeprefix("/d/"))) is None:
            yield f"link {link} leads to no board"
        else:
            yield from _passed(link, parts.query, target)


def _passed(link: str, query: str, target: Json) -> Iterator[str]:
    known = {f"var-{variable['name']}" for variable in target["templating"]["list"]}
    for name, _ in parse_qsl(query):
        if name.startswith("var-") and name not in known:
            yield f"link {link} passes {name}, which {target['uid']} does not declare"


def _kind(panel: Json) -> Iterator[str]:
    if panel["type"] not in KINDS:
        yield f"type {panel['type']} is none the house builds"


def _about(panel: Json) -> Iterator[str]:
    if not _HANGUL.search(panel.get("title", "")):
        yield "no Korean title"
    description = panel.get("description", "")
    if not _HANGUL.search(description) or not all(part in description for part in _ABOUT):
        yield "no description with meaning, 할 일 and 출처"


def _unit(panel: Json) -> Iterator[str]:
    if panel["type"] in NUMERIC and not panel["fieldConfig"]["defaults"].get("unit"):
        yield "numbers without a unit"


def _no_value(panel: Json) -> Iterator[str]:
    field = panel["fieldConfig"]["defaults"]
    if panel["type"] == "stat" and not field.get("noValue"):
        yield "no word for no value (noValue)"
    if panel["type"] == "stat" and NO_VALUE not in field.get("mappings", []):
        yield "no value has the colour of a state"
    shares = field.get("unit") == RATIO and panel["type"] == "heatmap"
    if shares and panel["options"].get("filterValues", {}).get("le", 0) >= 0:
        yield "a share of 0 is hidden as if nothing had been measured"


def _targets(panel: Json) -> Iterator[str]:
    if not panel.get("targets"):
        yield "no target"
    for target in panel.get("targets", []):
        added_up = "_bucket" in target.get("expr", "") and target["format"] != "heatmap"
        if panel["type"] == "heatmap" and added_up:
            yield "buckets whose format is not heatmap: each holds all before it too"


def _windows(panel: Json) -> Iterator[str]:
    for target in panel.get("targets", []):
        for window in _WINDOW.findall(target.get("expr", "")):
            if window not in ("$__rate_interval", "$__range") and not _explained(window, panel):
                yield f"window [{window}] is not explained in title or description"


def _explained(window: str, panel: Json) -> bool:
    match = _CONSTANT.fullmatch(window)
    text = panel.get("title", "") + panel.get("description", "")
    return match is not None and f"{match[1]}{_WORDS[match[2]]}" in text


def _thresholds(panel: Json) -> Iterator[str]:
    for steps in _find(panel, "steps"):
        if isinstance(steps, list):
            values = [step["value"] for step in steps]
            if values[:1] != [None] or values[1:] != sorted(values[1:]):
                yield f"thresholds {values} do not ascend from null"


def _find(value: object, key: str) -> Iterator[object]:
    children = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    if isinstance(value, dict) and key in value:
        yield value[key]
    for child in children:
        yield from _find(child, key)


def _pruning(panel: Json) -> Iterator[str]:
    for target in panel.get("targets", []):
        text = target.get("rawSql", "")
        if "dash.probe" in text and not all(part in text for part in _PRUNED):
            yield "reads dash.probe without bounds of ids, and so every day of it"


RULES: tuple[Callable[[Json], Iterator[str]], ...] = (
    _uid, _titles, _numbers, _grid, _variables, _sources, _colors,
)  # fmt: skip
PANEL_RULES: tuple[Callable[[Json], Iterator[str]], ...] = (
    _kind, _about, _unit, _no_value, _targets, _windows, _thresholds, _pruning,
)  # fmt: skip
