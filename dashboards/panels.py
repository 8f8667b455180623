"""The panels of the house: what each kind looks like, and what its columns and series may say.

In: as `house.Modern`. Out: panels; what they leave unsaid Grafana does by default. Before:
`house.py`. After: `boards/`.
"""

from collections.abc import Mapping
from typing import Any

from dashboards import house
from dashboards.house import Json, Modern

Words = Mapping[str, tuple[str, str]]  # value → its word, its colour
# `bongsu_channel_state`; no series: 무자료.
STATES = {
    "0": ("장애", house.DOWN),
    "1": ("지연", house.DEGRADED),
    "2": ("정상", house.NORMAL),
}
STATE_STEPS: house.Steps = [(None, house.DOWN), (1, house.DEGRADED), (2, house.NORMAL)]


def stat(*what: Any, history: bool = False, fields: str = "", **rest: Any) -> Modern:
    """One number, or a tile for each series, over its history if wanted; `fields`: a pattern that
    takes columns of words too."""
    options = {
        "colorMode": "background_solid",
        "graphMode": "area" if history else "none",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": fields, "values": False},
    }
    return Modern(*what, kind="stat", options=options, **rest)


def state(*what: Any, **rest: Any) -> Modern:
    """What the detector says of routes now, in a word and its colour."""
    return stat(*what, steps=STATE_STEPS, mappings=words(STATES), unit=house.STATE, **rest)


def states(*what: Any, **rest: Any) -> Modern:
    """What the detector said of routes, a line for each series; empty where nothing was known."""
    options = {
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 80, "lineWidth": 0}
    rest |= {"steps": STATE_STEPS, "mappings": words(STATES), "unit": house.STATE}
    return Modern(*what, kind="state-timeline", options=options, custom=custom, **rest)


def history(*what: Any, **rest: Any) -> Modern:
    """A cell for each series and time; empty where there is none."""
    options = {
        "colWidth": 0.9,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "rowHeight": 0.9,
        "showValue": "never",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 80, "lineWidth": 1}
    return Modern(*what, kind="status-history", options=options, custom=custom, **rest)


def bar_gauge(*what: Any, **rest: Any) -> Modern:
    """One lying bar a series, the last value of each."""
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showUnfilled": True,
        "valueMode": "color",
    }
    return Modern(*what, kind="bargauge", options=options, **rest)


def timeline(*what: Any, bars: bool = False, log: bool = False, **rest: Any) -> Modern:
    """Lines over time, or stacked bars; thresholds as dashed lines where there are any.

    Beside a name stands the newest value; of bars that count, their sum."""
    counted = bars and rest["unit"] == house.COUNT
    steps = rest.get("steps", house.PLAIN)
    style: Json = {
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": 80 if bars else 0,
        "lineWidth": 1 if bars else 2,
        "showPoints": "never" if bars else "auto",
        "stacking": {"group": "A", "mode": "normal" if bars else "none"},
        "thresholdsStyle": {"mode": "dashed" if len(steps) > 1 else "off"},
    }
    if log:
        style["scaleDistribution"] = {"log": 10, "type": "log"}
    options = {
        "legend": {
            "calcs": ["sum" if counted else "lastNotNull"],
            "displayMode": "table",
            "placement": "right",
            "showLegend": True,
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    shades = {"fixedColor": house.NORMAL, "mode": "shades"}
    return Modern(*what, kind="timeseries", options=options, custom=style, color=shades, **rest)


def heatmap(*what: Any, axis_unit: str, cell_unit: str, **rest: Any) -> Modern:
    """Rows given as they are (buckets, or names), colour Viridis. Shares run from 0 to 1; a count
    of nothing leaves its cell empty."""
    share = cell_unit == house.RATIO
    hidden = -1 if share else 1e-9  # where nothing is said, Grafana hides 0
    scale = {"mode": "scheme", "scheme": "Viridis"}
    options = {
        "calculate": False,
        "cellValues": {"unit": cell_unit},
        "color": {**scale, "min": 0, "max": 1} if share else scale,
        "exemplars": {"color": house.DOWN},
        "filterValues": {"le": hidden},
        "tooltip": {"mode": "single", "showColorScale": True},
        "yAxis": {"unit": axis_unit},
    }
    return Modern(*what, kind="heatmap", options=options, unit=cell_unit, **rest)


def table(*what: Any, **rest: Any) -> Modern:
    """Rows as they come; `column` gives units, colours and links."""
    options = {"cellHeight": "sm", "showHeader": True}
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True}
    return Modern(*what, kind="table", options=options, custom=custom, **rest)


def bar_chart(*what: Any, x: str, **rest: Any) -> Modern:
    """One lying bar a row; `x` is the column of names."""
    options = {
        "barWidth": 0.8,
        "legend": {"showLegend": False},
        "orientation": "horizontal",
        "showValue": "always",
        "xField": x,
    }
    fixed = {"fixedColor": house.DEGRADED, "mode": "fixed"}
    custom = {"fillOpacity": 80, "lineWidth": 1}
    return Modern(*what, kind="barchart", options=options, custom=custom, color=fixed, **rest)


def column(name: str, **properties: Any) -> Json:
    """An override for one column or series; `__` in a key stands for a dot."""
    listed = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": listed}


def named(meaning: Words) -> list[Json]:
    """Series by their own word and colour."""
    return [
        column(series, displayName=word, color={"fixedColor": color, "mode": "fixed"})
        for series, (word, color) in meaning.items()
    ]


def ratio_cell(name: str, steps: house.Steps) -> Json:
    """A column of shares, its cells coloured by steps."""
    return column(
        name,
        unit=house.RATIO,
        decimals=1,
        color={"mode": "thresholds"},
        thresholds={"mode": "absolute", "steps": house.steps_json(steps)},
        custom__cellOptions={"mode": "basic", "type": "color-background"},
    )


def word_cell(name: str, meaning: Words, **properties: Any) -> Json:
    """A column of words, its cells coloured by what they mean."""
    cell = {"mode": "basic", "type": "color-background"}
    return column(name, mappings=words(meaning), custom__cellOptions=cell, **properties)


def hidden(name: str) -> Json:
    """A column that only links read."""
    return column(name, custom__hideFrom__viz=True)


def words(meaning: Words) -> list[Json]:
    """Value mappings."""
    shown = {
        value: {"color": color, "index": n, "text": word}
        for n, (value, (word, color)) in enumerate(meaning.items())
    }
    return [{"options": shown, "type": "value"}]
