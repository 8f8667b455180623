"""The questions of a board, and what Grafana puts in for their macros and variables.

In: a board as JSON. Out: `Query` objects, and the text that a data source would really get. Before:
`sources.py`. After: `registry.py`, `asking.py`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboards.sources import PG, PROM, Json

Values = Mapping[str, Sequence[str]]  # of variables, as chosen
POINTS, LEAST_STEP = 200, timedelta(seconds=15)
SCRAPE = timedelta(seconds=15)  # as provisioned for Grafana
_LABELS = re.compile(r"label_values\((?:(.+),)?\s*(\w+)\)")
_TIME_GROUP = re.compile(r"\$__timeGroup\(([^(),]+),\s*'(\d+)([mhd])'\)")
_SPAN = re.compile(r"(\d{1,6})([mhd])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?::(\w+))?\}")


@dataclass(frozen=True)
class Query:
    """One question. `key` is `<uid>/<panel, $variable or annotation>`; the second of a panel
    ends in `.2`."""

    key: str
    title: str
    kind: str  # `prometheus` or `grafana-postgresql-datasource`
    text: str
    instant: bool
    span: timedelta
    units: frozenset[str] | None = None  # columns of a table that have one; None: all have
    least_step: timedelta = LEAST_STEP

    @property
    def uid(self) -> str:
        """Of its board."""
        return self.key.split("/")[0]

    @property
    def step(self) -> timedelta:
        """From one point of a line to the next, where the question says it."""
        grouped = _TIME_GROUP.search(self.text)
        return _width(grouped) if grouped else max(self.span / POINTS, self.least_step)

    def __str__(self) -> str:
        return f"{self.key} ({self.title})" if self.title else self.key


def queries(board: Json) -> Iterator[Query]:
    """Every question: of panels, of annotations, of variables."""
    uid, span = board["uid"], span_of(board)
    for panel in board["panels"]:
        yield from of_panel(uid, panel, span)
    yield from of_annotations(board, span)
    for variable in board["templating"]["list"]:
        if (query := of_variable(uid, variable, span)) is not None:
            yield query


def of_panel(uid: str, panel: Json, span: timedelta) -> list[Query]:
    """One for each target."""
    found, least = [], read_span(panel["interval"]) if "interval" in panel else LEAST_STEP
    for number, target in enumerate(panel.get("targets", [])):
        key = f"{uid}/{panel['id']}" + (f".{number + 1}" if number else "")
        found.append(_query(key, panel["title"], target, span, _units(panel), least))
    return found


def of_annotations(board: Json, span: timedelta) -> list[Query]:
    """What is marked on time axes."""
    uid, marks = board["uid"], board["annotations"]["list"]
    return [_query(f"{uid}/{mark['name']}", "", mark["target"], span) for mark in marks]


def of_variable(uid: str, variable: Json, span: timedelta) -> Query | None:
    """What finds the values to choose from; None where the board lists them or takes any."""
    key, text = f"{uid}/${variable['name']}", str(variable["query"])
    if match := _LABELS.fullmatch(text):
        return Query(key, "", PROM["type"], match[1] or "up", True, span)
    if variable["type"] == "query":
        return Query(key, "", PG["type"], text, True, span)
    return None


def label_of(variable: Json) -> str | None:
    """The label whose values a variable takes; None where SQL finds them."""
    match = _LABELS.fullmatch(str(variable["query"]))
    return match and match[2]


def _query(
    key: str,
    title: str,
    target: Json,
    span: timedelta,
    units: frozenset[str] | None = None,
    least_step: timedelta = LEAST_STEP,
) -> Query:
    kind = target["datasource"]["type"]
    text = target["rawSql"] if kind == PG["type"] else target["expr"]
    return Query(key, title, kind, text, bool(target.get("instant")), span, units, least_step)


def _units(panel: Json) -> frozenset[str] | None:
    field = panel["fieldConfig"]
    if panel["type"] != "table" or field["defaults"].get("unit"):
        return None
    with_unit = [o for o in field["overrides"] if any(p["id"] == "unit" for p in o["properties"])]
    return frozenset(override["matcher"]["options"] for override in with_unit)


def span_of(board: Json) -> timedelta:
    """How far back the board looks at first. Raises ValueError unless it ends now."""
    start = str(board["time"]["from"])
    if not start.startswith("now-") or board["time"]["to"] != "now":
        raise ValueError(f"{board['uid']}: its time is no span up to now")
    return read_span(start.removeprefix("now-"))


def read_span(text: str) -> timedelta:
    """`15m`, `6h` or `7d`. Raises ValueError for anything else."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no span of time")
    return int(match[1]) * _UNITS[match[2]]


def chosen(board: Json) -> Values:
    """What variables hold at first, as far as the board itself says."""
    found = {}
    for variable in board["templating"]["list"]:
        value = variable.get("current", {}).get("value")
        if isinstance(value, str):
            found[variable["name"]] = [value]
    return found


def used_variables(text: str) -> set[str]:
    """Names of variables in a text, without Grafana's own (`__…`)."""
    names = {match[1] or match[2] for match in _VARIABLE.finditer(text)}
    return {name for name in names if not name.startswith("__")}


def promql(query: Query, values: Values) -> str:
    """What Prometheus gets. A variable nobody chose matches everything."""
    fixed = {
        "__rate_interval": f"{max(query.step + SCRAPE, 4 * SCRAPE).total_seconds():g}s",
        "__range": f"{int(query.span.total_seconds())}s",
    }

    def put(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name.startswith("__"):
            return fixed.get(name, match[0])
        options = values.get(name, [".*"])
        return options[0] if len(options) == 1 else f"({'|'.join(options)})"

    return _VARIABLE.sub(put, query.text)


def sql(query: Query, values: Values, now: datetime) -> str:
    """What Postgres gets. Raises LookupError for a variable without a value, and for a macro
    that is not Grafana's."""
    start, end = (f"'{at.isoformat().replace('+00:00', 'Z')}'" for at in (now - query.span, now))
    text = query.text.replace("$__timeFrom()", start).replace("$__timeTo()", end)
    text = re.sub(r"\$__timeFilter\(([^()]+)\)", rf"\1 BETWEEN {start} AND {end}", text)
    text = _TIME_GROUP.sub(_time_group, text)

    def put(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in values:
            raise LookupError(
                f"{match[0]} has no value: not a variable, or not a macro of Postgres"
            )
        quoted = ["'" + value.replace("'", "''") + "'" for value in values[name]]
        return ",".join(quoted) if match[3] == "sqlstring" else values[name][0]

    return _VARIABLE.sub(put, text)


def _width(match: re.Match[str]) -> timedelta:
    return int(match[2]) * _UNITS[match[3]]


def _time_group(match: re.Match[str]) -> str:
    width = int(_width(match).total_seconds())
    return f"floor(extract(epoch from {match[1]})/{width})*{width}"
