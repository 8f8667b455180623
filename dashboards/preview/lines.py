"""Lines over time, or bars on each other, as SVG, with the marks of the page and a legend.

In: a panel, its answer, the page's `Frame`. Out: HTML. Before: `frame.py`. After: `draw.py`.
Text is never inside a picture that stretches: it stands around it and keeps its size.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple, Self

from dashboards.preview import fields
from dashboards.preview.answers import Answer, Mark, Series
from dashboards.preview.frame import Frame
from dashboards.preview.html import Html, Inside, join, tag
from dashboards.preview.look import Look
from dashboards.sources import Json

Points = Sequence[tuple[float, float]]
Bar = tuple[int, float, float, float]  # number of its line, its time, its bottom and top
Style = dict[str, str | float | None]
WIDE, HIGH = 1000, 100  # of a picture that stretches
_DASHES = (None, "7 3", "2 3", "9 3 2 3")  # lines are told apart without their colour too


class Scale(NamedTuple):
    """Of values, from the bottom of a picture to its top."""

    low: float
    high: float
    log: bool

    @classmethod
    def of(cls, values: Iterable[float], config: Json, log: bool = False) -> Self:
        """That holds these values; a field's `min` is its bottom, and no share goes above 1."""
        shown = [value for value in values if value > 0 or not log] or [1.0]
        low, high = config.get("min", min(shown)), max(shown)
        if log:
            return cls(low / 1.1, high * 1.1, True)
        room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
        if low < 0 or (low - room > 0 and "min" not in config):
            low -= room
        full = config.get("unit") == "percentunit" and high <= 1
        return cls(low, min(1.0, high + room) if full else high + room, False)

    def y(self, value: float) -> float:
        """From the top of a picture downwards."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = (math.log10(max(one, 1e-9)) for one in (value, low, high))
        return round((1 - min(1.0, max(0.0, (value - low) / (high - low)))) * HIGH, 1)

    def ticks(self, config: Json) -> Html:
        """Words for the top, the middle, the bottom."""
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        words = [fields.text(config, value) for value in (self.high, middle, self.low)]
        return tag("ol", (tag("li", word) for word in dict.fromkeys(words)), class_="y")


def spark(points: Points) -> Html | None:
    """The way of a number up to now."""
    if len(points) < 2:
        return None
    scale, start = Scale.of((value for _, value in points), {}), points[0][0]
    way = (f"{(at - start) / (points[-1][0] - start) * WIDE:.0f},{scale.y(v)}" for at, v in points)
    return _picture(tag("polyline", points=" ".join(way), stroke="currentColor"), class_="spark")


def draw(panel: Json, answer: Answer, frame: Frame) -> Html:
    """Lines, or bars on each other, with the marks of the page and a legend."""
    config, look = panel["fieldConfig"]["defaults"], frame.shown.look
    custom, steps = config["custom"], config["thresholds"]["steps"][1:]
    drawn = [line for line in answer.series if line.points]
    styles = [_style(fields.field(panel, line.name), n, len(drawn)) for n, line in enumerate(drawn)]
    inside = [_mark(mark, look) for mark in frame.shown.marks]
    if custom["drawStyle"] == "bars":
        bars = list(_stacked(drawn))
        scale = Scale.of([0.0, *(top for *_, top in bars)], config)
        inside += [_bar(bar, answer.step, styles[bar[0]], scale, look) for bar in bars]
    else:
        steps = steps if custom["thresholdsStyle"]["mode"] != "off" else ()
        values = [value for line in drawn for _, value in line.points]
        values += [step["value"] for step in steps]
        scale = Scale.of(values, config, "scaleDistribution" in custom)
        inside += [_step(scale.y(step["value"]), step["color"]) for step in steps]
        ways = (_way(line, answer.step, scale, look) for line in drawn)
        inside += [tag("path", d=way, **style) for way, style in zip(ways, styles, strict=True)]
    plot = tag("div", _picture(tag("title", panel["title"]), inside, role="img"))
    legend = (_entry(panel, *each, frame) for each in zip(drawn, styles, strict=True))
    return join(
        tag("div", scale.ticks(config), plot, times(look), class_="plot"),
        tag("ul", legend, class_="legend"),
    )


def _picture(*inside: Inside, **attributes: str) -> Html:
    """An SVG that stretches; without a role it is decoration."""
    hidden = None if "role" in attributes else "true"
    box = {"viewBox": f"0 0 {WIDE} {HIGH}", "preserveAspectRatio": "none"}
    return tag("svg", *inside, aria_hidden=hidden, **box, **attributes)


def place(at: float, look: Look) -> float:
    """Where a time is: 0 at the left, 1 at the right."""
    share = (at - (look.until - look.span).timestamp()) / look.span.total_seconds()
    return min(1.0, max(0.0, share))


def times(look: Look) -> Html:
    """Four times below a picture, with the day where it shows more than one."""
    words = "%m-%d %H:%M" if look.span > timedelta(days=1) else "%H:%M"
    shown = (look.until - look.span * (1 - n / 3) for n in range(4))
    return tag(
        "ol", (tag("li", f"{at.astimezone(fields.KST):{words}}") for at in shown), class_="x"
    )


def _style(config: Json, number: int, of: int) -> Style:
    """A line's own colour, else a shade of the panel's with dashes of its own."""
    stroke = str(config["color"]["fixedColor"])
    if config["color"]["mode"] != "shades":
        return {"stroke": stroke}
    shade = round(1 - 0.6 * number / of, 2)
    dashes = _DASHES[number % len(_DASHES)]
    return {"stroke": stroke, "stroke_opacity": shade, "stroke_dasharray": dashes}


def _way(line: Series, step: float, scale: Scale, look: Look) -> str:
    """Broken where points are missing; a point alone is a dot."""
    way, last = [], -math.inf
    for at, value in line.points:
        move = "M" if at - last > 1.5 * step else "L"
        way.append(f"{move}{place(at, look) * WIDE:.1f} {scale.y(value)}h0")
        last = at
    return "".join(way)


def _step(y: float, color: str) -> Html:
    return tag("path", d=f"M0 {y}H{WIDE}", stroke=color, class_="step")


def _stacked(drawn: Sequence[Series]) -> Iterator[Bar]:
    tops: dict[float, float] = {}
    for number, line in enumerate(drawn):
        for at, value in line.points:
            bottom = tops.get(at, 0.0)
            tops[at] = bottom + value
            yield number, at, bottom, tops[at]


def _bar(bar: Bar, step: float, style: Style, scale: Scale, look: Look) -> Html:
    """It counts what happened up to its time."""
    _, at, bottom, top = bar
    y = scale.y(top)
    shade = {"fill": style["stroke"], "fill_opacity": style.get("stroke_opacity")}
    return _box(at - step * 0.9, at, look, y=y, height=round(scale.y(bottom) - y, 1), **shade)


def _mark(mark: Mark, look: Look) -> Html:
    end = max(mark.end, mark.start + look.span.total_seconds() / 500)  # a moment is seen, too
    title = tag("title", mark.text)
    return _box(mark.start, end, look, title, y=0, height=HIGH, fill=mark.color, fill_opacity=0.2)


def _box(start: float, end: float, look: Look, *inside: Html, **how: str | float | None) -> Html:
    x, to = (round(place(at, look) * WIDE, 1) for at in (start, end))
    return tag("rect", *inside, x=x, width=round(to - x, 1), **how)


def _entry(panel: Json, line: Series, style: Style, frame: Frame) -> Html:
    config, values = fields.field(panel, line.name), [value for _, value in line.points]
    total = panel["options"]["legend"]["calcs"] == ["sum"]
    text = fields.text(config, sum(values) if total else values[-1])
    sample = _picture(tag("path", d=f"M0 50H{WIDE}", **style))
    return tag("li", sample, frame.name(config, line, text), tag("b", text))
