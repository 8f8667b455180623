"""The answers of one look at a board: what variables can hold, what each panel's questions find.

In: a board, a `Look`, addresses of servers. Out: `Shown`. Before: `look.py`. After: `draw.py`.
A server that is not there, or a question that fails, is words in the boxes concerned, never zero.
"""

import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import aiohttp

from dashboards import asking, queries
from dashboards.asking import ANSWER, Away, Unanswered
from dashboards.preview.look import Look
from dashboards.queries import Query, Values
from dashboards.sources import PG, PROM, Json

ALL = "$__all"
NO_PROMETHEUS, NO_POSTGRES = "no Prometheus", "no Postgres"
Options = Mapping[str, Sequence[tuple[str, str]]]  # values to choose from and their names
Ask = Callable[[Query, Values], Awaitable[Sequence[Any]]]
_LATELY = "probe_id >= dash.id_floor($__timeFrom())"
_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class Servers(NamedTuple):
    """Where to ask; None or empty: there is none."""

    postgres: str | None = None
    prometheus: str | None = None


class Series(NamedTuple):
    """A line: (seconds since 1970, value), the newest last."""

    name: str
    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


class Mark(NamedTuple):
    """Something that happened: from, to (seconds since 1970), what, in which colour."""

    start: float
    end: float
    text: str
    color: str


@dataclass
class Answer:
    """What a panel's questions found, lines or rows; what is in the way of the rest."""

    series: list[Series] = field(default_factory=list)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    step: float = 86400  # seconds from one point to the next; of what tells none, a day


class Shown(NamedTuple):
    """All that a page shows."""

    look: Look
    values: Values
    options: Options
    panels: Mapping[int, Answer]
    marks: Sequence[Mark]


async def shown(board: Json, look: Look, servers: Servers) -> Shown:
    """Ask everything that the board asks, one question after the other."""
    async with _asking(servers, look.until) as ask:
        values, options = await _variables(board, look, ask)
        panels, marks = {}, []
        for panel in board["panels"]:
            panels[panel["id"]] = answer = Answer()
            asked = queries.of_panel(board["uid"], panel, look.span)
            for query, target in zip(asked, panel.get("targets", ()), strict=True):
                await _add(answer, query, target, values, ask)
        asked = queries.of_annotations(board, look.span)
        for query, kind in zip(asked, board["annotations"]["list"], strict=True):
            await _add(found := Answer(), query, kind["target"], values, ask)
            for row in found.rows:
                start = _seconds(row["time"])
                end = _seconds(row.get("timeend", start))
                marks.append(Mark(start, end, row["text"], kind["iconColor"]))
        return Shown(look, values, options, panels, marks)


@asynccontextmanager
async def _asking(servers: Servers, until: datetime) -> AsyncIterator[Ask]:
    """What asks both servers and raises Unanswered; of one that is away nobody waits twice."""
    away = {} if servers.prometheus else {PROM["type"]: NO_PROMETHEUS}
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(aiohttp.ClientSession(timeout=ANSWER))
        try:
            if not servers.postgres:
                raise Away(NO_POSTGRES)
            conn = await opened.enter_async_context(asking.postgres(servers.postgres))
        except Away as why:
            away[PG["type"]] = str(why)

        async def ask(query: Query, values: Values) -> Sequence[Any]:
            if query.kind in away:
                raise Unanswered(away[query.kind])
            if query.kind == PG["type"]:
                return await asking.rows(conn, query, values, until)
            try:
                return await asking.series(session, str(servers.prometheus), query, values, until)
            except Away as why:
                away[query.kind] = str(why)
                raise Unanswered(str(why)) from None

        yield ask


async def _variables(board: Json, look: Look, ask: Ask) -> tuple[Values, Options]:
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


def _held(variable: Json, found: list[str], asked: Sequence[str] | None) -> Sequence[str]:
    """What a variable holds; an empty text where there is nothing to choose."""
    if asked and not {*asked} & {"All", ALL}:
        return asked
    if (current := variable.get("current", {}).get("value")) in found:
        return [current]
    return (found if variable.get("includeAll") else found[:1]) or [""]


async def _options(
    uid: str, variable: Json, look: Look, values: Values, ask: Ask
) -> list[tuple[str, str]]:
    query, label = queries.of_variable(uid, variable, look.span), queries.label_of(variable)
    if query is None:
        return [(option["value"], option["text"]) for option in variable.get("options", ())]
    try:
        if label is None:
            return [(str(row[0]), str(row[-1])) for row in await ask(query, values)]
        names = {one["metric"].get(label, "") for one in await ask(query, values)}
        return [(name, name) for name in sorted(names)]
    except Unanswered:
        return await _lately(query, label, ask) if label else []


async def _lately(query: Query, label: str, ask: Ask) -> list[tuple[str, str]]:
    """Where no Prometheus is, Postgres knows what was probed within the last hour."""
    sql = f"SELECT DISTINCT {label} FROM dash.probe WHERE {_LATELY} ORDER BY 1"
    try:
        asked = replace(query, kind=PG["type"], text=sql, span=timedelta(hours=1))
        return [(row[0], row[0]) for row in await ask(asked, {})]
    except Unanswered:
        return []


async def _add(answer: Answer, query: Query, target: Json, values: Values, ask: Ask) -> None:
    try:
        found = await ask(query, values)
    except Unanswered as why:
        answer.trouble.append(str(why))
        return
    if query.kind == PROM["type"] or "$__timeGroup" in query.text:
        answer.step = query.step.total_seconds()
    if query.kind == PROM["type"]:
        lines = [_series(target, one) for one in found]
        answer.series += _apart(lines) if target["format"] == "heatmap" else lines
    elif target["format"] == "time_series":
        answer.series += _by_metric(found)
    else:
        answer.rows += found


def _series(target: Json, told: Json) -> Series:
    pairs = [(at, float(value)) for at, value in told.get("values") or [told["value"]]]
    labels, legend = told["metric"], target["legendFormat"]
    if legend == "__auto":
        legend = " ".join(f"{{{{{key}}}}}" for key in labels)
    name = _LEGEND.sub(lambda match: labels.get(match[1], ""), legend)
    return Series(name, labels, [pair for pair in pairs if math.isfinite(pair[1])])


def _apart(lines: list[Series]) -> list[Series]:
    """Buckets without what is in the smaller ones already."""
    lines = sorted(lines, key=lambda line: float(line.labels["le"]))
    found = lines[:1]
    for below, line in pairwise(lines):
        less = dict(below.points)
        points = [(at, max(0.0, value - less.get(at, 0.0))) for at, value in line.points]
        found.append(line._replace(points=points))
    return found


def _by_metric(rows: Sequence[Mapping[str, Any]]) -> list[Series]:
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        points = found.setdefault(row["metric"], [])
        if row["value"] is not None:
            points.append((_seconds(row["time"]), float(row["value"])))
    return [Series(name, {"metric": name}, points) for name, points in found.items()]


def _seconds(at: Any) -> float:
    return at.timestamp() if isinstance(at, datetime) else float(at)
