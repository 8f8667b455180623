"""The house layer: what a board of bongsu is made of, in the JSON that Grafana 12 reads.

In: titles, queries, steps of colour. Out: `Dash.to_json_data()`, classic schema 42, every field
known to Grafana (`roundtrip.py` judges that). Before: grafanalib, which knows the layout of 2019 in
many places and is met here only. After: `panels.py`, `shared.py`, `boards/`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafanalib import core as G  # noqa: N812 - as everyone writes it
from grafanalib._gen import DashboardEncoder

PROM = {"type": "prometheus", "uid": "${prom}"}
PG = {"type": "grafana-postgresql-datasource", "uid": "${pg}"}

# Okabe and Ito: told apart by everyone.
NORMAL, DEGRADED, DOWN, NO_DATA, INFORMATION = PALETTE = (
    "#0072B2", "#E69F00", "#D55E00", "#999999", "#56B4E9"
)  # fmt: skip
YELLOW, PURPLE, DARK = SPARE = ("#F0E442", "#CC79A7", "#666666")  # of series, never of a state
COUNT, RATIO, SECONDS = "suffix:건", "percentunit", "s"
NOTHING = "무자료"
# Without it Grafana gives no value the colour of the lowest step: an outage's, of a share.
NO_VALUE = {
    "options": {"match": "null+nan", "result": {"color": NO_DATA, "index": 0, "text": NOTHING}},
    "type": "special",
}

_PANEL = (
    "datasource", "description", "fieldConfig", "gridPos", "id", "interval", "maxDataPoints",
    "options", "targets", "title", "transformations", "type",
)  # fmt: skip
_LEGACY = {"__inputs", "gnetId", "hideControls", "rows", "sharedCrosshair", "style"}
_VARIABLE = (
    "current", "datasource", "hide", "includeAll", "label", "multi", "name", "options", "query",
    "refresh", "sort", "type",
)  # fmt: skip

WITH_TIME, HIDDEN = G.REFRESH_ON_TIME_RANGE_CHANGE, G.HIDE_VARIABLE  # of a variable
REFRESHES = ["30s", "1m", "5m", "15m"]

Json = dict[str, Any]
Steps = Sequence[tuple[float | None, str]]  # from which value on, which colour; the first from None
PLAIN: Steps = [(None, NORMAL)]


@dataclass(frozen=True)
class Prom:
    """A query to Prometheus, with the fields its data source reads; a range unless `instant`."""

    expr: str
    legend: str = "__auto"
    instant: bool = False
    format: str = "time_series"
    exemplar: bool = False  # single probes as dots; each refresh asks twice
    datasource = PROM

    def to_json_data(self) -> Json:
        """As Grafana's code editor saves it."""
        return {
            "datasource": PROM,
            "editorMode": "code",
            "exemplar": self.exemplar,
            "expr": self.expr,
            "format": self.format,
            "instant": self.instant,
            "legendFormat": self.legend,
            "range": not self.instant,
        }


@dataclass(frozen=True)
class Sql:
    """A query to Postgres; `time_series` wants columns `time`, `metric`, `value`."""

    sql: str
    format: str = "table"
    datasource = PG

    def to_json_data(self) -> Json:
        """As Grafana's code editor saves it."""
        return {
            "datasource": PG,
            "editorMode": "code",
            "format": self.format,
            "rawQuery": True,
            "rawSql": self.sql,
        }


Target = Prom | Sql


class Modern(G.Panel):
    """Any panel in today's layout; `panels.py` holds the style of each kind."""

    def __init__(
        self, kind: str, options: Json, field: Json, overrides: Sequence[Json], **rest: Any
    ) -> None:
        super().__init__(**rest)
        self.kind, self.options, self.field, self.overrides = kind, options, field, overrides

    def to_json_data(self) -> Json:
        """Without what grafanalib still writes and Grafana no longer reads."""
        config = {"defaults": self.field, "overrides": self.overrides}
        whole = self.panel_json({"type": self.kind, "options": self.options, "fieldConfig": config})
        return {key: whole[key] for key in _PANEL if whole[key] not in (None, [])}


