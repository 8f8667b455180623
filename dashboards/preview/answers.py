"""The answers of one look at a board: what variables can hold, what each panel's questions find.

In: a board, a `Look`, addresses of servers. Out: `Shown`. Before: `look.py`. After: `page.py`.
A server that is not there, or a question that fails, is words in the boxes concerned, never zero.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import aiohttp

from dashboards import asking, queries
from dashboards.asking import ANSWER, Away, Unanswered
from dashboards.preview.look import Look
from dashboards.queries import Query, Values
from dashboards.sources import PG, PROM, Json
from services.storage.pool import Connection

ALL = "$__all"
NO_PROMETHEUS, NO_POSTGRES = "no Prometheus", "no Postgres"
Options = Mapping[str, Sequence[tuple[str, str]]]  # values to choose from and their names
_LATELY = "probe_id >= dash.id_floor($__timeFrom())"
_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Series:
    """A line: (seconds since 1970, value), the newest last."""

    name: str
    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


@dataclass
class Answer:
    """What a panel's questions found, lines or rows; what is in the way of the rest."""

    series: list[Series] = field(default_factory=list)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Mark:
    """Something that happened: from, to (both in seconds since 1970), what, in which colour."""

    start: float
    end: float
    text: str
    color: str


@dataclass(frozen=True)
class Servers:
    """Where to ask; None: there is none."""

    postgres: str | None = None
    prometheus: str | None = None


@dataclass(frozen=True)
class Shown:
    """All that a page shows."""

    look: Look
    values: Values
    options: Options
    panels: Mapping[int, Answer]
    marks: Sequence[Mark]


async def shown(board: Json, look: Look, servers: Servers) -> Shown:
    """Ask everything that the board asks, one question after the other."""
    async with AsyncExitStack() as opened:
        ask = await _opened(look.until, servers, opened)
        values, options = await _variables(board, look, ask)
        panels, marks = {}, []
        for panel in board["panels"]:
            panels[panel["id"]] = answer = Answer()
            asked = queries.of_panel(board["uid"], panel, look.span)
            for query, target in zip(asked, panel.get("targets", []), strict=True):
                await _add(answer, query, target, values, ask)
        shades = [mark["iconColor"] for mark in board["annotations"]["list"]]
        for query, shade in zip(queries.of_annotations(board, look.span), shades, strict=True):
            await _add(found := Answer(), query, {"format": "table"}, values, ask)
            marks += [_mark(row, shade) for row in found.rows]
        return Shown(look, values, options, panels, marks)


@dataclass
class _Asking:
    """Both servers, as far as they are there."""

    until: datetime
    url: str
    session: aiohttp.ClientSession
    conn: Connection | None = None
    away: dict[str, str] = field(default_factory=dict)  # why a kind of question gets no answer

    async def __call__(self, query: Query, values: Values) -> list[Any]:
        """Rows, or series as Prometheus tells them. Raises Unanswered."""
        if query.kind in self.away:
            raise Unanswered(self.away[query.kind])
        if self.conn is not None and query.kind == PG["type"]:
            return list(await asking.rows(self.conn, query, values, self.until))
        try:
            return await asking.series(self.session, self.url, query, values, self.until)
        except Away as away:  # each of the other questions would wait as long
            self.away[query.kind] = str(away)
            raise Unanswered(str(away)) from None


async def _opened(until: datetime, servers: Servers, opened: AsyncExitStack) -> _Asking:
    session = await opened.enter_async_context(aiohttp.ClientSession(timeout=ANSWER))
    ask = _Asking(until, servers.prometheus or "", session)
    if servers.prometheus is None:
        ask.away[PROM["type"]] = NO_PROMETHEUS
    try:
        if servers.postgres is None:
            raise Away(NO_POSTGRES)
        ask.conn = await opened.enter_async_context(asking.postgres(servers.postgres))
    except Away as away:
        ask.away[PG["type"]] = str(away)
    return ask


