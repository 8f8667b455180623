"""장애 상세 `bongsu-incident`: what happens, and what is its cause? Every alert leads here.

Numbers of panels are those of the design. What the detector wrote is shown, nothing is located a
second time.
"""

from dashboards import house, panels, shared
from dashboards.house import COUNT, RATIO, SECONDS, Json, Modern, Prom, Sql, Variable
from dashboards.panels import column
from dashboards.shared import OBJECTIVE_STEPS, OUTCOMES

_ITS = "i.id = ${incident:sqlstring}"
_INCIDENT = f"FROM dash.incident AS i\nWHERE {_ITS}"
# Probes that the incident `i` explains, a body's own configuration among them; a fault of bongsu's
# own leaves no failures, but what measured nothing.
_PROBES = f"""\
FROM dash.incident AS i
JOIN dash.probe AS p
    ON p.channel = i.channel AND p.provider = coalesce(i.provider, p.provider)
    AND p.carrier = coalesce(i.carrier, p.carrier) AND p.body = coalesce(i.body, p.body)
    AND p.sent_at BETWEEN i.started_at AND coalesce(i.ended_at, now())
    AND p.outcome NOT IN ('delivered', 'unknown')
    AND (p.outcome = 'void') = (i.kind = 'monitor')
WHERE {_ITS} AND {shared.DURING}"""
_ROUTES = shared.labels("channel", "provider")
_ALIVE = 'or 0 * count(up{job="ingest"} == 1)'  # no series where nothing of the kind happened

STATUS = {"open": ("진행 중", house.DOWN), "closed": ("종료", house.NORMAL)}
HYPOTHESES = {
    "accept-dead": ("접수되지 않음", house.DOWN),
    "accept-lossy": ("일부 접수되지 않음", house.DEGRADED),
    "dead": ("전달되지 않음", house.DOWN),
    "lossy": ("일부 전달되지 않음", house.DEGRADED),
    "slow": ("늦게 전달됨", house.INFORMATION),
}
SEPARATED = {"예": ("예", house.NORMAL), "아니오": ("아니오", house.NO_DATA)}
EVENTS = {
    "opened": ("열림", house.DOWN),
    "reopened": ("다시 열림", house.DOWN),
    "renamed": ("원인 변경", house.PURPLE),
    "changed": ("증상 변경", house.PURPLE),
    "widened": ("영향 확대", house.DEGRADED),
    "narrowed": ("일부 회복", house.INFORMATION),
    "noted": ("함께 나타남", house.DARK),
    "graded": ("심각도 변경", house.DEGRADED),
    "note": ("사람의 기록", house.DARK),
    "closed": ("닫힘", house.NORMAL),
}


def _plain(name: str, color: str = house.DARK) -> Json:
    return column(name, color={"fixedColor": color, "mode": "fixed"})


def _summary() -> list[Modern]:
    what = panels.stat(
        1,
        "요약",
        (0, 0, 24, 4),
        Sql(
            'SELECT coalesce(i.severity::text, \'-\') AS "심각도", i.status AS "상태",\n'
            '    i.title AS "내용", i.cause AS "추정 원인", i.hypothesis AS "증상",\n'
            '    i.people AS "안내 대상", i.runbook_url AS "대응 절차"\n' + _INCIDENT
        ),
        means="심각도는 1이 가장 나쁩니다. '추정 원인'은 판정 당시의 증거로 고른 것이며 책임의"
        " 판단이 아닙니다. '안내 대상'은 걸린 안내를 받는 사람의 수입니다.",
        do="'진행 중'이면 원인 후보의 첫 줄부터 확인합니다. '측정기 장애'는 메시지의 장애가 아니라"
        " 봉수 자체의 고장입니다.",
        fields="/.*/",
        unit=house.STATE,
        overrides=[
            column("심각도", mappings=panels.words(shared.SEVERITIES)),
            column("상태", mappings=panels.words(STATUS)),
            column("증상", mappings=panels.words(HYPOTHESES)),
            column("안내 대상", unit="suffix:명", decimals=0),
            *(_plain(name) for name in ("내용", "추정 원인", "안내 대상", "대응 절차")),
        ],
    )
    times = panels.stat(
        2,
        "탐지·인지·지속 시간",
        (0, 4, 12, 5),
        Sql(
            'SELECT extract(epoch FROM i.detected_at - i.started_at) AS "탐지",\n'
            '    extract(epoch FROM i.acked_at - i.detected_at) AS "인지",\n'
            '    extract(epoch FROM coalesce(i.ended_at, now()) - i.started_at) AS "지속"\n'
            + _INCIDENT
        ),
        means="시작(증거가 말하는 때)부터 탐지까지, 탐지부터 사람이 확인할 때까지, 시작부터 끝까지"
        " 걸린 시간입니다. 끝나지 않았으면 지금까지입니다.",
        do="탐지가 5분을 넘으면 그 경로의 시험 간격을 봅니다. '인지'는 아직 기록하지 않습니다.",
        steps=[(None, house.NORMAL), (300, house.DEGRADED), (600, house.DOWN)],
        unit=SECONDS,
        decimals=0,
    )
    return [what, times, _suspicions()]


