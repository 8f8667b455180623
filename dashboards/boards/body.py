"""기관 `bongsu-body`: do this body's bills and notices arrive?

Numbers of panels are those of the design.
"""

from dashboards import house, panels, shared
from dashboards.house import COUNT, RATIO, SECONDS, Modern, Prom, Sql
from dashboards.panels import column
from dashboards.shared import AVAILABLE_STEPS, MEASURED, OBJECTIVE_STEPS, OUTCOMES

_LABELS, _ROWS = shared.labels("body", "channel"), shared.rows("body", "channel")
QUIET = {
    "정상": ("정상", house.NORMAL),
    "조용함": ("조용함", house.INFORMATION),
    "무자료": ("무자료", house.NO_DATA),
}


def _to_channel(value: str) -> house.Json:
    return shared.to_board("이 채널 보기", "bongsu-channel", channel=value, body="${body}")


def _now() -> list[Modern]:
    channels = panels.stat(
        1,
        "채널별 도달률 (24시간)",
        (0, 0, 12, 6),
        Prom(shared.share_delivered(_LABELS, "channel", "24h"), "{{channel}}", instant=True),
        means="이 기관의 정기 시험 가운데 단말이 제때 받은 비율을 채널마다 보입니다."
        " 최근 24시간입니다.",
        do="목표(99 %)보다 낮은 채널을 누르면 그 채널의 어느 구간이 막혔는지 볼 수 있습니다.",
        steps=OBJECTIVE_STEPS,
        unit=RATIO,
        decimals=2,
        field_links=[_to_channel("${__field.labels.channel}")],
    )
    observed = panels.table(
        8,
        "관찰 채널",
        (12, 0, 12, 6),
        Sql(
            'SELECT channel AS "채널", receiver AS "단말", last_seen_at AS "마지막 글",\n'
            '    extract(epoch FROM now() - last_seen_at) AS "경과",\n'
            '    expected_within_s AS "예상 간격",\n'
            "    CASE\n"
            "        WHEN last_seen_at IS NULL THEN '무자료'\n"
            "        WHEN now() - last_seen_at > make_interval(secs => expected_within_s)\n"
            "            THEN '조용함'\n"
            "        ELSE '정상'\n"
            '    END AS "상태"\n'
            f"FROM dash.observed\nWHERE {shared.rows('body')}\nORDER BY channel, receiver"
        ),
        means="봉수가 보내지 않고 지켜보기만 하는 채널(오픈채팅 등)에서 마지막 글을 본 때입니다."
        " '조용함'은 글이 올 때가 지났다는 뜻이며 장애라는 뜻이 아닙니다.",
        do="'조용함'이면 담당자에게 그 사이 올린 글이 있는지 묻습니다."
        " 있다면 수신 단말을 먼저 살핍니다.",
        overrides=[
            column("경과", unit=SECONDS, decimals=0),
            column("예상 간격", unit=SECONDS, decimals=0),
            column(
                "상태",
                mappings=panels.words(QUIET),
                custom__cellOptions={"mode": "basic", "type": "color-background"},
            ),
        ],
    )
    return [channels, observed]


def _breakdown() -> list[Modern]:
    templates = panels.table(
        4,
        "템플릿별 도달률",
        (0, 6, 10, 9),
        shared.probes(
            "coalesce(template, '(템플릿 없음)') AS \"템플릿\",\n"
            f'    count(*) FILTER (WHERE {MEASURED}) AS "건수",\n'
            "    count(*) FILTER (WHERE outcome = 'exempt') AS \"설정 오류\",\n"
            f"    avg((outcome = 'delivered')::int) FILTER (WHERE {MEASURED}) AS \"도달률\"",
            _ROWS,
            "outcome NOT IN ('void', 'unknown')",
            then="GROUP BY 1\nORDER BY 3 DESC, 4",
        ),
        means="템플릿마다 결과가 정해진 시험 수, 기관의 설정(템플릿·발신번호) 때문에"
        " 거절된 수, 도달률입니다."
        " 설정 오류가 많은 템플릿, 그다음 도달률이 낮은 템플릿이 위에 옵니다.",
        do="설정 오류가 있으면 그 템플릿의 심사 상태와 문구 변경을 확인합니다."
        " 오류 없이 모두 낮으면 채널의 문제입니다.",
        overrides=[
            column("건수", unit=COUNT),
            column("설정 오류", unit=COUNT),
            panels.ratio_cell("도달률", OBJECTIVE_STEPS),
        ],
    )
    hours = panels.heatmap(
        5,
        "시간대별 도달률",
        (10, 6, 14, 9),
        shared.probes(
            "$__timeGroup(sent_at, '1h') AS time, channel AS metric,\n"
            "    avg((outcome = 'delivered')::int) AS value",
            _ROWS,
            MEASURED,
            then="GROUP BY 1, 2\nORDER BY 1",
            format="time_series",
        ),
        means="한 시간마다 채널별 도달률입니다. 밝을수록 높고, 빈칸은 시험이 없던 시간입니다.",
        do="날마다 같은 시간에 어두워지면 그때의 점검·대량 발송을 찾습니다."
        " 한 번만 어두우면 장애입니다.",
        axis_unit="string",
        cell_unit=RATIO,
    )
    return [templates, hours]


