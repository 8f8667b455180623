"""채널 상세 `bongsu-channel`: where on its way does this channel get stuck?

Numbers of panels are those of the design; 1 and 6 come with the detector's verdicts.
"""

from dashboards import house, panels, shared
from dashboards.house import (
    COUNT,
    DARK,
    DEGRADED,
    DOWN,
    INFORMATION,
    NO_DATA,
    NORMAL,
    PURPLE,
    RATIO,
    SECONDS,
    YELLOW,
    Modern,
    Prom,
    Sql,
)
from dashboards.panels import about, column
from dashboards.shared import DURING, FAILED, MEASURED, OBJECTIVE_STEPS

_ROUTES = 'channel=~"$channel",provider=~"$provider",carrier=~"$carrier"'
_LABELS = f'{_ROUTES},body=~"$body"'
_ROWS = " AND ".join(
    f"{name} IN (${{{name}:sqlstring}})" for name in ("channel", "provider", "carrier", "body")
)
_PROBES, _OUTCOMES, _STAGES = (
    "dash.probe",
    "bongsu_probe_outcome_total",
    "bongsu_probe_stage_seconds",
)

# Outcome → its word, its colour: one colour family for what failed, none red beside green.
OUTCOMES = {
    "delivered": ("도달", NORMAL),
    "late": ("지연 도달", INFORMATION),
    "undelivered": ("미도달", DOWN),
    "rejected": ("거절", PURPLE),
    "failover": ("대체 발송", DEGRADED),
    "exempt": ("기관 설정 오류", YELLOW),
    "unknown": ("판정 불가", DARK),
    "void": ("무효(측정기)", NO_DATA),
}
_OUTCOME_WORDS = panels.words(OUTCOMES)
STAGES = {
    "accepted": ("중계사 수락", INFORMATION),
    "reported": ("중계사 통보", DEGRADED),
    "seen": ("단말 수신", NORMAL),
    "opened": ("열람", PURPLE),
}


def _named(meaning: dict[str, tuple[str, str]]) -> list[house.Json]:
    """Series by their Korean word and their own colour."""
    return [
        column(series, displayName=word, color={"fixedColor": color, "mode": "fixed"})
        for series, (word, color) in meaning.items()
    ]


def _stats() -> list[Modern]:
    reached = panels.stat(
        2,
        "도달률",
        about(
            "선택한 기간에 결과가 정해진 정기 시험 가운데 단말이 제때 받은 비율입니다."
            " 무효·판정 불가·기관 설정 오류는 분모에서 뺍니다.",
            "목표(99 %)보다 낮으면 아래 '중계사 × 통신사 도달률'에서 낮은 칸을 찾습니다."
            " 시험이 몇 건뿐이면 결론을 미룹니다.",
            "Prometheus bongsu_probe_outcome_total",
        ),
        [Prom(shared.share_delivered(_LABELS, "", "$__range"), instant=True)],
        (0, 0, 8, 5),
        steps=OBJECTIVE_STEPS,
        unit=RATIO,
        decimals=2,
    )
    seconds = panels.stat(
        3,
        "도달 시간",
        about(
            "발송부터 단말이 받을 때까지 걸린 시간의 분위수입니다. 분위수는 위에서 고릅니다.",
            "30초를 넘으면 '단계별 지연'에서 어느 단계가 길어졌는지 봅니다.",
            "Prometheus bongsu_probe_stage_seconds (단계 seen)",
        ),
        [
            Prom(
                f"histogram_quantile($q, sum by (le) (rate({_STAGES}_bucket"
                f'{{{_ROUTES},stage="seen"}}[$__range])))',
                instant=True,
            )
        ],
        (8, 0, 8, 5),
        steps=[(None, NORMAL), (30, DEGRADED), (120, DOWN)],
        unit=SECONDS,
        decimals=1,
    )
    pending = panels.stat(
        4,
        "응답 대기 중",
        about(
            "발송했지만 아직 결과가 정해지지 않은 시험 수입니다.",
            "계속 늘면 통보나 단말 수신이 멈춘 것입니다. 한 중계사만 늘면 중계사를,"
            " 모두 늘면 봉수의 수신·저장을 먼저 의심합니다.",
            "Prometheus bongsu_probe_pending",
        ),
        [
            Prom(
                'sum(bongsu_probe_pending{channel=~"$channel",provider=~"$provider"})'
                ' or 0 * count(up{job="alerting"} == 1)',  # no series where none waits
                instant=True,
            )
        ],
        (16, 0, 8, 5),
        steps=[(None, NORMAL), (10, DEGRADED), (30, DOWN)],
        unit=COUNT,
        decimals=0,
    )
    return [reached, seconds, pending]


