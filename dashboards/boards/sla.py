"""월간 SLA `bongsu-sla`: was the month's promise kept, and by which evidence?

Reads sealed revisions and nothing else: the figures that the documents print. Numbers of panels are
those of the design.
"""

from dashboards import house, panels, shared
from dashboards.house import COUNT, MINUTES, PG, RATIO, Modern, Sql, Variable
from dashboards.panels import column
from dashboards.shared import AVAILABLE_STEPS, VERDICTS

# Before the first report there is no month to choose, and an empty text is no date.
_CHOSEN = "nullif(${month:sqlstring}, '')::date"
_SEALED = (
    f"WHERE revision IS NOT NULL AND month = {_CHOSEN}\n    AND {shared.rows('body', 'channel')}"
)
_STATES = {
    "preliminary": ("잠정", house.NO_DATA),
    "closed": ("확정", house.NORMAL),
    "corrected": ("정정", house.INFORMATION),
}
_FOUND = {
    "detected": ("탐지됨", house.NORMAL),
    "afterwards": ("사후 확인", house.DEGRADED),
}


def _verdict() -> list[Modern]:
    whole = panels.stat(
        1,
        "판정",
        (0, 0, 8, 5),
        Sql(
            "SELECT CASE WHEN bool_or(verdict = 'missed') THEN 0\n"
            "    WHEN bool_or(verdict = 'insufficient') THEN 1\n"
            "    WHEN bool_or(verdict = 'met') THEN 2\n"
            f'END AS "판정"\nFROM dash.sla_month\n{_SEALED}'
        ),
        means="고른 기관과 채널의 판정 가운데 가장 나쁜 것입니다. '판정 보류'는 재지 못한 시간이"
        " 길어 지켰다고도 어겼다고도 할 수 없다는 뜻이며 위반이 아닙니다. 보고서가 없으면"
        " 무자료입니다.",
        do="'위반'이면 '산정에 들어간 장애'를, '판정 보류'면 '측정 충실도'를 봅니다."
        " '확정 여부'가 0건이 아니면 아직 바뀔 수 있는 판정입니다.",
        steps=[(None, house.DOWN), (1, house.NO_DATA), (2, house.NORMAL)],
        mappings=panels.words(
            {str(n): VERDICTS[name] for n, name in enumerate(("missed", "insufficient", "met"))}
        ),
        unit=house.STATE,
    )
    open_ = panels.stat(
        2,
        "확정 여부",
        (8, 0, 8, 5),
        Sql(
            "SELECT CASE WHEN count(*) > 0 THEN count(*) FILTER (WHERE frozen_at IS NULL) END\n"
            f'    AS "미확정"\nFROM dash.sla_month\n{_SEALED}'
        ),
        means="보고서가 나온 계약 항목 가운데 아직 잠정인 것의 수입니다. 잠정 보고서는 다음 달 1일"
        " 06시, 확정은 4일 0시입니다. 보고서가 없으면 무자료입니다.",
        do="4일이 지났는데도 0건이 아니면 봉수의 보고 프로세스(reporting)가 살아 있는지 봅니다.",
        steps=[(None, house.NORMAL), (1, house.DEGRADED)],
        unit=COUNT,
        decimals=0,
    )
    measured = panels.stat(
        6,
        "측정 충실도",
        (16, 0, 8, 5),
        Sql(
            "SELECT sum(service_minutes - unmeasured_minutes) / nullif(sum(service_minutes), 0)\n"
            f'    AS "잰 비율"\nFROM dash.sla_month\n{_SEALED}'
        ),
        means="서비스 시간 가운데 실제로 잰 시간의 비율입니다.",
        do="99 %보다 낮으면 판정의 근거가 부족할 수 있습니다. 재지 못한 날을 '일별 판정'에서 찾아"
        " 시험 단말과 발송을 살핍니다.",
        steps=[(None, house.DOWN), (0.95, house.DEGRADED), (0.99, house.NORMAL)],
        unit=RATIO,
        decimals=2,
    )
    return [whole, open_, measured]


def _results() -> list[Modern]:
    return [
        panels.table(
            3,
            "채널별 성적",
            (0, 5, 24, 9),
            Sql(
                'SELECT body AS "기관", channel AS "채널", verdict AS "판정", state AS "상태",\n'
                '    revision::text AS "차수", objective AS "목표", measured AS "가용률",\n'
                '    measured - objective AS "차이", measured_low AS "가능 최저",\n'
                '    measured_high AS "가능 최고", budget_used AS "오류 예산 사용",\n'
                '    valid_events AS "유효 시험", down_minutes AS "장애",\n'
                '    unmeasured_minutes AS "미측정", excluded_minutes AS "제외",\n'
                '    outages AS "장애 건수", longest_fix_min AS "최장 복구"\n'
                f"FROM dash.sla_month\n{_SEALED}\nORDER BY measured - objective, body, channel"
            ),
            means="계약 항목마다 보고서에 인쇄된 값입니다. 목표와의 차이가 나쁜 것부터 보입니다."
            " '가능 최저'와 '가능 최고'는 재지 못한 시간이 모두 나빴을 때와 모두 좋았을 때입니다.",
            do="문서는 bongsu report month로 만듭니다. 값이 틀렸다고 보이면 고치지 말고"
            " bongsu report correct로 정정을 제안합니다.",
            overrides=[
                panels.word_cell("판정", VERDICTS),
                panels.word_cell("상태", _STATES),
                *(column(name, unit=RATIO, decimals=3) for name in _SHARES),
                *(column(name, unit=COUNT) for name in ("유효 시험", "장애 건수")),
                *(column(name, unit=MINUTES) for name in ("장애", "미측정", "제외", "최장 복구")),
            ],
        )
    ]