async def _variables(board: Json, look: Look, ask: _Asking) -> tuple[Values, Options]:
    """In their order: each is found with what was chosen before it."""
    values: dict[str, Sequence[str]] = {}
    options: dict[str, list[tuple[str, str]]] = {}
    for variable in board["templating"]["list"]:
        name = variable["name"]
        if variable["type"] != "datasource":
            options[name] = found = await _options(board["uid"], variable, look, values, ask)
            asked = None if variable.get("skipUrlSync") else look.chosen.get(name)
            values[name] = _held(variable, [value for value, _ in found], asked)
    return values, options


def _held(variable: Json, found: list[str], asked: Sequence[str] | None) -> list[str]:
    """What a variable holds; an empty text where there is nothing to choose."""
    if asked and not {*asked} & {"All", ALL}:
        return list(asked)
    current = variable.get("current", {}).get("value")
    if isinstance(current, str) and current in found:
        return [current]
    return (found if variable.get("includeAll") else found[:1]) or [""]


async def _options(
    uid: str, variable: Json, look: Look, values: Values, ask: _Asking
) -> list[tuple[str, str]]:
    query, label = queries.of_variable(uid, variable, look.span), queries.label_of(variable)
    if query is None:
        return [(option["value"], option["text"]) for option in variable.get("options", [])]
    try:
        found = await ask(query, values)
    except Unanswered:
        return await _lately(query, label, ask) if label else []
    if label is None:
        return [(str(row[0]), str(row[-1])) for row in found]
    return [(name, name) for name in sorted({str(s["metric"].get(label, "")) for s in found})]


async def _lately(query: Query, label: str, ask: _Asking) -> list[tuple[str, str]]:
    """Where no Prometheus is, Postgres knows what was probed within the last hour."""
    sql = f"SELECT DISTINCT {label} FROM dash.probe WHERE {_LATELY} ORDER BY 1"
    query = replace(query, kind=PG["type"], text=sql, span=timedelta(hours=1))
    try:
        return [(row[0], row[0]) for row in await ask(query, {})]
    except Unanswered:
        return []


async def _add(answer: Answer, query: Query, target: Json, values: Values, ask: _Asking) -> None:
    try:
        found = await ask(query, values)
    except Unanswered as why:
        answer.trouble.append(str(why))
        return
    if query.kind == PROM["type"]:
        lines = [_series(target, series) for series in found]
        answer.series += _apart(lines) if target["format"] == "heatmap" else lines
    elif target["format"] == "time_series":
        answer.series += _by_metric(found)
    else:
        answer.rows += found


def _series(target: Json, told: Mapping[str, Any]) -> Series:
    points = told["values"] if "values" in told else [told["value"]]
    pairs = [(float(at), float(value)) for at, value in points]
    labels, legend = told["metric"], target["legendFormat"]
    name = (
        " ".join(f"{key}={value}" for key, value in labels.items() if key != "__name__")
        if legend == "__auto"
        else _LEGEND.sub(lambda match: labels.get(match[1], ""), legend)
    )
    return Series(name, labels, [pair for pair in pairs if not math.isnan(pair[1])])


def _apart(lines: list[Series]) -> list[Series]:
    """Buckets without what is in the smaller ones already."""
    lines = sorted(lines, key=lambda line: float(line.labels["le"]))
    found = lines[:1]
    for below, line in pairwise(lines):
        less = dict(below.points)
        points = [(at, max(0.0, value - less.get(at, 0.0))) for at, value in line.points]
        found.append(Series(line.name, line.labels, points))
    return found


def _by_metric(rows: Iterable[Mapping[str, Any]]) -> list[Series]:
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        points = found.setdefault(row["metric"], [])
        if row["value"] is not None:
            points.append((_seconds(row["time"]), float(row["value"])))
    return [Series(name, {"metric": name}, points) for name, points in found.items()]


def _mark(row: Mapping[str, Any], color: str) -> Mark:
    start = _seconds(row["time"])
    return Mark(start, _seconds(row.get("timeend", start)), row["text"], color)


def _seconds(at: Any) -> float:
    return at.timestamp() if isinstance(at, datetime) else float(at)
