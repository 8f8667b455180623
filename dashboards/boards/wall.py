"""종합 현황판 `bongsu-wall`: do messages reach people now? Fits one screen of 1080 lines.

Numbers of panels are those of the design; 13 comes with objectives. 14 and 15 are not of it.
"""

from dashboards import house, panels, shared
from dashboards.house import COUNT, RATIO, SECONDS, Modern, Prom, Sql
from dashboards.panels import column
from dashboards.shared import OBJECTIVE_STEPS

_OUTCOMES = "bongsu_probe_outcome_total"
_BY_CHANNEL = Prom("min by (channel) (bongsu_channel_state)", "{{channel}}")
_TO_CHANNEL = [
    shared.to_board("이 채널 보기", "bongsu-channel", channel="${__field.labels.channel}")
]


def _verdicts() -> list[Modern]:
    whole = panels.state(
        1,
        "전체 판정",
        (0, 0, 5, 4),
        Prom("min(bongsu_channel_state)", instant=True),
        means="모든 채널과 중계사 가운데 가장 나쁜 상태입니다. '무자료'는 정상이라는 뜻이 아니라"
        " 판정하는 프로세스가 없거나 재고 있는 것이 없다는 뜻입니다.",
        do="'장애'나 '지연'이면 아래 목록에서 장애를 누릅니다. 누르면 가장 최근 장애로 갑니다.",
        field_links=[shared.to_board("최근 장애 보기", "bongsu-incident")],
    )
    open_ = panels.stat(
        2,
        "열린 장애",
        (5, 0, 3, 4),
        Sql(
            'SELECT count(*) AS "열린 장애"\n'
            "FROM dash.incident\nWHERE kind = 'outage' AND status <> 'closed'"
        ),
        means="아직 끝나지 않은 장애의 수입니다. 봉수 자체의 고장(측정기 장애)은 세지 않습니다.",
        do="1건이라도 있으면 '열린 장애 목록'에서 심각도가 높은 것부터 엽니다.",
        steps=[(None, house.NORMAL), (1, house.DEGRADED), (3, house.DOWN)],
        unit=COUNT,
        decimals=0,
    )
    return [whole, open_, *_measured()]


def _measured() -> list[Modern]:
    reached = panels.stat(
        3,
        "도달률 (1시간)",
        (8, 0, 5, 4),
        Prom(shared.share_delivered("", "", "1h")),
        means="최근 1시간에 결과가 정해진 정기 시험 가운데 단말이 제때 받은 비율입니다."
        " 무효·판정 불가·기관 설정 오류는 분모에서 뺍니다.",
        do="목표(99 %)보다 낮으면 '채널 상태'와 '실패 상위 10'에서 어느 채널인지 찾습니다.",
        history=True,
        steps=OBJECTIVE_STEPS,
        unit=RATIO,
        decimals=2,
    )
    counted = panels.stat(
        4,
        "시험 건수 (1시간)",
        (13, 0, 3, 4),
        Prom(f"sum(increase({_OUTCOMES}{{{shared.UNMEASURED_LABEL}}}[1h]))", instant=True),
        means="최근 1시간에 결과가 정해진 정기 시험 수입니다(어림수). 도달률의 분모입니다.",
        do="60건보다 적으면 도달률로 판단하지 않고, 발송과 시험 단말이 멈췄는지 봅니다.",
        steps=[(None, house.DEGRADED), (60, house.NORMAL)],
        unit=COUNT,
        decimals=0,
    )
    seen = panels.stat(
        5,
        "마지막 수신 확인",
        (16, 0, 4, 4),
        Prom("time() - max(bongsu_receiver_last_seen_timestamp_seconds)", instant=True),
        means="시험 단말 가운데 하나라도 마지막으로 신호를 보낸 뒤 지난 시간입니다.",
        do="5분을 넘으면 봉수가 눈이 먼 것입니다: 채널보다 수신부(ingest)와 단말의 망을 봅니다.",
        steps=[(None, house.NORMAL), (300, house.DEGRADED), (900, house.DOWN)],
        unit=SECONDS,
        decimals=0,
    )
    itself = panels.stat(
        6,
        "봉수 자체 상태",
        (20, 0, 4, 4),
        Prom(  # upkeep works once an hour
            "max(time() - max by (job, check)"
            ' (bongsu_selfcheck_timestamp_seconds{check!="upkeep"}))',
            instant=True,
        ),
        means="발송·수신·저장·탐지 가운데 가장 오래 일하지 못한 부분이 마지막으로 일한 뒤"
        " 지난 시간입니다.",
        do="2분을 넘으면 이 화면의 다른 수를 믿지 않고, 눌러서 멈춘 부분을 찾습니다.",
        steps=[(None, house.NORMAL), (120, house.DEGRADED), (300, house.DOWN)],
        unit=SECONDS,
        decimals=0,
        field_links=[shared.to_board("봉수 자체 보기", "bongsu-pipeline")],
    )
    return [reached, counted, seen, itself]