_SHARES = ("목표", "가용률", "차이", "가능 최저", "가능 최고", "오류 예산 사용")


def _days() -> list[Modern]:
    days = panels.history(
        4,
        "일별 판정",
        (0, 14, 24, 8),
        Sql(
            "SELECT starts_at AS time, concat_ws(' / ', body, channel) AS metric,\n"
            "    measured AS value\nFROM dash.sla_day\n"
            f"WHERE revision IS NOT NULL AND day >= {_CHOSEN}\n"
            f"    AND day < {_CHOSEN} + interval '1 month'\n"
            f"    AND {shared.rows('body', 'channel')}\nORDER BY 1",
            "time_series",
        ),
        means="그 달의 하루마다 가용률입니다. 빈칸은 서비스 시간이 아니거나 잰 것이 없는 날입니다."
        " 화면의 기간이 그 달을 덮어야 보입니다.",
        do="색이 바뀐 날을 '산정에 들어간 장애'에서 찾습니다.",
        steps=AVAILABLE_STEPS,
        unit=RATIO,
        decimals=3,
    )
    outages = panels.table(
        5,
        "산정에 들어간 장애",
        (0, 22, 14, 9),
        Sql(
            'SELECT incident AS "장애", body AS "기관", channel AS "채널",\n'
            '    started_at AS "시작", ended_at AS "끝", minutes AS "산입",\n'
            '    peak_share AS "최대 비중", fix_verdict AS "복구 시간", origin AS "탐지",\n'
            "    (1000 * extract(epoch FROM started_at - interval '30 minutes'))::bigint::text"
            ' AS "부터",\n'
            "    coalesce((1000 * extract(epoch FROM ended_at + interval '30 minutes'))::bigint"
            "::text, 'now')\n        AS \"까지\"\n"
            f"FROM dash.sla_outage\nWHERE month = {_CHOSEN}\n"
            f"    AND {shared.rows('body', 'channel')}\nORDER BY minutes DESC, started_at"
        ),
        means="보고서가 센 장애와 그 달에 산입된 시간입니다. 탐지기의 경보가 아니라 저장된 증거에서"
        " 정해진 규칙(s1)으로 셉니다. '사후 확인'은 경보가 없던 장애입니다.",
        do="장애 번호를 누르면 원인과 경과를 볼 수 있습니다. '사후 확인'이 있으면 왜 탐지하지"
        " 못했는지 찾습니다.",
        overrides=[
            *shared.incident_cells(),
            column("산입", unit=MINUTES),
            column("최대 비중", unit=RATIO, decimals=0),
            panels.word_cell("복구 시간", VERDICTS),
            panels.word_cell("탐지", _FOUND),
        ],
    )
    months = panels.bar_chart(
        7,
        "12개월 추이",
        (14, 22, 10, 9),
        Sql(
            "SELECT concat_ws(' ', to_char(month, 'YYYY-MM'), channel) AS \"월\",\n"
            '    min(measured) AS "가용률"\nFROM dash.sla_month\n'
            f"WHERE revision IS NOT NULL AND month <= {_CHOSEN}\n"
            f"    AND month > {_CHOSEN} - interval '12 months'\n"
            f"    AND {shared.rows('body', 'channel')}\nGROUP BY month, channel\nORDER BY 1"
        ),
        x="월",
        means="보고서가 나온 지난 12개월의 가용률입니다. 기관을 여럿 고르면 가장 낮은 기관의"
        " 값입니다. 축은 99 %에서 시작합니다.",
        do="같은 채널이 되풀이해 낮으면 계약의 배상·감액 조항과 대체 채널을 검토합니다.",
        unit=RATIO,
        decimals=3,
        low=0.99,
    )
    return [days, outages, months]


_MONTH = Variable(
    name="month",
    label=shared.CAPTIONS["month"],
    query=(
        "SELECT DISTINCT month::text FROM dash.sla_month WHERE revision IS NOT NULL ORDER BY 1 DESC"
    ),
    dataSource=PG,
    refresh=house.WITH_TIME,
)

BOARD = shared.board(
    "sla",
    "월간 SLA",
    "이번 달 약속을 지켰는가? 근거는 무엇인가?",
    "now-62d",
    [_MONTH, shared.choose("body"), shared.choose("channel", "body")],
    [*_verdict(), *_results(), *_days()],
)