def _suspicions() -> Modern:
    return panels.stat(
        7,
        "봉수 자체 의심 신호",
        (12, 4, 12, 5),
        Prom(
            "count(time() - max by (receiver, kind)"
            f" (bongsu_receiver_last_seen_timestamp_seconds) > 900) {_ALIVE}",
            "조용한 단말",
            instant=True,
        ),
        *(
            Prom(
                f'sum(increase(bongsu_ingest_requests_total{{result="{result}"}}[15m])) {_ALIVE}',
                word,
                instant=True,
            )
            for result, word in (("bad_signature", "서명 오류"), ("unavailable", "받지 못함"))
        ),
        means="15분 넘게 신호가 없는 단말의 수, 15분 동안 서명이 틀린 수신과 받지 못한 수신의"
        " 수입니다.",
        do="1 이상이면 채널보다 시험 단말과 봉수의 수신부를 먼저 의심합니다.",
        steps=[(None, house.NORMAL), (1, house.DEGRADED)],
        unit=COUNT,
        decimals=0,
        overrides=[column("조용한 단말", unit="suffix:대")],
    )


def _causes() -> list[Modern]:
    body = (
        f"(\n        SELECT p.body\n{_PROBES}\n"
        "        GROUP BY p.body ORDER BY count(*) DESC, p.body LIMIT 1\n    )"
    )
    candidates = panels.table(
        3,
        "원인 후보",
        (0, 9, 14, 9),
        Sql(
            'SELECT c.rank::text AS "순위", c.component AS "구성요소", c.hypothesis AS "가설",\n'
            '    round(c.gain::numeric / 2.302585, 1) AS "증거(10의 승)",\n'
            '    c.failed AS "실패", c.total AS "시험",\n'
            "    CASE WHEN c.separated THEN '예' ELSE '아니오' END AS \"구분됨\",\n"
            "    CASE split_part(c.component, ':', 1)\n"
            "        WHEN 'provider' THEN split_part(c.component, ':', 2)\n"
            "        ELSE coalesce(i.provider, 'All')\n"
            '    END AS "중계사",\n'
            "    CASE split_part(c.component, ':', 1)\n"
            "        WHEN 'carrier' THEN split_part(split_part(c.component, ':', 2), '/', 1)\n"
            "        ELSE coalesce(i.carrier, 'All')\n"
            '    END AS "통신사",\n'
            f"    coalesce(i.body, {body}, 'All') AS \"기관\"\n"
            "FROM dash.incident_candidate AS c\n"
            f"JOIN dash.incident AS i ON i.id = c.incident_id\nWHERE {_ITS}\n"
            "ORDER BY c.rank\nLIMIT 15"
        ),
        means="탐지기가 남긴 원인 후보입니다. 첫 줄이 추정 원인이고, '구분됨'이 '아니오'인 줄은"
        " 증거로는 첫 줄과 가릴 수 없는 것입니다. All은 여럿이라는 뜻이고, '기관'은 가장 많이"
        " 실패한 기관입니다.",
        do="첫 줄의 구성요소를 누르면 그 중계사·통신사로 좁힌 채널 화면으로, 기관을 누르면 그"
        " 기관의 화면으로 갑니다.",
        overrides=[
            column("구성요소", links=[_to_channel()]),
            panels.word_cell("가설", HYPOTHESES),
            column("증거(10의 승)", unit="none", decimals=1),
            column("실패", unit=COUNT),
            column("시험", unit=COUNT),
            panels.word_cell("구분됨", SEPARATED),
            column("기관", links=[_to_body()]),
        ],
    )
    others = panels.states(
        6,
        "다른 채널도?",
        (14, 9, 10, 9),
        Prom("min by (channel) (bongsu_channel_state)", "{{channel}}"),
        means="모든 채널의 상태를 나란히 보입니다. 빈칸은 무자료입니다.",
        do="여러 채널이 함께 나쁘면 한 중계사보다 공통된 곳이나 봉수·통신망을 의심합니다.",
    )
    return [candidates, others]


