"""Panels as HTML: tiles, bars, tables; what has a time axis is in `lines.py` and `strips.py`.

In: a panel, its answer, the page's `Frame`. Out: HTML. Before: `strips.py`. After: `page.py`.
A kind that is not drawn, an answer that is missing and one that is empty are told, each in words.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from dashboards.preview import fields, lines, strips
from dashboards.preview.answers import Answer, Series
from dashboards.preview.frame import Frame
from dashboards.preview.html import Html, join, markdown, tag
from dashboards.sources import Json

MOST, MANY = 14, 6  # characters in large letters; tiles of full size
Bar = tuple[str, Any, Json]  # its name as HTML, its value, its field


def panel(panel: Json, answer: Answer, frame: Frame) -> Html:
    """What stands in a panel's box."""
    draw = _KINDS.get(panel["type"])
    if draw is None:
        return tag("p", frame.say("not drawn", kind=panel["type"]), class_="note")
    trouble = [tag("p", frame.trouble(why), class_="trouble") for why in answer.trouble]
    if panel["type"] == "text" or answer.rows or any(line.points for line in answer.series):
        return join(trouble, draw(panel, answer, frame))
    nothing = panel["fieldConfig"]["defaults"].get("noValue", "-")
    return join(trouble) if trouble else tag("p", nothing, class_="note")


def _stat(panel: Json, answer: Answer, frame: Frame) -> Html:
    words = bool(panel["options"]["reduceOptions"].get("fields"))
    history = panel["options"].get("graphMode") == "area"
    found = answer.series or [
        Series(name, {}, [(0, value)])
        for name, value in answer.rows[-1].items()
        if words or value is None or _is_number(value)
    ]
    tiles = (_tile(panel, line, len(found) > 1, history, frame) for line in found)
    return tag("ul", tiles, class_="tiles many" if len(found) > MANY else "tiles")


def _tile(panel: Json, line: Series, named: bool, history: bool, frame: Frame) -> Html:
    config, value = fields.field(panel, line.name), _last(line)
    text = fields.text(config, value)
    inside = join(
        tag("span", config.get("displayName", line.name)) if named else None,
        tag("b", text, class_="long" if len(text) > MOST else None),
    )
    href = frame.href(config, line.labels, text)
    shown = tag("a", inside, href=href) if href else inside
    way = lines.spark(line.points) if history else None
    return tag("li", shown, way, class_=_paint(fields.color(config, value)))


def _last(line: Series) -> Any:
    return line.points[-1][1] if line.points else None


def _bar_gauge(panel: Json, answer: Answer, frame: Frame) -> Html:
    configs = (fields.field(panel, line.name) for line in answer.series)
    return _bars(
        (frame.name(config, line, fields.text(config, _last(line))), _last(line), config)
        for line, config in zip(answer.series, configs, strict=True)
    )


def _bar_chart(panel: Json, answer: Answer, _: Frame) -> Html:
    x = panel["options"]["xField"]
    return _bars(
        (str(row[x]), value, fields.field(panel, name))
        for row in answer.rows
        for name, value in row.items()
        if name != x
    )


def _bars(bars: Iterable[Bar]) -> Html:
    found = [(name, 0.0 if value is None else float(value), value, c) for name, value, c in bars]
    low = found[0][3].get("min", min(0.0, *(size for _, size, *_ in found)))
    room = max(size for _, size, *_ in found) - low
    rows = []
    for name, size, value, config in found:
        share = max(0.0, (size - low) / room) if room > 0 else 0.0
        bar = tag("rect", width=f"{share:.2%}", height="100%", fill=fields.color(config, value))
        picture = tag("td", tag("svg", bar, aria_hidden="true"))
        number = tag("td", fields.text(config, value), class_="number")
        rows.append(tag("tr", tag("th", name, scope="row"), picture, number))
    return tag("table", rows, class_="bars")


def _table(panel: Json, answer: Answer, frame: Frame) -> Html:
    first = answer.rows[0]
    configs = {name: fields.field(panel, name) for name in first.keys()}  # noqa: SIM118 - a Record
    shown = {n: c for n, c in configs.items() if not c.get("custom.hideFrom.viz")}
    head = (
        tag("th", config.get("displayName", name), scope="col", class_=_layout(first[name]))
        for name, config in shown.items()
    )
    body = (
        tag("tr", (_cell(config, row[name], row, frame) for name, config in shown.items()))
        for row in answer.rows
    )
    return tag("table", tag("thead", tag("tr", head)), tag("tbody", body), class_="rows")


def _cell(config: Json, value: Any, row: Mapping[str, Any], frame: Frame) -> Html:
    text, kind = fields.text(config, value), _layout(value)
    href = frame.href(config, {}, text, row) if value is not None else None
    if config.get("custom.cellOptions", {}).get("type") == "color-background":
        kind = f"{kind or ''} {_paint(fields.color(config, value)) or ''}".strip()
    return tag("td", tag("a", text, href=href) if href else text, class_=kind)


def _layout(value: Any) -> str | None:
    """The class that lays a value out."""
    return "number" if _is_number(value) else "time" if isinstance(value, datetime) else None


def _paint(color: str | None) -> str | None:
    """The class that gives an element this background."""
    return f"b-{color.removeprefix('#')}" if color else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


_KINDS: Mapping[str, Callable[[Json, Answer, Frame], Html]] = {
    "text": lambda panel, *_: markdown(panel["options"]["content"]),
    "stat": _stat,
    "bargauge": _bar_gauge,
    "barchart": _bar_chart,
    "table": _table,
    "timeseries": lines.draw,
    "state-timeline": strips.draw,
    "status-history": strips.draw,
    "heatmap": strips.draw,
}