def _channels() -> list[Modern]:
    tiles = panels.state(
        7,
        "채널 상태",
        (0, 4, 24, 4),
        Prom(_BY_CHANNEL.expr, _BY_CHANNEL.legend, instant=True),
        means="채널마다 중계사 가운데 가장 나쁜 상태입니다. '장애'는 재고 있는 경로 모두가,"
        " '지연'은 일부가 열린 장애에 걸리거나 느린 것입니다. 재지 않는 채널은 칸이 없습니다.",
        do="색이 바뀐 채널을 누르면 그 채널의 어느 구간이 막혔는지 볼 수 있습니다.",
        field_links=_TO_CHANNEL,
    )
    history = panels.states(
        8,
        "채널별 상태 이력",
        (0, 8, 16, 6),
        _BY_CHANNEL,
        means="채널 상태가 언제 바뀌었는지 보입니다. 빈칸은 무자료입니다.",
        do="여러 채널이 같은 때에 바뀌면 공통된 곳(중계사·플랫폼·봉수)을 먼저 의심합니다.",
        field_links=_TO_CHANNEL,
    )
    failing = panels.bar_gauge(
        10,
        "실패 상위 10 (1시간)",
        (16, 8, 8, 6),
        Prom(
            f"topk(10, sum by (channel, provider) (increase({_OUTCOMES}"
            '{outcome=~"late|undelivered|rejected|failover"}[1h]))) > 0',
            "{{channel}} / {{provider}}",
            instant=True,
        ),
        means="최근 1시간에 제때 도달하지 못한 정기 시험이 많은 채널과 중계사입니다(어림수)."
        " 비어 있으면 실패가 없었던 것입니다.",
        do="맨 위의 짝을 누르면 그 중계사로 좁힌 채널 화면으로 갑니다.",
        steps=[(None, house.NORMAL), (1, house.DEGRADED), (5, house.DOWN)],
        unit=COUNT,
        decimals=0,
        low=0,
        field_links=[
            shared.to_board(
                "이 중계사의 채널 보기",
                "bongsu-channel",
                channel="${__field.labels.channel}",
                provider="${__field.labels.provider}",
            )
        ],
    )
    return [tiles, history, failing]


def _lists() -> list[Modern]:
    outages = panels.table(
        9,
        "열린 장애 목록",
        (0, 14, 16, 6),
        Sql(
            f"SELECT {shared.INCIDENT_CELLS},\n"
            '    i.severity::text AS "심각도", coalesce(i.channel, \'여러 채널\') AS "채널",\n'
            '    coalesce(i.provider, \'여러 중계사\') AS "중계사", i.title AS "내용",\n'
            '    i.started_at AS "시작",\n'
            '    floor(extract(epoch FROM now() - i.started_at) / 60) AS "경과",\n'
            "    coalesce(i.owner, '미지정') AS \"담당\"\n"
            "FROM dash.incident AS i\nWHERE i.kind = 'outage' AND i.status <> 'closed'\n"
            "ORDER BY i.severity, i.started_at"
        ),
        means="끝나지 않은 장애를 심각도 순으로 보입니다. 빈 표는 열린 장애가 없다는 뜻입니다.",
        do="장애 번호를 누르면 원인 후보와 경과를 볼 수 있습니다.",
        overrides=[
            *shared.incident_cells(),
            panels.word_cell("심각도", shared.SEVERITIES),
            column("경과", unit="m", decimals=0),
        ],
    )
    own = panels.table(
        15,
        "측정기 장애",
        (16, 14, 8, 6),
        Sql(
            f"SELECT {shared.INCIDENT_CELLS},\n"
            '    i.title AS "내용", i.started_at AS "시작"\n'
            "FROM dash.incident AS i\nWHERE i.kind = 'monitor' AND i.status <> 'closed'\n"
            "ORDER BY i.started_at"
        ),
        means="시험 단말·발송기·수집부처럼 봉수 자체가 고장 난 것입니다. 메시지의 장애가 아니며,"
        " 걸린 경로는 무자료가 됩니다.",
        do="비어 있지 않으면 번호를 눌러 무엇이 고장 났는지 보고 그 단말이나 프로세스를 살립니다.",
        overrides=shared.incident_cells(),
    )
    return [outages, own]


def _over_time() -> list[Modern]:
    reached = panels.timeline(
        11,
        "도달률 추이",
        (0, 20, 8, 7),
        Prom(shared.share_delivered("", "channel", "30m"), "{{channel}}"),
        means="채널마다 30분 동안의 도달률입니다.",
        do="점선(목표) 아래로 내려간 채널의 상세 화면을 엽니다.",
        steps=OBJECTIVE_STEPS,
        unit=RATIO,
        decimals=1,
        field_links=_TO_CHANNEL,
    )
    seconds = panels.timeline(
        12,
        "도달 시간 (95 %)",
        (8, 20, 8, 7),
        Prom(
            "histogram_quantile(0.95, sum by (le, channel)"
            ' (rate(bongsu_probe_stage_seconds_bucket{stage="seen"}[30m])))',
            "{{channel}}",
        ),
        means="발송부터 단말이 받을 때까지 걸린 시간의 95 % 분위수입니다. 30분을 봅니다.",
        do="한 채널만 오르면 그 채널의 '단계별 지연'을 봅니다.",
        log=True,
        unit=SECONDS,
        decimals=1,
        field_links=_TO_CHANNEL,
    )
    open_ = panels.timeline(
        14,
        "열린 장애 추이",
        (16, 20, 8, 7),
        Prom("sum(bongsu_incidents_open) or 0 * count(bongsu_channel_state)", "열린 장애"),
        means="끝나지 않은 장애의 수가 어떻게 바뀌었는지 보입니다. 빈칸은 판정하는 프로세스가"
        " 없었다는 뜻입니다.",
        do="오래 줄지 않으면 '열린 장애 목록'에서 가장 오래된 것의 경과를 봅니다.",
        unit=COUNT,
        decimals=0,
        low=0,
    )
    return [reached, seconds, open_]


BOARD = shared.board(
    "wall",
    "종합 현황판",
    "지금 국민에게 메시지가 가고 있는가?",
    "now-6h",
    [],
    [*_verdicts(), *_channels(), *_lists(), *_over_time()],
    annotations=[],
    refresh="30s",
)
