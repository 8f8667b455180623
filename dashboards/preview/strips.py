"""Strips over time, as SVG: states, cells of a day each, cells of a heatmap.

In: a panel, its answer, the page's `Frame`. Out: HTML, a row for each line: its name, its strip,
its last word. Before: `lines.py`. After: `draw.py`. Each cell says in words what its colour means.
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from dashboards.preview import fields
from dashboards.preview.answers import Answer, Series
from dashboards.preview.frame import Frame
from dashboards.preview.html import Html, tag
from dashboards.preview.lines import place, times
from dashboards.preview.look import Look
from dashboards.sources import Json

Cell = tuple[float, float, float]  # from, to (seconds since 1970), value
Paint = Callable[[Json, float], str | None]
_VIRIDIS = ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725")


def draw(panel: Json, answer: Answer, frame: Frame) -> Html:
    """A strip for each line: its states, or a cell for each of its points, and its last word. Of
    heat the largest bucket is on top, and of which nothing is shown is left out."""
    rows = [(line, _cells(panel["type"], line, answer.step)) for line in answer.series]
    if heat := panel["type"] == "heatmap":
        least = panel["options"]["filterValues"]["le"]
        rows = [(line, [cell for cell in cells if cell[2] > least]) for line, cells in rows[::-1]]
        rows = [(line, cells) for line, cells in rows if cells]
    values = [value for _, cells in rows for *_, value in cells]
    ends = panel["options"].get("color", {}) if heat else {}
    low, high = ends.get("min", min(values, default=0)), ends.get("max", max(values, default=0))

    def paint(config: Json, value: float) -> str | None:
        share = (value - low) / (high - low) if high > low else 1.0
        return _VIRIDIS[round(share * 5)] if heat else fields.color(config, value)

    unit = panel["options"]["yAxis"]["unit"] if heat else ""
    body = (_strip(panel, _bucket(line, unit), cells, frame, paint) for line, cells in rows)
    axis = tag("tr", tag("td"), tag("td", times(frame.shown.look)), tag("td"))
    return tag("table", tag("tbody", body), tag("tfoot", axis), class_="strips")


def _strip(panel: Json, line: Series, cells: Sequence[Cell], frame: Frame, paint: Paint) -> Html:
    config, look = fields.field(panel, line.name), frame.shown.look
    # What was said before is no last word. Servers round times to milliseconds.
    still = bool(cells) and cells[-1][1] >= look.until.timestamp() - 1
    last = fields.text(config, cells[-1][2] if still else None)
    title = tag("title", f"{line.name}: {last}")
    drawn = (_cell(config, cell, paint(config, cell[2]), look) for cell in cells)
    if "le" in line.labels:
        last = ""  # a bucket holds a count of its time, no state that lasts
    name = tag("th", frame.name(config, line, last), scope="row")
    return tag("tr", name, tag("td", tag("svg", title, drawn, role="img")), tag("td", last))


def _cells(kind: str, line: Series, step: float) -> list[Cell]:
    """From a point on, but for buckets: those count what happened up to it. Of states those that
    follow each other and say the same are one."""
    back, cells = step if "le" in line.labels else 0.0, list[Cell]()
    for at, value in line.points:
        before = cells[-1] if cells and kind == "state-timeline" else None
        if before and before[2] == value and at < before[1] + step / 2:
            cells[-1] = (before[0], at + step, value)
        else:
            cells.append((at - back, at - back + step, value))
    return cells


def _bucket(line: Series, unit: str) -> Series:
    """A bucket is called by its upper bound."""
    if "le" not in line.labels:
        return line
    bound = float(line.labels["le"])
    return line._replace(name=f"≤ {fields.number(bound, unit, None)}" if bound < math.inf else "∞")


def _cell(config: Json, cell: Cell, color: str | None, look: Look) -> Html:
    start, end, value = cell
    x, to = (place(at, look) for at in (start, end))
    since = f"{datetime.fromtimestamp(start, UTC).astimezone(fields.KST):%m-%d %H:%M}"
    title = tag("title", f"{since} {fields.text(config, value)}")
    return tag("rect", title, x=f"{x:.2%}", width=f"{to - x:.2%}", height="100%", fill=color)
