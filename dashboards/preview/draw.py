"""Panels as HTML: tiles, bars, tables. What has a time axis is in `lines.py` and `strips.py`.

In: a panel, its answer, the page's `Frame`. Out: HTML. Before: `answers.py`. After: `page.py`.
A kind that is not drawn, an answer that is missing and one that is empty are told, each in words.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from dashboards.preview import fields, lines, strips
from dashboards.preview.answers import Answer
from dashboards.preview.frame import Frame
from dashboards.preview.html import Html, join, markdown, tag
from dashboards.sources import Json

Points = Sequence[tuple[float, float]]
Tile = tuple[str, Any, Json, str | None, Points]  # and its way up to now
MOST, MANY = 14, 6  # characters in large letters; tiles of full size
Bar = tuple[str, Any, Json, str | None]  # name, value, its field, where it leads


def panel(panel: Json, answer: Answer, frame: Frame) -> Html:
    """What stands in a panel's box."""
    draw = _KINDS.get(panel["type"])
    if draw is None:
        return tag("p", frame.say("not drawn", kind=panel["type"]), class_="note")
    trouble = [tag("p", frame.trouble(why), class_="trouble") for why in answer.trouble]
    if panel["type"] == "text" or answer.rows or any(line.points for line in answer.series):
        return join(trouble, draw(panel, answer, frame))
    nothing = panel["fieldConfig"]["defaults"].get("noValue", "-")
    return join(trouble) if trouble else tag("p", nothing, class_="nothing")


def _text(panel: Json, _: Answer, __: Frame) -> Html:
    return markdown(panel["options"]["content"])


def _stat(panel: Json, answer: Answer, frame: Frame) -> Html:
    words = bool(panel["options"]["reduceOptions"].get("fields"))
    history = panel["options"].get("graphMode") == "area"
    tiles: list[Tile] = [
        (name, value, fields.field(panel, name), None, ())
        for row in answer.rows[-1:]
        for name, value in row.items()
        if words or value is None or _is_number(value)
    ]
    for line in answer.series:
        config = fields.field(panel, line.name)
        value = line.points[-1][1] if line.points else None
        href = frame.href(config, line.labels, fields.text(config, value))
        tiles.append((line.name, value, config, href, line.points if history else ()))
    style = "tiles many" if len(tiles) > MANY else "tiles"
    return tag("ul", (_tile(tile, named=len(tiles) > 1) for tile in tiles), class_=style)


def _tile(tile: Tile, named: bool) -> Html:
    name, value, config, href, points = tile
    text = fields.text(config, value)
    said = tag("b", text, class_="long" if len(text) > MOST else None)
    inside = join(tag("span", config.get("displayName", name)) if named else None, said)
    shown = tag("a", inside, href=href) if href else inside
    return tag("li", shown, lines.spark(points), class_=paint(fields.color(config, value)))


def _bar_gauge(panel: Json, answer: Answer, frame: Frame) -> Html:
    bars: list[Bar] = []
    for line in answer.series:
        config, value = fields.field(panel, line.name), line.points[-1][1] if line.points else None
        href = frame.href(config, line.labels, fields.text(config, value))
        bars.append((str(config.get("displayName", line.name)), value, config, href))
    return _bars(bars)


def _bar_chart(panel: Json, answer: Answer, frame: Frame) -> Html:
    x = panel["options"]["xField"]
    return _bars(
        (str(row[x]), value, fields.field(panel, name), None)
        for row in answer.rows
        for name, value in row.items()
        if name != x
    )


def _bars(bars: Iterable[Bar]) -> Html:
    bars = list(bars)
    values = [float(value) for _, value, _, _ in bars if value is not None]
    low = bars[0][2].get("min", min([0.0, *values]))
    high = max([low, *values]) if max([low, *values]) > low else low + 1
    return tag("table", (_bar(bar, low, high) for bar in bars), class_="bars")


def _bar(bar: Bar, low: float, high: float) -> Html:
    name, value, config, href = bar
    share = 0.0 if value is None else max(0.0, (float(value) - low) / (high - low))
    rect = tag("rect", width=f"{share:.2%}", height="100%", fill=fields.color(config, value))
    return tag(
        "tr",
        tag("th", tag("a", name, href=href) if href else name, scope="row"),
        tag("td", tag("svg", rect, aria_hidden="true")),
        tag("td", fields.text(config, value), class_="number"),
    )


def _table(panel: Json, answer: Answer, frame: Frame) -> Html:
    names = list(answer.rows[0].keys())
    configs = {name: fields.field(panel, name) for name in names}
    names = [name for name in names if not configs[name].get("custom.hideFrom.viz")]
    head = (_head(configs[name], name, answer.rows[0][name]) for name in names)
    rows = (
        tag("tr", (_cell(configs[name], row[name], row, frame) for name in names))
        for row in answer.rows
    )
    return tag("table", tag("thead", tag("tr", head)), tag("tbody", rows), class_="rows")


def _head(config: Json, name: str, first: Any) -> Html:
    return tag("th", config.get("displayName", name), scope="col", class_=_kind(first))


def _cell(config: Json, value: Any, row: Mapping[str, Any], frame: Frame) -> Html:
    text, kind = fields.text(config, value), _kind(value)
    href = frame.href(config, {}, text, row) if value is not None else None
    if config.get("custom.cellOptions", {}).get("type") == "color-background":
        kind = " ".join(filter(None, (kind, paint(fields.color(config, value)))))
    return tag("td", tag("a", text, href=href) if href else text, class_=kind)


def _kind(value: Any) -> str | None:
    """The class that lays a value out."""
    return "number" if _is_number(value) else "time" if isinstance(value, datetime) else None


def paint(color: str | None) -> str | None:
    """The class that gives an element this background."""
    return f"b-{color.removeprefix('#')}" if color else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


_KINDS: Mapping[str, Callable[[Json, Answer, Frame], Html]] = {
    "text": _text,
    "stat": _stat,
    "bargauge": _bar_gauge,
    "barchart": _bar_chart,
    "table": _table,
    "timeseries": lines.draw,
    "state-timeline": strips.states,
    "status-history": strips.history,
    "heatmap": strips.heat,
}
