"""채널 상세 `bongsu-channel`: where on its way does this channel get stuck?

Numbers of panels are those of the design.
"""

from dashboards import house, panels, shared
from dashboards.house import COUNT, RATIO, SECONDS, Modern, Prom
from dashboards.panels import column
from dashboards.shared import FAILED, MEASURED, OBJECTIVE_STEPS, OUTCOMES

_ROUTES = shared.labels("channel", "provider", "carrier")
_LABELS = shared.labels("channel", "provider", "carrier", "body")
_ROWS = shared.rows("channel", "provider", "carrier", "body")
_STAGES = "bongsu_probe_stage_seconds_bucket"


def _state() -> list[Modern]:
    now = panels.state(
        1,
        "상태",
        (0, 0, 6, 5),
        Prom(f"min(bongsu_channel_state{{{shared.labels('channel', 'provider')}}})", instant=True),
        means="중계사 가운데 가장 나쁜 상태입니다. '장애'는 재고 있는 경로 모두가, '지연'은 일부가"
        " 열린 장애에 걸리거나 느린 것입니다. 통신사와 기관으로 좁혀지지 않습니다.",
        do="'장애'나 '지연'이면 아래 이력에서 어느 중계사가 언제부터인지 봅니다.",
    )
    history = panels.states(
        6,
        "중계사별 상태 이력",
        (0, 5, 24, 5),
        Prom(
            f"min by (provider) (bongsu_channel_state{{{shared.labels('channel', 'provider')}}})",
            "{{provider}}",
        ),
        means="중계사마다 이 채널의 상태가 언제 바뀌었는지 보입니다. 빈칸은 무자료입니다.",
        do="한 중계사만 나쁘면 눌러서 그 중계사로 좁힙니다. 모두 나쁘면 통신사나 플랫폼을"
        " 의심합니다.",
        field_links=[
            shared.to_board(
                "이 중계사로 좁히기",
                "bongsu-channel",
                channel="${channel}",
                provider="${__field.labels.provider}",
            )
        ],
    )
    return [now, history]


def _stats() -> list[Modern]:
    reached = panels.stat(
        2,
        "도달률",
        (6, 0, 6, 5),
        Prom(shared.share_delivered(_LABELS, "", "$__range"), instant=True),
        means="선택한 기간에 결과가 정해진 정기 시험 가운데 단말이 제때 받은 비율입니다."
        " 무효·판정 불가·기관 설정 오류는 분모에서 뺍니다.",
        do="목표(99 %)보다 낮으면 아래 '중계사 × 통신사 도달률'에서 낮은 칸을 찾습니다."
        " 시험이 몇 건뿐이면 결론을 미룹니다.",
        steps=OBJECTIVE_STEPS,
        unit=RATIO,
        decimals=2,
    )
    seconds = panels.stat(
        3,
        "도달 시간",
        (12, 0, 6, 5),
        Prom(
            "histogram_quantile($q, sum by (le)"
            f' (rate({_STAGES}{{{_ROUTES},stage="seen"}}[$__range])))',
            instant=True,
        ),
        means="발송부터 단말이 받을 때까지 걸린 시간의 분위수입니다. 분위수는 위에서 고릅니다."
        " 기관으로 좁혀지지 않습니다.",
        do="30초를 넘으면 '단계별 지연'에서 어느 단계가 길어졌는지 봅니다.",
        steps=[(None, house.NORMAL), (30, house.DEGRADED), (120, house.DOWN)],
        unit=SECONDS,
        decimals=1,
    )
    pending = panels.stat(
        4,
        "응답 대기 중",
        (18, 0, 6, 5),
        Prom(  # no series where none waits
            f"sum(bongsu_probe_pending{{{shared.labels('channel', 'provider')}}})"
            ' or 0 * count(up{job="alerting"} == 1)',
            instant=True,
        ),
        means="발송했지만 아직 결과가 정해지지 않은 시험 수입니다."
        " 통신사와 기관으로 좁혀지지 않습니다.",
        do="계속 늘면 통보나 단말 수신이 멈춘 것입니다. 한 중계사만 늘면 중계사를,"
        " 모두 늘면 봉수의 수신·저장을 먼저 의심합니다.",
        steps=[(None, house.NORMAL), (10, house.DEGRADED), (30, house.DOWN)],
        unit=COUNT,
        decimals=0,
    )
    return [reached, seconds, pending]


