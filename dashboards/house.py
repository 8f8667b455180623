"""The house layer: what a board of bongsu is made of, in the JSON that Grafana 12 reads.

In: titles, queries, steps of colour. Out: `Dash.to_json_data()`, classic schema 42, every field
known to Grafana (`roundtrip.py` judges that). Before: grafanalib, which knows the layout of 2019 in
many places and is met here only. After: `panels.py`, `shared.py`, `boards/`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafanalib import core as G  # noqa: N812 - as everyone writes it
from grafanalib._gen import DashboardEncoder

from dashboards.sources import PG as PG
from dashboards.sources import PROM as PROM
from dashboards.sources import Json as Json

# Okabe and Ito: told apart by everyone.
NORMAL, DEGRADED, DOWN, NO_DATA, INFORMATION = PALETTE = (
    "#0072B2", "#E69F00", "#D55E00", "#999999", "#56B4E9"
)  # fmt: skip
YELLOW, PURPLE, DARK = SPARE = ("#F0E442", "#CC79A7", "#666666")  # of series, never of a state
COUNT, RATIO, SECONDS, MINUTES = "suffix:건", "percentunit", "s", "m"
STATE = "none"  # of a state, which its word tells
NOTHING = "무자료"
# Without it Grafana gives no value the colour of the lowest step: an outage's, of a share.
NO_VALUE = {
    "options": {"match": "null+nan", "result": {"color": NO_DATA, "index": 0, "text": NOTHING}},
    "type": "special",
}

_PANEL = (
    "datasource", "description", "fieldConfig", "gridPos", "id", "interval", "options", "targets",
    "title", "type",
)  # fmt: skip
_LEGACY = {"__inputs", "gnetId", "hideControls", "rows", "sharedCrosshair", "style"}
_VARIABLE = (
    "current", "datasource", "hide", "includeAll", "label", "multi", "name", "options", "query",
    "refresh", "skipUrlSync", "sort", "type",
)  # fmt: skip

WITH_TIME, HIDDEN = G.REFRESH_ON_TIME_RANGE_CHANGE, G.HIDE_VARIABLE  # of a variable

Steps = Sequence[tuple[float | None, str]]  # from which value on, which colour; the first from None
PLAIN: Steps = [(None, NORMAL)]


@dataclass(frozen=True)
class Prom:
    """A query to Prometheus, with the fields its data source reads; a range unless `instant`."""

    expr: str
    legend: str = "__auto"
    instant: bool = False
    format: str = "time_series"
    exemplar: bool = False  # single probes as dots; each refresh asks twice
    datasource = PROM

    @property
    def source(self) -> str:
        """What is asked, for descriptions."""
        return "Prometheus " + ", ".join(dict.fromkeys(re.findall(r"bongsu[:_]\w+", self.expr)))

    def to_json_data(self) -> Json:
        """As Grafana's code editor saves it."""
        return {
            "datasource": PROM,
            "editorMode": "code",
            "exemplar": self.exemplar,
            "expr": self.expr,
            "format": self.format,
            "instant": self.instant,
            "legendFormat": self.legend,
            "range": not self.instant,
        }


@dataclass(frozen=True)
class Sql:
    """A query to Postgres; `time_series` wants columns `time`, `metric`, `value`."""

    sql: str
    format: str = "table"
    datasource = PG

    @property
    def source(self) -> str:
        """What is asked, for descriptions."""
        return "Postgres " + ", ".join(dict.fromkeys(re.findall(r"dash\.\w+\b(?!\()", self.sql)))

    def to_json_data(self) -> Json:
        """As Grafana's code editor saves it."""
        return {
            "datasource": PG,
            "editorMode": "code",
            "format": self.format,
            "rawQuery": True,
            "rawSql": self.sql,
        }


Target = Prom | Sql