def _over_time() -> list[Modern]:
    outcomes = panels.timeline(
        5,
        "결과 구성",
        about(
            "결과가 정해진 정기 시험을 결과별로 쌓은 것입니다.",
            "어느 색이 언제부터 늘었는지 봅니다."
            " 회색(무효)이 늘면 채널이 아니라 시험 단말을 살핍니다.",
            "Prometheus bongsu_probe_outcome_total",
        ),
        [
            Prom(
                f"sum by (outcome) (increase({_OUTCOMES}{{{_LABELS}}}[$__rate_interval]))",
                "{{outcome}}",
            )
        ],
        (0, 5, 12, 9),
        bars=True,
        least_step="5m",
        unit=COUNT,
        decimals=0,
        overrides=_named(OUTCOMES),
    )
    stages = panels.timeline(
        7,
        "단계별 지연 (95 %)",
        about(
            "발송부터 각 단계까지 걸린 시간의 95 % 분위수입니다. 30분 동안의 시험을 봅니다.",
            "선이 오른 첫 단계가 막힌 구간입니다: 수락 = 중계사 접수,"
            " 통보 = 중계사·통신사, 단말 = 마지막 구간."
            " 통보만 늦으면 메시지가 아니라 통보가 늦는 것입니다.",
            "Prometheus bongsu_probe_stage_seconds",
        ),
        [
            Prom(
                "histogram_quantile(0.95, sum by (le, stage)"
                f" (rate({_STAGES}_bucket{{{_ROUTES}}}[30m])))",
                "{{stage}}",
            )
        ],
        (12, 5, 12, 9),
        unit=SECONDS,
        decimals=1,
        custom={"scaleDistribution": {"log": 10, "type": "log"}},
        overrides=_named(STAGES),
    )
    spread = panels.heatmap(
        8,
        "도달 시간 분포",
        about(
            "단말이 받기까지 걸린 시간을 구간별 시험 수로 나타냅니다. 밝을수록 많습니다.",
            "띠가 둘로 갈라지면 경로 하나만 느린 것입니다. 중계사나 통신사를 골라 다시 봅니다.",
            "Prometheus bongsu_probe_stage_seconds (단계 seen)",
        ),
        [
            Prom(
                f"sum by (le) (increase({_STAGES}_bucket"
                f'{{{_ROUTES},stage="seen"}}[$__rate_interval]))',
                "{{le}}",
                format="heatmap",
                exemplar=True,
            )
        ],
        (0, 14, 12, 9),
        axis_unit=SECONDS,
        cell_unit=COUNT,
        least_step="10m",
    )
    false_success = panels.timeline(
        11,
        "거짓 성공률",
        about(
            "중계사는 '전달됨'이라고 했지만 시험 단말에는 오지 않은 비율(1시간 단위)입니다.",
            "2 %를 넘으면 중계사 통보를 믿을 수 없습니다."
            " 최근 미도달 목록의 시각으로 중계사에 문의합니다.",
            "Postgres dash.probe (provider_says, seen_at)",
        ),
        [
            Sql(
                f"SELECT $__timeGroup(sent_at, '1h') AS time, provider AS metric,\n"
                f"    avg((seen_at IS NULL)::int) AS value\n"
                f"FROM {_PROBES}\nWHERE {DURING}\n    AND {_ROWS}\n"
                f"    AND provider_says = 'delivered' AND {MEASURED}\nGROUP BY 1, 2\nORDER BY 1",
                format="time_series",
            )
        ],
        (12, 14, 12, 9),
        steps=[(None, NORMAL), (0.005, DEGRADED), (0.02, DOWN)],
        unit=RATIO,
        decimals=1,
        low=0,
    )
    return [outcomes, stages, spread, false_success]


