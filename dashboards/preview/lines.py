"""Lines over time, or bars on each other, as SVG, with the marks of the page and a legend.

In: a panel, its lines, the page's `Frame`. Out: HTML. Before: `axis.py`. After: `draw.py`.
"""

import math
from collections.abc import Iterator, Sequence

from dashboards.preview import fields
from dashboards.preview.answers import Answer, Mark, Series
from dashboards.preview.axis import HIGH, WIDE, Scale, picture, place, times, width
from dashboards.preview.frame import Frame
from dashboards.preview.html import Html, join, tag
from dashboards.preview.look import Look
from dashboards.sources import Json

Shade = tuple[str, str | None]  # colour, dashes
Stack = tuple[int, float, float, float]  # number of its line, its time, bottom and top
_DASHES = (None, "7 3", "2 3", "9 3 2 3")  # lines are told apart without their colour too


def spark(points: Sequence[tuple[float, float]]) -> Html | None:
    """The way of a number up to now."""
    if len(points) < 2:
        return None
    scale, start = Scale.of((value for _, value in points), {}), points[0][0]
    way = (f"{(at - start) / (points[-1][0] - start) * WIDE:.0f},{scale.y(v)}" for at, v in points)
    return picture(tag("polyline", points=" ".join(way), stroke="currentColor"), class_="spark")


def draw(panel: Json, answer: Answer, frame: Frame) -> Html:
    """The whole panel."""
    config, look = panel["fieldConfig"]["defaults"], frame.shown.look
    style, steps = config["custom"], config["thresholds"]["steps"][1:]
    if style["thresholdsStyle"]["mode"] == "off":
        steps = []
    drawn = [line for line in answer.series if line.points]
    shades = [_shade(fields.field(panel, line.name), n, len(drawn)) for n, line in enumerate(drawn)]
    values = [step["value"] for step in steps]
    inside = [_mark(mark, look) for mark in frame.shown.marks]
    if style["drawStyle"] == "bars":
        stacks = list(_stacked(drawn))
        scale = Scale.of([0.0, *(top for *_, top in stacks)], config)
        inside += [_bar(stack, shades, width(drawn, look), scale, look) for stack in stacks]
    else:
        values += [value for line in drawn for _, value in line.points]
        scale = Scale.of(values, config, "scaleDistribution" in style)
        inside += [_step(scale.y(step["value"]), step["color"]) for step in steps]
        inside += [_line(*each, scale, look) for each in zip(drawn, shades, strict=True)]
    plot = picture(tag("title", panel["title"]), inside, role="img")
    legend = (_legend(panel, *each, frame) for each in zip(drawn, shades, strict=True))
    return join(
        tag("div", scale.ticks(config), tag("div", plot), times(look), class_="plot"),
        tag("ul", legend, class_="legend"),
    )


def _line(line: Series, shade: Shade, scale: Scale, look: Look) -> Html:
    """Broken where points are missing; a point alone is a dot."""
    step, way, last = width([line], look), [], -math.inf
    for at, value in line.points:
        move = "M" if at - last > 1.5 * step else "L"
        way.append(f"{move}{place(at, look) * WIDE:.1f} {scale.y(value)}h0")
        last = at
    return tag("path", d="".join(way), stroke=shade[0], stroke_dasharray=shade[1])


def _stacked(drawn: Sequence[Series]) -> Iterator[Stack]:
    tops: dict[float, float] = {}
    for number, line in enumerate(drawn):
        for at, value in line.points:
            bottom = tops.get(at, 0.0)
            tops[at] = bottom + value
            yield number, at, bottom, tops[at]


def _bar(stack: Stack, shades: Sequence[Shade], step: float, scale: Scale, look: Look) -> Html:
    """It counts what happened up to its time."""
    number, at, bottom, top = stack
    high = (scale.share(top) - scale.share(bottom)) * HIGH
    return _box(at - step * 0.9, at, look, y=scale.y(top), height=high, fill=shades[number][0])


def _mark(mark: Mark, look: Look) -> Html:
    end = max(mark.end, mark.start + look.span.total_seconds() / 500)  # a moment is seen, too
    title = tag("title", mark.text)
    return _box(mark.start, end, look, title, y=0, height=HIGH, fill=mark.color, opacity=0.2)


def _box(start: float, end: float, look: Look, *inside: Html, **how: float | str) -> Html:
    x, to = (place(at, look) * WIDE for at in (start, end))
    return tag("rect", *inside, x=f"{x:.1f}", width=f"{to - x:.1f}", stroke="none", **how)


def _step(y: str, color: str) -> Html:
    return tag("path", d=f"M0 {y}H{WIDE}", stroke=color, stroke_dasharray="4 4", stroke_width=1)


def _shade(config: Json, number: int, of: int) -> Shade:
    """A line's own colour, else one of the shades of the panel's, and its dashes."""
    color = str(config["color"]["fixedColor"])
    if config["color"]["mode"] != "shades" or of == 1:
        return color, None
    lighter = 0.6 * number / (of - 1)
    parts = (int(color[n : n + 2], 16) for n in (1, 3, 5))
    mixed = "".join(f"{round(part + (255 - part) * lighter):02x}" for part in parts)
    return f"#{mixed}", _DASHES[number % len(_DASHES)]


def _legend(panel: Json, line: Series, shade: Shade, frame: Frame) -> Html:
    config, values = fields.field(panel, line.name), [value for _, value in line.points]
    total = panel["options"]["legend"]["calcs"] == ["sum"]
    text = fields.text(config, sum(values) if total else values[-1])
    href, name = frame.href(config, line.labels, text), config.get("displayName", line.name)
    sample = tag("path", d=f"M0 50H{WIDE}", stroke=shade[0], stroke_dasharray=shade[1])
    return tag("li", picture(sample), tag("a", name, href=href) if href else name, tag("b", text))
