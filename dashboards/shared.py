"""What all boards share: variables, annotations, links, steps of colour, pieces of queries.

Names of variables are the same everywhere, so that a link carries them from board to board. Labels
and columns: `docs/components/dashboards.md`.
"""

from typing import Any

from dashboards import house
from dashboards.house import PG, PROM, Dash, Json, Modern, Prom, Sql, Variable
from dashboards.panels import column, hidden

PROM_UID, PG_UID = "bongsu-prom", "bongsu-pg"  # as provisioned
OBJECTIVE = 0.99  # until each contract says its own
OBJECTIVE_STEPS: house.Steps = [
    (None, house.DOWN), (OBJECTIVE - 0.01, house.DEGRADED), (OBJECTIVE, house.NORMAL)
]  # fmt: skip

# Of a month, or a day of it: below grade 2's promise, below grade 1's, kept.
AVAILABLE_STEPS: house.Steps = [
    (None, house.DOWN), (0.999, house.DEGRADED), (0.9992, house.NORMAL)
]  # fmt: skip

# Of a month: what could not be told is no breach, and has the grey of what nobody saw.
VERDICTS = {
    "missed": ("위반", house.DOWN),
    "insufficient": ("판정 보류", house.NO_DATA),
    "met": ("준수", house.NORMAL),
    "not_applicable": ("해당 없음", house.DARK),
}

# Outcome → its word, its colour: one colour family for what failed, none red beside green.
OUTCOMES = {
    "delivered": ("도달", house.NORMAL),
    "late": ("지연 도달", house.INFORMATION),
    "undelivered": ("미도달", house.DOWN),
    "rejected": ("거절", house.PURPLE),
    "failover": ("대체 발송", house.DEGRADED),
    "exempt": ("기관 설정 오류", house.YELLOW),
    "unknown": ("판정 불가", house.DARK),
    "void": ("무효(측정기)", house.NO_DATA),
}

STAGES = {
    "accepted": ("중계사 수락", house.INFORMATION),
    "reported": ("중계사 통보", house.DEGRADED),
    "seen": ("단말 수신", house.NORMAL),
    "opened": ("열람", house.PURPLE),
}

# Of an incident, as text: a fault of bongsu's own has none.
SEVERITIES = {
    "1": ("1 매우 심각", house.DOWN),
    "2": ("2 심각", house.DEGRADED),
    "3": ("3 보통", house.INFORMATION),
    "4": ("4 낮음", house.NORMAL),
    "-": ("측정기 장애", house.NO_DATA),
}

# Outcomes that measure nothing: left out of every ratio.
UNMEASURED_LABEL = 'outcome!~"void|unknown|exempt"'
MEASURED = "outcome NOT IN ('void', 'unknown', 'exempt')"
FAILED = "outcome NOT IN ('delivered', 'void', 'unknown', 'exempt')"
# Partitions go by id: with this a query opens those of its own days only.
_PRUNED = "probe_id >= dash.id_floor($__timeFrom()) AND probe_id < dash.id_floor($__timeTo())"
DURING = f"{_PRUNED} AND $__timeFilter(sent_at)"

# Of an incident `i`: its id, and the ends of its time with half an hour around them, for links.
INCIDENT_CELLS = """\
i.id AS "장애",
    (1000 * extract(epoch FROM i.started_at - interval '30 minutes'))::bigint::text AS "부터",
    coalesce(
        (1000 * extract(epoch FROM i.ended_at + interval '30 minutes'))::bigint::text, 'now'
    ) AS "까지"\
"""

CAPTIONS = {
    "incident": "장애",
    "channel": "채널",
    "provider": "중계사",
    "carrier": "통신사",
    "body": "기관",
    "month": "월",
}
EXPLAINED = "/public/bongsu/"  # `docs/runbooks/boards` there, by the mount of deploy/grafana

_INCIDENTS = """\
SELECT extract(epoch FROM started_at) AS time,
    extract(epoch FROM coalesce(ended_at, now())) AS timeend, title AS text,
    concat_ws(',', '심각도 ' || severity, channel, provider) AS tags
FROM dash.incident
WHERE kind = 'outage' AND started_at <= $__timeTo()
    AND coalesce(ended_at, now()) >= $__timeFrom()"""
_CHANGES = """\
SELECT at AS time, title AS text, concat_ws(',', kind, who) AS tags
FROM dash.change
WHERE $__timeFilter(at)"""


def labels(*names: str) -> str:
    """PromQL: series that go with what was chosen."""
    return ",".join(f'{name}=~"${name}"' for name in names)