def _rows() -> list[Modern]:
    incidents = panels.table(
        3,
        "영향 받은 장애",
        (0, 15, 24, 7),
        Sql(
            f"SELECT {shared.INCIDENT_CELLS},\n"
            '    i.title AS "내용", coalesce(i.channel, \'여러 채널\') AS "채널",\n'
            '    i.started_at AS "시작",\n'
            "    CASE WHEN i.status = 'closed' THEN '종료' ELSE '진행 중' END AS \"상태\",\n"
            '    extract(epoch FROM coalesce(i.ended_at, now()) - i.started_at) AS "지속"\n'
            "FROM dash.incident AS i\n"
            "WHERE i.kind = 'outage' AND i.bodies && ARRAY[${body:sqlstring}]\n"
            "    AND i.started_at <= $__timeTo()\n"
            "    AND coalesce(i.ended_at, now()) >= $__timeFrom()\nORDER BY i.started_at DESC"
        ),
        means="이 기관의 경로에서 메시지가 제때 가지 못한 장애입니다. 여러 기관에 함께 걸린 장애도"
        " 들어 있습니다.",
        do="장애 번호를 누르면 원인과 경과를 볼 수 있습니다.",
        overrides=[*shared.incident_cells(), column("지속", unit=SECONDS, decimals=0)],
    )
    latest = panels.table(
        7,
        "최근 미도달",
        (0, 22, 24, 10),
        shared.probes(
            'probe_id AS "시험", sent_at AS "발송", channel AS "채널", template AS "템플릿",\n'
            '    provider AS "중계사", carrier AS "통신사", outcome AS "결과",\n'
            '    error_code AS "오류", error_text AS "설명"',
            _ROWS,
            "outcome NOT IN ('delivered', 'void', 'unknown')",
            then="ORDER BY sent_at DESC\nLIMIT 50",
        ),
        means="이 기관의 정기 시험 가운데 제때 도달하지 못한 최근 50건입니다. 늦게 온 것과"
        " 기관의 설정 때문에 거절된 것도 들어 있습니다.",
        do="같은 템플릿이나 같은 통신사가 되풀이되는지 봅니다."
        " 채널을 누르면 그 채널의 화면으로, 시험을 누르면 그 시험의 추적으로 갑니다.",
        overrides=[
            column("시험", links=[shared.to_trace()]),
            column("결과", mappings=panels.words(OUTCOMES)),
            column("채널", links=[_to_channel('${__data.fields["채널"]}')]),
        ],
    )
    return [incidents, latest]


def _contract() -> list[Modern]:
    month = panels.bar_gauge(
        2,
        "이번 달 SLA",
        (0, 32, 8, 8),
        Sql(
            "SELECT now() AS time, channel AS metric, measured AS value\nFROM dash.sla_month\n"
            "WHERE month = date_trunc('month', now() AT TIME ZONE 'Asia/Seoul')::date\n"
            f"    AND {_ROWS}\nORDER BY 3",
            "time_series",
        ),
        means="이번 달 들어 지금까지 계약 항목(채널)마다 잰 가용률입니다. 한 시간마다 다시 셉니다."
        " 확정된 값이 아닙니다.",
        do="목표(1등급 99.92 %, 2등급 99.9 %)보다 낮은 채널을 누르면 월간 SLA 화면으로 갑니다.",
        low=0.99,
        steps=AVAILABLE_STEPS,
        unit=RATIO,
        decimals=3,
        field_links=[
            shared.to_board(
                "월간 SLA 보기", "bongsu-sla",
                body="${body}", channel="${__field.labels.metric}",
            )
        ],
    )  # fmt: skip
    days = panels.history(
        6,
        "일별 판정",
        (8, 32, 16, 8),
        Sql(
            "SELECT starts_at AS time, channel AS metric, measured AS value\nFROM dash.sla_day\n"
            f"WHERE $__timeFilter(starts_at) AND {_ROWS}\nORDER BY 1",
            "time_series",
        ),
        means="하루마다 채널별 가용률입니다. 확정된 달은 보고서의 값, 나머지는 지금까지의 값입니다."
        " 빈칸은 잰 것이 없는 날입니다.",
        do="색이 바뀐 날의 '영향 받은 장애'를 봅니다. 빈칸이면 시험 단말과 발송이 살아 있었는지"
        " 봅니다.",
        steps=AVAILABLE_STEPS,
        unit=RATIO,
        decimals=3,
    )
    return [month, days]


BOARD = shared.board(
    "body",
    "기관",
    "이 기관의 고지서와 알림이 가고 있는가?",
    "now-7d",
    [shared.choose("body", single=True), shared.choose("channel", "body")],
    [*_now(), *_breakdown(), *_rows(), *_contract()],
)
