"""장애 상세 `bongsu-incident`: what happens, and what is its cause? Every alert leads here.

Numbers of panels are those of the design. What the detector wrote is shown, nothing is located a
second time.
"""

from dashboards import house, panels, shared
from dashboards.boards.incident_story import EXPLAINED, ITS, PROBES, lower_half, to_body
from dashboards.house import COUNT, RATIO, SECONDS, Json, Modern, Prom, Sql, Variable
from dashboards.panels import column
from dashboards.shared import OBJECTIVE_STEPS

_INCIDENT = f"FROM dash.incident AS i\nWHERE {ITS}"
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
            '    nullif(i.people, 0) AS "안내 대상", i.runbook_url AS "대응 절차"\n' + _INCIDENT
        ),
        means="심각도는 1이 가장 나쁩니다. '추정 원인'은 판정 당시의 증거로 고른 것이며 책임의"
        " 판단이 아닙니다. '안내 대상'은 걸린 안내를 받는 사람의 수이고, 모르면"
        " 무자료입니다.",
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
        do="탐지가 5분을 넘으면 그 경로의 시험 간격을 봅니다. '인지'가 무자료면 아직 아무도"
        " 확인하지 않은 것입니다.",
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
        f"(\n        SELECT p.body\n{PROBES}\n"
        f"        GROUP BY p.body\n        ORDER BY count(*) FILTER (WHERE {EXPLAINED}) DESC,"
        " count(*) DESC, p.body\n        LIMIT 1\n    )"
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
            f"JOIN dash.incident AS i ON i.id = c.incident_id\nWHERE {ITS}\n"
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
            column("기관", links=[to_body()]),
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


def _chosen() -> list[Variable]:
    """The newest incident, unless a link names one; what follows from it is hidden."""
    derived = [
        _asked(name, f"SELECT coalesce({name}, '.*') FROM dash.incident AS i WHERE {ITS}", True)
        for name in ("channel", "provider")
    ]
    newest = (
        "SELECT id AS __value, concat_ws(' ', to_char("
        "started_at AT TIME ZONE 'Asia/Seoul', 'MM-DD HH24:MI'), title) AS __text\n"
        "FROM dash.incident ORDER BY started_at DESC LIMIT 500"
    )
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
    [*_summary(), *_causes(), *_over_time(), *lower_half()],
)