def _over_time() -> list[Modern]:
    outcomes = panels.timeline(
        5,
        "결과 구성",
        (0, 10, 12, 9),
        Prom(
            "sum by (outcome)"
            f" (increase(bongsu_probe_outcome_total{{{_LABELS}}}[$__rate_interval]))",
            "{{outcome}}",
        ),
        means="결과가 정해진 정기 시험을 결과별로 쌓은 것입니다. 건수는 어림입니다.",
        do="어느 색이 언제부터 늘었는지 봅니다."
        " 회색(무효)이 늘면 채널이 아니라 시험 단말을 살핍니다.",
        bars=True,
        least_step="5m",
        unit=COUNT,
        decimals=0,
        overrides=panels.named(OUTCOMES),
    )
    stages = panels.timeline(
        7,
        "단계별 지연 (95 %)",
        (12, 10, 12, 9),
        shared.stage_seconds(_ROUTES),
        means="발송부터 각 단계까지 걸린 시간의 95 % 분위수입니다. 30분 동안의 시험을 봅니다.",
        do="선이 오른 첫 단계가 막힌 구간입니다: 수락 = 중계사 접수,"
        " 통보 = 중계사·통신사, 단말 = 마지막 구간."
        " 통보만 늦으면 메시지가 아니라 통보가 늦는 것입니다.",
        log=True,
        unit=SECONDS,
        decimals=1,
        overrides=panels.named(shared.STAGES),
    )
    spread = panels.heatmap(
        8,
        "도달 시간 분포",
        (0, 19, 12, 9),
        Prom(
            f'sum by (le) (increase({_STAGES}{{{_ROUTES},stage="seen"}}[$__rate_interval]))',
            "{{le}}",
            format="heatmap",
            exemplar=True,
        ),
        means="단말이 받기까지 걸린 시간을 구간별 시험 수로 나타냅니다. 밝을수록 많습니다.",
        do="띠가 둘로 갈라지면 경로 하나만 느린 것입니다. 중계사나 통신사를 골라 다시 봅니다.",
        axis_unit=SECONDS,
        cell_unit=COUNT,
        least_step="10m",
    )
    false_success = panels.timeline(
        11,
        "거짓 성공률",
        (12, 19, 12, 9),
        shared.probes(
            "$__timeGroup(sent_at, '1h') AS time, provider AS metric,\n"
            "    avg((seen_at IS NULL)::int) AS value",
            _ROWS,
            f"provider_says = 'delivered' AND {MEASURED}",
            then="GROUP BY 1, 2\nORDER BY 1",
            format="time_series",
        ),
        means="중계사는 '전달됨'이라고 했지만 시험 단말에는 오지 않은 비율(1시간 단위)입니다.",
        do="2 %를 넘으면 중계사 통보를 믿을 수 없습니다."
        " 최근 미도달 목록의 시각으로 중계사에 문의합니다.",
        steps=[(None, house.NORMAL), (0.005, house.DEGRADED), (0.02, house.DOWN)],
        unit=RATIO,
        decimals=1,
        low=0,
    )
    return [outcomes, stages, spread, false_success]


def _rows() -> list[Modern]:
    pairs = panels.table(
        9,
        "중계사 × 통신사 도달률",
        (0, 28, 12, 9),
        shared.probes(
            'provider AS "중계사", carrier AS "통신사",\n'
            f'    count(*) FILTER (WHERE {MEASURED}) AS "건수",\n'
            f"    avg((outcome = 'delivered')::int) FILTER (WHERE {MEASURED}) AS \"도달률\"",
            _ROWS,
            then="GROUP BY 1, 2\nORDER BY 4 NULLS LAST",
        ),
        means="중계사와 통신사의 짝마다 시험 건수와 도달률입니다. 낮은 짝이 위에 옵니다.",
        do="한 줄만 낮으면 그 구간, 한 통신사의 모든 줄이 낮으면 통신사,"
        " 한 중계사의 모든 줄이 낮으면 중계사를 의심합니다.",
        overrides=[column("건수", unit=COUNT), panels.ratio_cell("도달률", OBJECTIVE_STEPS)],
    )
    codes = panels.bar_chart(
        10,
        "오류 코드 상위 10",
        (12, 28, 12, 9),
        shared.probes(
            'coalesce(error_code, \'(없음)\') AS "오류", count(*) AS "건수"',
            _ROWS,
            FAILED,
            then="GROUP BY 1\nORDER BY 2 DESC\nLIMIT 10",
        ),
        means="제때 도달하지 못한 시험에서 중계사가 준 오류 코드의 수입니다."
        " '(없음)'은 중계사가 오류를 말하지 않은 것입니다.",
        do="코드의 뜻은 중계사 문서와 '최근 미도달'의 설명 열에서 확인합니다.",
        x="오류",
        unit=COUNT,
        decimals=0,
    )
    latest = panels.table(
        12,
        "최근 미도달",
        (0, 37, 24, 10),
        shared.probes(
            'probe_id AS "시험", sent_at AS "발송", provider AS "중계사", carrier AS "통신사",\n'
            '    body AS "기관", outcome AS "결과", error_code AS "오류", error_text AS "설명"',
            _ROWS,
            FAILED,
            then="ORDER BY sent_at DESC\nLIMIT 50",
        ),
        means="제때 도달하지 못한(늦게 온 것도 포함) 정기 시험의 최근 50건입니다.",
        do="같은 오류나 같은 통신사가 되풀이되는지 봅니다."
        " 기관을 누르면 그 기관의 화면으로, 시험을 누르면 그 시험의 추적으로 갑니다.",
        overrides=[
            column("시험", links=[shared.to_trace()]),
            column("결과", mappings=panels.words(OUTCOMES)),
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
    [*_state(), *_stats(), *_over_time(), *_rows()],
)