class Modern(G.Panel):
    """Any panel in today's layout; `panels.py` holds the style of each kind."""

    def __init__(
        self,
        number: int,
        title: str,
        at: tuple[int, int, int, int],
        *targets: Target,
        means: str,
        do: str,
        kind: str,
        options: Json,
        unit: str | None = None,
        decimals: int | None = None,
        low: float | None = None,
        steps: Steps = PLAIN,
        color: Json | None = None,
        custom: Json | None = None,
        mappings: Sequence[Json] = (),
        field_links: Sequence[Json] = (),
        overrides: Sequence[Json] = (),
        least_step: str | None = None,
    ) -> None:
        """With its number in the design, at (x, y, width, height) of a grid 24 wide. What the
        figures mean, and what to do when they are bad, is its description."""
        x, y, width, height = at
        field = {
            "color": color or {"mode": "thresholds"},
            "custom": custom,
            "decimals": decimals,
            "links": list(field_links) or None,
            "mappings": [*mappings, NO_VALUE],
            "min": low,
            "noValue": NOTHING,
            "unit": unit,
        }
        config = {"defaults": field, "overrides": list(overrides)}
        sources = "; ".join(dict.fromkeys(target.source for target in targets))
        super().__init__(
            id=number,
            title=title,
            description=f"{means}\n\n**할 일:** {do}\n\n**출처:** {sources}",
            dataSource=targets[0].datasource,
            targets=[{**t.to_json_data(), "refId": chr(65 + n)} for n, t in enumerate(targets)],
            gridPos=G.GridPos(h=height, w=width, x=x, y=y),
            interval=least_step,
            thresholds=steps_json(steps),
            extraJson={"type": kind, "options": options, "fieldConfig": config},
        )

    def to_json_data(self) -> Json:
        """Without what grafanalib still writes and Grafana no longer reads."""
        whole = self.panel_json({})
        return {key: whole[key] for key in _PANEL}


def steps_json(steps: Steps) -> list[Json]:
    """Thresholds as plain dicts: grafanalib's own write the word "null" where null belongs."""
    return [{"color": color, "value": value} for value, color in steps]


class Variable(G.Template):
    """A variable of a board. With `includeAll` it starts with everything; what is `derived` from
    another one no link carries on."""

    def __init__(self, *, derived: bool = False, **fields: Any) -> None:
        super().__init__(**fields, **({"hide": HIDDEN} if derived else {}))
        self.derived = derived

    def to_json_data(self) -> Json:
        """Without `None` as a value somebody chose."""
        text, value = (["All"], ["$__all"]) if self.includeAll else (self.default, self.default)
        current = {"selected": True, "text": text, "value": value} if value else None
        whole = super().to_json_data() | {"current": current, "skipUrlSync": self.derived or None}
        return {key: whole[key] for key in _VARIABLE}


class Dash(G.Dashboard):
    """A whole board, with what grafanalib cannot say."""

    def __init__(
        self,
        uid: str,
        title: str,
        question: str,
        span: str,
        *,
        variables: Sequence[Variable],
        annotations: Sequence[Json],
        links: Sequence[Json],
        panels: Sequence[Modern],
        refresh: str = "1m",
    ) -> None:
        """It looks at `span` (such as `now-24h`) up to now; its question describes it."""
        super().__init__(
            uid=uid,
            title=title,
            description=question,
            time=G.Time(span, "now"),
            templating=G.Templating(list=list(variables)),
            annotations=G.Annotations(list=list(annotations)),
            links=list(links),
            panels=list(panels),
            refresh=refresh,
        )

    def to_json_data(self) -> Json:
        """Plain data, the same each time."""
        whole = json.loads(json.dumps(super().to_json_data(), cls=DashboardEncoder))
        kept = {key: value for key, value in whole.items() if key not in _LEGACY}
        house = {
            "editable": False,
            "fiscalYearStartMonth": 0,
            "graphTooltip": G.GRAPH_TOOLTIP_MODE_SHARED_CROSSHAIR,
            "liveNow": False,
            "preload": False,
            "schemaVersion": 42,
            "tags": ["bongsu"],
            "timepicker": {"refresh_intervals": ["30s", "1m", "5m", "15m"]},
            "timezone": "Asia/Seoul",
            "weekStart": "monday",
        }
        pruned: Json = prune(kept | house)
        return pruned


def prune(value: Any) -> Any:
    """Without null, but for the first step of thresholds, where it means "from the bottom"."""
    if isinstance(value, list):
        return [prune(item) for item in value]
    if not isinstance(value, dict):
        return value
    step = value.keys() == {"color", "value"}
    return {key: prune(item) for key, item in value.items() if item is not None or step}


def text_of(board: Json) -> str:
    """A board as its file holds it."""
    return json.dumps(board, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
