"""The panels of the house: what each kind looks like, and what its columns and series may say.

In: as `house.panel`. Out: `Modern` panels. Before: `house.py`. After: `boards/`.
"""

from collections.abc import Mapping
from typing import Any

from dashboards.house import (
    DEGRADED,
    DOWN,
    NORMAL,
    PLAIN,
    RATIO,
    Json,
    Modern,
    Steps,
    panel,
    steps_json,
)


def about(means: str, do: str, source: str) -> str:
    """A description: what it means, what to do, where it comes from."""
    return f"{means}\n\n**할 일:** {do}\n\n**출처:** {source}"


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
    hidden = -1 if share else 1e-9  # where nothing is said, Grafana hides 0
    scale = {"mode": "scheme", "reverse": False, "scheme": "Viridis", "steps": 64}
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": cell_unit},
        "color": {**scale, "min": 0, "max": 1} if share else scale,
        "exemplars": {"color": DOWN},
        "filterValues": {"le": hidden},
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