def rows(*names: str) -> str:
    """SQL: rows that go with what was chosen."""
    return " AND ".join(f"{name} IN (${{{name}:sqlstring}})" for name in names)


def probes(columns: str, *which: str, then: str, format: str = "table") -> Sql:
    """Probes of the time on the board: `columns` of those for `which` all is true, `then` grouped
    or sorted."""
    where = "\n    AND ".join((DURING, *which))
    return Sql(f"SELECT {columns}\nFROM dash.probe\nWHERE {where}\n{then}", format)


def share_delivered(of: str, by: str, window: str) -> str:
    """PromQL: delivered over measured, of the series `of` these labels (all if empty), in a
    window."""
    of = f"{of}," if of else ""
    total = "bongsu_probe_outcome_total"
    group = f"sum by ({by})" if by else "sum"
    good = f'{group} (increase({total}{{{of}outcome="delivered"}}[{window}]))'
    all_ = f"{group} (increase({total}{{{of}{UNMEASURED_LABEL}}}[{window}]))"
    return f"{good} / {all_}"


def stage_seconds(of: str) -> Prom:
    """How long each stage takes on the routes `of` these labels, at the 95 % quantile."""
    buckets = f"rate(bongsu_probe_stage_seconds_bucket{{{of}}}[30m])"
    return Prom(f"histogram_quantile(0.95, sum by (le, stage) ({buckets}))", "{{stage}}")


def choose(name: str, *before: str, single: bool = False) -> Variable:
    """A label of sent probes, among those that go with what was chosen before."""
    filters = f"{{{labels(*before)}}}" if before else ""
    return Variable(
        name=name,
        label=CAPTIONS[name],
        query=f"label_values(bongsu_probe_sent_total{filters}, {name})",
        dataSource=PROM,
        refresh=house.WITH_TIME,
        multi=not single,
        includeAll=not single,
    )


def sources() -> list[Variable]:
    """Where the data are; hidden, set by provisioning."""
    return [
        Variable(name=name, query=source["type"], type="datasource", default=uid, hide=house.HIDDEN)
        for name, source, uid in (("prom", PROM, PROM_UID), ("pg", PG, PG_UID))
    ]


def annotations() -> list[Json]:
    """On every time axis: outages as regions (장애), what somebody did as points (변경)."""
    return [
        _annotation("장애", house.DOWN, _INCIDENTS),
        _annotation("변경", house.INFORMATION, _CHANGES),
    ]


def _annotation(name: str, color: str, sql: str) -> Json:
    return {
        "datasource": PG,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "name": name,
        "target": {**Sql(sql).to_json_data(), "refId": "Anno"},
    }


def links(page: str) -> list[Json]:
    """The menu of boards, and the page that explains this one."""
    return [
        {
            "asDropdown": True,
            "icon": "external link",
            "includeVars": True,
            "keepTime": True,
            "tags": ["bongsu"],
            "targetBlank": False,
            "title": "봉수",
            "type": "dashboards",
        },
        {
            "asDropdown": False,
            "icon": "doc",
            "includeVars": False,
            "keepTime": False,
            "targetBlank": True,
            "title": "이 화면 설명",
            "type": "link",
            "url": f"{EXPLAINED}{page}.md",
        },
    ]


def to_board(title: str, uid: str, during: str = "${__url_time_range}", **chosen: str) -> Json:
    """A link from a value to another board, with what is chosen, and the same time unless
    `during` says another."""
    variables = "".join(f"var-{name}={value}&" for name, value in chosen.items())
    return {"targetBlank": False, "title": title, "url": f"/d/{uid}?{variables}{during}"}


def to_trace() -> Json:
    """A link from the number of a probe to what became of it, stage by stage."""
    return to_board("이 시험의 추적 보기", "bongsu-incident", probe="${__value.text}")


def incident_cells() -> list[Json]:
    """Of a table with `INCIDENT_CELLS`: the id leads to its board, half an hour around it."""
    to_it = to_board(
        "이 장애 보기",
        "bongsu-incident",
        'from=${__data.fields["부터"]}&to=${__data.fields["까지"]}',
        incident="${__value.text}",
    )
    return [column("장애", links=[to_it]), hidden("부터"), hidden("까지")]


def board(
    name: str,
    title: str,
    question: str,
    span: str,
    variables: list[Variable],
    panels: list[Modern],
    **rest: Any,
) -> Dash:
    """A board `bongsu-<name>`, with what all boards have."""
    return Dash(
        f"bongsu-{name}",
        f"봉수 · {title}",
        question,
        span,
        variables=[*sources(), *variables],
        links=links(name),
        panels=panels,
        **{"annotations": annotations(), **rest},
    )