def _to_channel() -> Json:
    return shared.to_board(
        "이 구성요소의 채널 보기",
        "bongsu-channel",
        channel="${channel}",
        provider='${__data.fields["중계사"]}',
        carrier='${__data.fields["통신사"]}',
    )


def _to_body() -> Json:
    return shared.to_board("이 기관 보기", "bongsu-body", body='${__data.fields["기관"]}')


def _over_time() -> list[Modern]:
    reached = panels.timeline(
        4,
        "도달률 (전·중·후)",
        (0, 18, 12, 9),
        Prom(shared.share_delivered(shared.labels("channel"), "provider", "15m"), "{{provider}}"),
        means="이 장애의 채널에서 중계사마다 15분 동안의 도달률입니다. 색칠된 구간이 장애입니다.",
        do="한 중계사만 내려갔으면 그 중계사, 모두 내려갔으면 통신사·플랫폼입니다.",
        steps=OBJECTIVE_STEPS,
        unit=RATIO,
        decimals=1,
        low=0,
    )
    stages = panels.timeline(
        5,
        "단계별 지연 (95 %)",
        (12, 18, 12, 9),
        shared.stage_seconds(_ROUTES),
        means="이 장애의 채널과 중계사에서 발송부터 각 단계까지 걸린 시간의 95 % 분위수입니다."
        " 30분을 봅니다.",
        do="선이 오른 첫 단계가 막힌 구간입니다. 끊긴 선은 그 단계까지 온 시험이 없다는 뜻입니다.",
        log=True,
        unit=SECONDS,
        decimals=1,
        overrides=panels.named(shared.STAGES),
    )
    return [reached, stages]


def _story() -> list[Modern]:
    events = panels.table(
        8,
        "경과 기록",
        (0, 27, 14, 9),
        Sql(
            'SELECT at AS "시각", kind AS "종류", actor AS "누가", note AS "내용"\n'
            "FROM dash.incident_event\nWHERE incident_id = ${incident:sqlstring}\nORDER BY at"
        ),
        means="이 장애에 일어난 일을 때 순서로 적은 것입니다. 고치거나 지울 수 없습니다.",
        do="조치한 것은 `bongsu incidents note`로 남깁니다.",
        overrides=[panels.word_cell("종류", EVENTS)],
    )
    changes = panels.table(
        9,
        "직전 변경",
        (14, 27, 10, 9),
        Sql(
            'SELECT c.at AS "시각", c.title AS "변경", c.who AS "누가"\n'
            "FROM dash.change AS c\nJOIN dash.incident AS i\n"
            f"    ON {_ITS} AND c.at BETWEEN i.started_at - interval '24 hours'\n"
            "        AND i.started_at + interval '10 minutes'\nORDER BY c.at DESC"
        ),
        means="장애가 시작되기 24시간 전부터 10분 뒤까지 카탈로그에서 바뀐 것입니다.",
        do="시작 직전에 바뀐 것이 있으면 원인 후보와 겹치는지 보고, 겹치면 되돌립니다.",
    )
    return [events, changes]


