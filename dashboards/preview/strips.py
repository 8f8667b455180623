"""Strips over time, as SVG: states, cells of a day each, cells of a heatmap.

In: a panel, its lines, the page's `Frame`. Out: HTML, a row for each line: its name, its strip, its
last word. Before: `axis.py`. After: `draw.py`. What a colour means stands in words in each cell.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from dashboards.preview import fields
from dashboards.preview.answers import Answer, Series
from dashboards.preview.axis import place, times, width
from dashboards.preview.frame import Frame
from dashboards.preview.html import Html, tag
from dashboards.sources import Json

Cell = tuple[float, float, float]  # from, to (seconds since 1970), value
Paint = Callable[[Json, float], str | None]
_VIRIDIS = ("440154", "3b528b", "21918c", "5ec962", "fde725")


def states(panel: Json, answer: Answer, frame: Frame) -> Html:
    """What each line was from when to when."""
    step = width(answer.series, frame.shown.look)
    rows = [(line, list(_merged(line, step))) for line in answer.series]
    return _strips(panel, rows, frame, fields.color)


def history(panel: Json, answer: Answer, frame: Frame) -> Html:
    """A cell for each point of a line."""
    return _strips(panel, _cells(answer, frame), frame, fields.color)


def heat(panel: Json, answer: Answer, frame: Frame) -> Html:
    """The same in Viridis, the largest bucket on top, without buckets of which nothing is shown."""
    options = panel["options"]
    least = options["filterValues"]["le"]
    rows = [(line, [c for c in cells if c[2] > least]) for line, cells in _cells(answer, frame)]
    found = [value for _, cells in rows for *_, value in cells]
    low = options["color"].get("min", min(found, default=0.0))
    high = options["color"].get("max", max(found, default=1.0))

    def paint(_: Json, value: float) -> str:
        return _viridis((value - low) / (high - low) if high > low else 1.0)

    rows = [(_bucket(line, options["yAxis"]["unit"]), cells) for line, cells in rows if cells]
    return _strips(panel, rows[::-1], frame, paint)


def _cells(answer: Answer, frame: Frame) -> list[tuple[Series, list[Cell]]]:
    """From a point on, but for buckets: those count what happened up to it."""
    step, found = width(answer.series, frame.shown.look), []
    for line in answer.series:
        back = step if "le" in line.labels else 0.0
        found.append((line, [(at - back, at - back + step, value) for at, value in line.points]))
    return found


def _merged(line: Series, step: float) -> Iterator[Cell]:
    """Points that say the same and follow each other are one cell."""
    start = end = value = math.nan
    for at, said in line.points:
        if said != value or at > end + step / 2:
            if end > start:
                yield start, end, value
            start, value = at, said
        end = at + step
    if end > start:
        yield start, end, value


def _bucket(line: Series, unit: str) -> Series:
    """A bucket is called by its upper bound."""
    if "le" not in line.labels:
        return line
    bound = float(line.labels["le"])
    name = "∞" if math.isinf(bound) else f"≤ {fields.number(bound, unit, None)}"
    return Series(name, line.labels, line.points)


def _viridis(share: float) -> str:
    part, rest = divmod(min(1.0, max(0.0, share)) * (len(_VIRIDIS) - 1), 1)
    below, above = _VIRIDIS[int(part)], _VIRIDIS[min(int(part) + 1, len(_VIRIDIS) - 1)]
    pairs = ((int(below[n : n + 2], 16), int(above[n : n + 2], 16)) for n in (0, 2, 4))
    return "#" + "".join(f"{round(a + (b - a) * rest):02x}" for a, b in pairs)


def _strips(
    panel: Json, rows: Sequence[tuple[Series, list[Cell]]], frame: Frame, paint: Paint
) -> Html:
    body = (
        _strip(fields.field(panel, line.name), *row, frame, paint)
        for row in rows
        for line in row[:1]
    )
    foot = tag("tr", tag("td"), tag("td", times(frame.shown.look)), tag("td"))
    return tag("table", tag("tbody", body), tag("tfoot", foot), class_="strips")


def _strip(config: Json, line: Series, cells: list[Cell], frame: Frame, paint: Paint) -> Html:
    now = frame.shown.look.until.timestamp()  # what was said before is no last word
    last = fields.text(config, cells[-1][2] if cells and cells[-1][1] >= now else None)
    href, name = frame.href(config, line.labels, last), config.get("displayName", line.name)
    drawn = (_cell(config, cell, frame, paint) for cell in cells)
    return tag(
        "tr",
        tag("th", tag("a", name, href=href) if href else name, scope="row"),
        tag("td", tag("svg", tag("title", f"{name}: {last}"), drawn, role="img")),
        tag("td", last),
    )


def _cell(config: Json, cell: Cell, frame: Frame, paint: Paint) -> Html:
    start, end, value = cell
    x, to = (place(at, frame.shown.look) for at in (start, end))
    since = f"{datetime.fromtimestamp(start, UTC).astimezone(fields.KST):%m-%d %H:%M}"
    return tag(
        "rect", tag("title", f"{since} {fields.text(config, value)}"),
        x=f"{x:.2%}", width=f"{to - x:.2%}", height="100%", fill=paint(config, value),
    )  # fmt: skip