def panel(
    number: int,
    title: str,
    about: str,
    targets: Sequence[Target],
    at: tuple[int, int, int, int],
    *,
    kind: str,
    options: Json,
    unit: str | None = None,
    decimals: int | None = None,
    low: float | None = None,
    steps: Steps = PLAIN,
    color: Json | None = None,
    custom: Json | None = None,
    field_links: Sequence[Json] = (),
    overrides: Sequence[Json] = (),
    least_step: str | None = None,
) -> Modern:
    """A panel with its number in the design, at (x, y, width, height) of a grid 24 wide."""
    x, y, width, height = at
    field = {
        "color": color or {"mode": "thresholds"},
        "custom": custom or {},
        "decimals": decimals,
        "links": list(field_links),
        "mappings": [NO_VALUE],
        "min": low,
        "noValue": NOTHING,
        "unit": unit,
    }
    return Modern(
        kind,
        options,
        field,
        list(overrides),
        id=number,
        title=title,
        description=about,
        dataSource=targets[0].datasource,
        targets=[{**t.to_json_data(), "refId": chr(65 + n)} for n, t in enumerate(targets)],
        gridPos=G.GridPos(h=height, w=width, x=x, y=y),
        thresholds=steps_json(steps),
        interval=least_step,
        maxDataPoints=None,
    )


def steps_json(steps: Steps) -> list[Json]:
    """Thresholds as plain dicts: grafanalib's own write the word "null" where null belongs."""
    return [{"color": color, "value": value} for value, color in steps]


class Variable(G.Template):
    """A variable of a board. With `includeAll` it starts with everything."""

    def to_json_data(self) -> Json:
        """Without `None` as a value somebody chose."""
        whole = super().to_json_data()
        chosen = {"selected": True, "text": ["All"], "value": ["$__all"]}
        found = chosen if self.includeAll else whole["current"] if self.default else None
        if found:
            found = {key: found[key] for key in ("selected", "text", "value")}
        return {
            key: value for key, value in (whole | {"current": found}).items() if key in _VARIABLE
        }


class Dash(G.Dashboard):
    """A whole board, with what grafanalib cannot say."""

    def to_json_data(self) -> Json:
        """Plain data, the same each time."""
        whole = json.loads(json.dumps(super().to_json_data(), cls=DashboardEncoder))
        del whole["timepicker"]["time_options"]
        kept = {key: value for key, value in whole.items() if key not in _LEGACY}
        house = {
            "editable": False,
            "fiscalYearStartMonth": 0,
            "liveNow": False,
            "preload": False,
            "schemaVersion": 42,
            "timezone": "Asia/Seoul",
            "weekStart": "monday",
        }
        pruned: Json = prune(kept | house)
        return pruned


def dash(
    uid: str,
    title: str,
    question: str,
    span: str,
    *,
    variables: Sequence[Variable],
    annotations: Sequence[Json],
    links: Sequence[Json],
    panels: Sequence[Modern],
) -> Dash:
    """A board that looks at `span` (such as `now-24h`) up to now; its question describes it."""
    return Dash(
        uid=uid,
        title=title,
        description=question,
        tags=["bongsu"],
        time=G.Time(span, "now"),
        refresh="1m",
        timePicker=G.TimePicker(REFRESHES, []),
        graphTooltip=G.GRAPH_TOOLTIP_MODE_SHARED_CROSSHAIR,
        templating=G.Templating(list=list(variables)),
        annotations=G.Annotations(list=list(annotations)),
        links=list(links),
        panels=list(panels),
    )


def prune(value: Any) -> Any:
    """Without null, but for the first step of thresholds, where it means "from the bottom"."""
    if isinstance(value, list):
        return [prune(item) for item in value]
    if not isinstance(value, dict):
        return value
    step = value.keys() == {"color", "value"}
    return {key: prune(item) for key, item in value.items() if item is not None or step}


def text_of(board: Json) -> str:
    """A board as its file holds it."""
    return json.dumps(board, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