def _rows() -> list[Modern]:
    pairs = panels.table(
        9,
        "중계사 × 통신사 도달률",
        about(
            "중계사와 통신사의 짝마다 시험 건수와 도달률입니다. 낮은 짝이 위에 옵니다.",
            "한 줄만 낮으면 그 구간, 한 통신사의 모든 줄이 낮으면 통신사,"
            " 한 중계사의 모든 줄이 낮으면 중계사를 의심합니다.",
            "Postgres dash.probe",
        ),
        [
            Sql(
                f'SELECT provider AS "중계사", carrier AS "통신사",\n'
                f'    count(*) FILTER (WHERE {MEASURED}) AS "건수",\n'
                f"    avg((outcome = 'delivered')::int) FILTER (WHERE {MEASURED}) AS \"도달률\"\n"
                f"FROM {_PROBES}\nWHERE {DURING}\n    AND {_ROWS}\n"
                f"GROUP BY 1, 2\nORDER BY 4 NULLS LAST"
            )
        ],
        (0, 23, 12, 9),
        overrides=[
            column("건수", unit=COUNT),
            panels.ratio_cell("도달률", OBJECTIVE_STEPS),
        ],
    )
    codes = panels.bar_chart(
        10,
        "오류 코드 상위 10",
        about(
            "제때 도달하지 못한 시험에서 중계사가 준 오류 코드의 수입니다."
            " '(없음)'은 중계사가 오류를 말하지 않은 것입니다.",
            "코드의 뜻은 중계사 문서와 '최근 미도달'의 설명 열에서 확인합니다.",
            "Postgres dash.probe (error_code)",
        ),
        [
            Sql(
                f'SELECT coalesce(error_code, \'(없음)\') AS "오류", count(*) AS "건수"\n'
                f"FROM {_PROBES}\nWHERE {DURING}\n    AND {_ROWS}\n    AND {FAILED}\n"
                f"GROUP BY 1\nORDER BY 2 DESC\nLIMIT 10"
            )
        ],
        (12, 23, 12, 9),
        x="오류",
        unit=COUNT,
        decimals=0,
    )
    latest = panels.table(
        12,
        "최근 미도달",
        about(
            "제때 도달하지 못한(늦게 온 것도 포함) 정기 시험의 최근 50건입니다.",
            "같은 오류나 같은 통신사가 되풀이되는지 봅니다."
            " 기관을 누르면 그 기관의 화면으로 갑니다."
            " 시험 번호는 중계사에 문의할 때 씁니다.",
            "Postgres dash.probe",
        ),
        [
            Sql(
                f'SELECT probe_id AS "시험", sent_at AS "발송", provider AS "중계사",\n'
                f'    carrier AS "통신사", body AS "기관", outcome AS "결과",\n'
                f'    error_code AS "오류", error_text AS "설명"\n'
                f"FROM {_PROBES}\nWHERE {DURING}\n    AND {_ROWS}\n    AND {FAILED}\n"
                f"ORDER BY sent_at DESC\nLIMIT 50"
            )
        ],
        (0, 32, 24, 10),
        overrides=[
            column("결과", mappings=[_OUTCOME_WORDS]),
            column(
                "기관",
                links=[
                    shared.to_board("이 기관 보기", "bongsu-body", body='${__data.fields["기관"]}')
                ],
            ),
        ],
    )
    return [pairs, codes, latest]


BOARD = shared.board(
    "channel",
    "채널 상세",
    "이 채널은 어느 구간에서 막혔는가?",
    "now-24h",
    [
        shared.choose("channel", single=True),
        shared.choose("provider", "channel"),
        shared.choose("carrier", "channel", "provider"),
        shared.choose("body", "channel", "provider", "carrier"),
        house.Variable(
            name="q", label="분위수", type="custom", query="0.5,0.9,0.95,0.99", default="0.95"
        ),
    ],
    [*_stats(), *_over_time(), *_rows()],
)
