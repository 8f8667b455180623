"""What all boards share: variables, annotations, links, steps of colour, pieces of queries.

Names of variables are the same everywhere, so that a link carries them from board to board. Labels
and columns: `docs/components/dashboards.md`.
"""

from dashboards.house import (
    DEGRADED,
    DOWN,
    HIDDEN,
    INFORMATION,
    NORMAL,
    PG,
    PROM,
    WITH_TIME,
    Dash,
    Json,
    Modern,
    Steps,
    Variable,
    dash,
)

PROM_UID, PG_UID = "bongsu-prom", "bongsu-pg"  # as provisioned
OBJECTIVE = 0.99  # until each contract says its own
OBJECTIVE_STEPS: Steps = [(None, DOWN), (OBJECTIVE - 0.01, DEGRADED), (OBJECTIVE, NORMAL)]

# Outcomes that measure nothing: left out of every ratio.
UNMEASURED_LABEL = 'outcome!~"void|unknown|exempt"'
MEASURED = "outcome NOT IN ('void', 'unknown', 'exempt')"
FAILED = "outcome NOT IN ('delivered', 'void', 'unknown', 'exempt')"
# Partitions go by id: with this a query opens those of its own days only.
PRUNED = "probe_id >= dash.id_floor($__timeFrom()) AND probe_id < dash.id_floor($__timeTo())"
DURING = f"{PRUNED} AND $__timeFilter(sent_at)"

CAPTIONS = {"channel": "채널", "provider": "중계사", "carrier": "통신사", "body": "기관"}
EXPLAINED = "/public/bongsu/"  # `docs/runbooks/boards` there, by the mount of deploy/grafana

_CHANGES = """\
SELECT at AS time, title AS text, concat_ws(',', kind, who) AS tags
FROM dash.change
WHERE $__timeFilter(at)"""


def share_delivered(labels: str, by: str, window: str) -> str:
    """PromQL: delivered over measured, of these labels, in a window."""
    total = "bongsu_probe_outcome_total"
    group = f"sum by ({by})" if by else "sum"
    good = f'{group} (increase({total}{{{labels},outcome="delivered"}}[{window}]))'
    all_ = f"{group} (increase({total}{{{labels},{UNMEASURED_LABEL}}}[{window}]))"
    return f"{good} / {all_}"


def choose(name: str, *before: str, single: bool = False) -> Variable:
    """A label of sent probes, among those that go with what was chosen before."""
    matchers = ",".join(f'{label}=~"${label}"' for label in before)
    filters = f"{{{matchers}}}" if before else ""
    return Variable(
        name=name,
        label=CAPTIONS[name],
        query=f"label_values(bongsu_probe_sent_total{filters}, {name})",
        dataSource=PROM,
        refresh=WITH_TIME,
        multi=not single,
        includeAll=not single,
    )


def sources() -> list[Variable]:
    """Where the data are; hidden, set by provisioning."""
    return [
        Variable(
            name="prom",
            query=PROM["type"],
            type="datasource",
            default=PROM_UID,
            hide=HIDDEN,
        ),
        Variable(name="pg", query=PG["type"], type="datasource", default=PG_UID, hide=HIDDEN),
    ]


def changes() -> Json:
    """변경: what somebody did, as points on every time axis."""
    target = {"editorMode": "code", "format": "table", "rawQuery": True, "rawSql": _CHANGES}
    return {
        "datasource": PG,
        "enable": True,
        "hide": False,
        "iconColor": INFORMATION,
        "name": "변경",
        "target": {**target, "datasource": PG, "refId": "Anno"},
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


def to_board(title: str, uid: str, **chosen: str) -> Json:
    """A link from a value to another board, with what is chosen and the same time."""
    variables = "".join(f"var-{name}={value}&" for name, value in chosen.items())
    url = f"/d/{uid}?{variables}${{__url_time_range}}"
    return {"targetBlank": False, "title": title, "url": url}


def board(
    name: str, title: str, question: str, span: str, variables: list[Variable], panels: list[Modern]
) -> Dash:
    """A board `bongsu-<name>`, with what all boards have."""
    return dash(
        f"bongsu-{name}",
        f"봉수 · {title}",
        question,
        span,
        variables=[*sources(), *variables],
        annotations=[changes()],
        links=links(name),
        panels=panels,
    )