def _samples() -> list[Modern]:
    failed = panels.table(
        11,
        "실패 표본",
        (0, 36, 24, 9),
        Sql(
            'SELECT p.probe_id AS "시험", p.sent_at AS "발송", p.provider AS "중계사",\n'
            '    p.carrier AS "통신사", p.body AS "기관", p.receiver AS "단말",\n'
            '    p.outcome AS "결과", p.error_code AS "오류", p.error_text AS "설명"\n'
            f"{_PROBES}\nORDER BY p.sent_at DESC\nLIMIT 50"
        ),
        means="이 장애 동안 이 채널에서 제때 도달하지 못한 정기 시험의 최근 50건입니다. 측정기"
        " 장애는 실패 대신 무효가 된 시험을 보입니다.",
        do="시험을 누르면 아래 '시험 추적'에 그 시험이 어느 단계에서 멈췄는지 나옵니다.",
        overrides=[
            column("시험", links=[_to_itself()]),
            panels.word_cell("결과", OUTCOMES),
            column("기관", links=[_to_body()]),
        ],
    )
    trace = panels.table(
        12,
        "시험 추적",
        (0, 45, 12, 8),
        Sql(
            'SELECT v.n::text AS "순서", v.stage AS "단계", v.at AS "시각",\n'
            '    extract(epoch FROM v.at - p.sent_at) AS "경과", p.outcome AS "결과",\n'
            '    p.error_text AS "설명"\n'
            "FROM dash.probe AS p\nCROSS JOIN LATERAL (\n    VALUES (1, '발송', p.sent_at),\n"
            "        (2, '중계사 수락', p.accepted_at), (3, '중계사 전달 통보', p.reported_at),\n"
            "        (4, '단말 수신', p.seen_at)\n) AS v (n, stage, at)\n"
            f"WHERE p.probe_id::text = ${{probe:sqlstring}} AND {shared.DURING}\nORDER BY v.n"
        ),
        means="고른 시험이 거친 단계입니다. '무자료'인 첫 단계가 멈춘 곳입니다. 시험을 고르지"
        " 않았으면 비어 있습니다.",
        do="시험 번호와 이 시각들을 중계사에 보내 확인을 요청합니다.",
        overrides=[
            column("경과", unit=SECONDS, decimals=1),
            panels.word_cell("결과", OUTCOMES),
        ],
    )
    return [failed, trace]


def _to_itself() -> Json:
    return shared.to_board(
        "이 시험의 추적 보기", "bongsu-incident", incident="${incident}", probe="${__value.text}"
    )


def _alike() -> Modern:
    return panels.table(
        10,
        "비슷한 과거 장애",
        (12, 45, 12, 8),
        Sql(
            "SELECT "
            + shared.INCIDENT_CELLS
            + ',\n    i.started_at AS "시작", i.title AS "내용", i.cause AS "원인",\n'
            '    extract(epoch FROM i.ended_at - i.started_at) AS "지속"\n'
            "FROM dash.incident AS this\nJOIN dash.incident AS i\n"
            "    ON i.id <> this.id AND i.kind = this.kind AND i.channel = this.channel\n"
            "    AND i.provider IS NOT DISTINCT FROM this.provider\n"
            "WHERE this.id = ${incident:sqlstring}\nORDER BY i.started_at DESC\nLIMIT 10"
        ),
        means="같은 채널과 중계사에서 있었던 다른 장애입니다. 지속이 '무자료'면 끝나지"
        " 않은 것입니다.",
        do="번호를 누르면 그때의 원인과 조치를 볼 수 있습니다.",
        overrides=[*shared.incident_cells(), column("지속", unit=SECONDS, decimals=0)],
    )


def _chosen() -> list[Variable]:
    """The newest incident, unless a link names one; what follows from it is hidden."""
    derived = [
        _asked(name, f"SELECT coalesce({name}, '.*') FROM dash.incident AS i WHERE {_ITS}", True)
        for name in ("channel", "provider")
    ]
    newest = "SELECT id FROM dash.incident ORDER BY started_at DESC LIMIT 500"
    probe = Variable(name="probe", label="시험", type="textbox", query="")
    return [_asked("incident", newest), *derived, probe]


def _asked(name: str, sql: str, derived: bool = False) -> Variable:
    return Variable(
        name=name,
        label=shared.CAPTIONS[name],
        query=sql,
        dataSource=house.PG,
        refresh=house.WITH_TIME,
        sort=0,
        derived=derived,
    )


BOARD = shared.board(
    "incident",
    "장애 상세",
    "무슨 일이고, 원인은 무엇인가?",
    "now-24h",
    _chosen(),
    [*_summary(), *_causes(), *_over_time(), *_story(), *_samples(), _alike()],
)
