"""The house layer: what a board of bongsu is made of, in the JSON that Grafana 12 reads.

In: titles, queries, steps of colour. Out: `Dash.to_json_data()`, classic schema 42, every field
known to Grafana (`roundtrip.py` judges that). Before: grafanalib, which knows the layout of 2019 in
many places and is met here only. After: `shared.py`, `boards/`.
"""

import json
from collections.abc import Mapping, Sequence
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

_PANEL = (
    "datasource", "description", "fieldConfig", "gridPos", "id", "interval", "maxDataPoints",
    "options", "targets", "title", "transformations", "type",
)  # fmt: skip
_LEGACY = {"__inputs", "gnetId", "hideControls", "rows", "sharedCrosshair", "style"}
_VARIABLE = (
    "current", "datasource", "hide", "includeAll", "label", "multi", "name", "options", "query",
    "refresh", "sort", "type",
)  # fmt: skip

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
    """Any panel in today's layout; the functions below hold the style of the house."""

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
    most_points: int | None = None,
) -> Modern:
    """A panel with its number in the design, at (x, y, width, height) of a grid 24 wide."""
    x, y, width, height = at
    field = {
        "color": color or {"mode": "thresholds"},
        "custom": custom or {},
        "decimals": decimals,
        "links": list(field_links),
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
        maxDataPoints=most_points,
    )


def about(means: str, do: str, source: str) -> str:
    """A description: what it means, what to do, where it comes from."""
    return f"{means}\n\n**할 일:** {do}\n\n**출처:** {source}"


def steps_json(steps: Steps) -> list[Json]:
    """Thresholds as plain dicts: grafanalib's own write the word "null" where null belongs."""
    return [{"color": color, "value": value} for value, color in steps]


def stat(*what: Any, **rest: Any) -> Modern:
    """One number, or a tile for each series."""
    options = {
        "colorMode": "background_solid",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
        "wideLayout": True,
    }
    return panel(*what, kind="stat", options=options, **rest)


def timeline(*what: Any, bars: bool = False, custom: Mapping[str, Any] = {}, **rest: Any) -> Modern:
    """Lines over time, or stacked bars; thresholds as dashed lines where there are any."""
    steps = rest.get("steps", PLAIN)
    style = {
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": 80 if bars else 0,
        "lineWidth": 1 if bars else 2,
        "showPoints": "never" if bars else "auto",
        "stacking": {"group": "A", "mode": "normal" if bars else "none"},
        "thresholdsStyle": {"mode": "dashed" if len(steps) > 1 else "off"},
        **custom,
    }
    options = {
        "legend": {
            "calcs": ["sum" if bars else "lastNotNull"],
            "displayMode": "table",
            "placement": "right",
            "showLegend": True,
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    shades = {"fixedColor": NORMAL, "mode": "shades"}
    return panel(*what, kind="timeseries", options=options, custom=style, color=shades, **rest)


def heatmap(*what: Any, axis_unit: str, cell_unit: str, **rest: Any) -> Modern:
    """Rows given as they are (buckets, or names), colour Viridis. Shares run from 0 to 1; a count
    of nothing leaves its cell empty."""
    share = cell_unit == RATIO
    scale = {"mode": "scheme", "reverse": False, "scheme": "Viridis", "steps": 64}
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": cell_unit},
        "color": {**scale, "min": 0, "max": 1} if share else scale,
        "exemplars": {"color": DOWN},
        "filterValues": None if share else {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "showColorScale": True, "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": axis_unit},
    }
    return panel(*what, kind="heatmap", options=options, unit=cell_unit, **rest)


def table(*what: Any, **rest: Any) -> Modern:
    """Rows as they come; `column` gives units, colours and links."""
    options = {"cellHeight": "sm", "showHeader": True}
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True}
    return panel(*what, kind="table", options=options, custom=custom, **rest)


def bar_chart(*what: Any, x: str, **rest: Any) -> Modern:
    """One lying bar a row; `x` is the column of names."""
    options = {
        "barWidth": 0.8,
        "legend": {
            "calcs": [],
            "displayMode": "list",
            "placement": "bottom",
            "showLegend": False,
        },
        "orientation": "horizontal",
        "showValue": "always",
        "tooltip": {"mode": "single", "sort": "none"},
        "xField": x,
    }
    fixed = {"fixedColor": DEGRADED, "mode": "fixed"}
    custom = {"fillOpacity": 80, "lineWidth": 1}
    return panel(*what, kind="barchart", options=options, custom=custom, color=fixed, **rest)


def column(name: str, **properties: Any) -> Json:
    """An override for one column or series; `__` in a key stands for a dot."""
    listed = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": listed}


def ratio_cell(name: str, steps: Steps) -> Json:
    """A column of shares, its cells coloured by steps."""
    return column(
        name,
        unit=RATIO,
        decimals=1,
        color={"mode": "thresholds"},
        thresholds={"mode": "absolute", "steps": steps_json(steps)},
        custom__cellOptions={"mode": "basic", "type": "color-background"},
    )


def words(meaning: Mapping[str, tuple[str, str]]) -> Json:
    """A value mapping: value → (word, colour)."""
    shown = {
        value: {"color": color, "index": n, "text": word}
        for n, (value, (word, color)) in enumerate(meaning.items())
    }
    return {"options": shown, "type": "value"}


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
