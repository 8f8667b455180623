"""봉수 자체 `bongsu-pipeline`: is the one that measures well, and would its pages arrive?

Numbers of panels are those of the design up to 13; those from 16 on are not of it. Its 14 and 15
are told by alerts, or come with reports.
"""

from dashboards import house, panels, shared
from dashboards.boards.pipeline_pages import pages
from dashboards.house import COUNT, SECONDS, Modern, Prom

_REQUESTS = "bongsu_ingest_requests_total"
_LATELY = "[$__rate_interval]"


def _p99(metric: str, *by: str, window: str = "$__rate_interval") -> Prom:
    """The 99 % quantile of a histogram, by labels."""
    group = ", ".join(("le", *by))
    legend = " / ".join(f"{{{{{name}}}}}" for name in by) or "99 %"
    return Prom(
        f"histogram_quantile(0.99, sum by ({group}) (rate({metric}_bucket[{window}])))", legend
    )


def _itself() -> list[Modern]:
    checks = panels.stat(
        1,
        "자체 점검 경과",
        (0, 0, 14, 4),
        Prom(  # upkeep works once an hour
            'time() - max by (job, check) (bongsu_selfcheck_timestamp_seconds{check!="upkeep"})',
            "{{job}} {{check}}",
            instant=True,
        ),
        means="프로세스의 부분마다 마지막으로 제 일을 한 뒤 지난 시간입니다.",
        do="2분을 넘은 부분의 프로세스 로그를 보고, 멈췄으면 다시 시작합니다.",
        steps=[(None, house.NORMAL), (120, house.DEGRADED), (300, house.DOWN)],
        unit=SECONDS,
        decimals=0,
    )
    late = panels.stat(
        2,
        "발송 지연 (99 %)",
        (14, 0, 5, 4),
        _p99("bongsu_probe_schedule_delay_seconds", window="15m"),
        means="시험의 차례부터 발송 예고까지 걸린 시간의 99 % 분위수입니다. 15분을 봅니다.",
        do="1초를 넘으면 발송기(probe)가 바쁘거나 카프카가 느린 것입니다: 발송기를 늘립니다.",
        history=True,
        steps=[(None, house.NORMAL), (1, house.DEGRADED), (5, house.DOWN)],
        unit=SECONDS,
        decimals=2,
    )
    unsaid = panels.stat(
        7,
        "카프카 기록 실패 (15분)",
        (19, 0, 5, 4),
        Prom('sum(increase(bongsu_kafka_produce_total{result!="ok"}[15m])) or vector(0)', "실패"),
        means="최근 15분에 카프카가 받지 않은 기록의 수입니다(어림수).",
        do="1건이라도 있으면 브로커의 상태와 `bongsu doctor`를 봅니다.",
        history=True,
        steps=[(None, house.NORMAL), (1, house.DOWN)],
        unit=COUNT,
        decimals=0,
    )
    return [checks, late, unsaid]


def _receiving() -> list[Modern]:
    results = panels.timeline(
        3,
        "수신 요청 결과",
        (0, 4, 8, 7),
        Prom(f"sum by (result) (rate({_REQUESTS}{_LATELY}))", "{{result}}"),
        means="단말과 중계사가 보내온 요청이 초마다 몇 건이고 어떻게 되었는지 보입니다.",
        do="accepted가 줄면 단말과 망을, unavailable이 보이면 카프카를 봅니다.",
        bars=True,
        unit="reqps",
        decimals=1,
        low=0,
    )
    seconds = panels.timeline(
        4,
        "수신 지연 (99 %)",
        (8, 4, 8, 7),
        _p99("bongsu_ingest_seconds", "kind"),
        means="요청을 읽기 시작해 답할 때까지 걸린 시간의 99 % 분위수입니다.",
        do="0.5초를 넘으면 카프카의 응답을 봅니다. 중계사는 늦은 답을 실패로 알고 다시 보냅니다.",
        steps=[(None, house.NORMAL), (0.5, house.DEGRADED), (2, house.DOWN)],
        unit=SECONDS,
        decimals=2,
    )
    forged = panels.timeline(
        5,
        "서명·시각 오류",
        (16, 4, 8, 7),
        Prom(
            "sum by (kind, result)"
            f' (increase({_REQUESTS}{{result=~"bad_signature|stale|invalid"}}{_LATELY}))',
            "{{kind}} / {{result}}",
        ),
        means="서명이 틀렸거나, 시각이 어긋났거나, 알아볼 수 없어 버린 요청입니다.",
        do="한 종류만 늘면 그 단말의 열쇠와 시계를, 모르는 곳에서 오면 공격을 의심합니다.",
        bars=True,
        least_step="5m",
        unit=COUNT,
        decimals=0,
        low=0,
    )
    return [results, seconds, forged]


def _storing() -> list[Modern]:
    behind = panels.timeline(
        8,
        "저장이 뒤처진 시간",
        (0, 11, 8, 7),
        Prom("max by (topic, group) (bongsu_consumer_lag_seconds)", "{{topic}} / {{group}}"),
        means="카프카에 있으나 아직 저장하지 않은 가장 오래된 기록의 나이입니다.",
        do="30초를 넘으면 Postgres를 봅니다. 뒤처진 동안 결과는 늦게 정해질 뿐 잃지 않습니다.",
        steps=[(None, house.NORMAL), (30, house.DEGRADED), (120, house.DOWN)],
        unit=SECONDS,
        decimals=0,
    )
    waiting = panels.bar_gauge(
        9,
        "적체 건수",
        (8, 11, 8, 7),
        Prom(
            "sum by (topic, group) (bongsu_consumer_lag_records)",
            "{{topic}} / {{group}}",
            instant=True,
        ),
        means="아직 저장하지 않은 기록의 수입니다.",
        do="1,000건을 넘어 줄지 않으면 alerting을 한 대 더 띄웁니다.",
        steps=[(None, house.NORMAL), (1_000, house.DEGRADED), (10_000, house.DOWN)],
        unit=COUNT,
        decimals=0,
        low=0,
    )
    seconds = panels.timeline(
        11,
        "저장 지연 (99 %)",
        (16, 11, 8, 7),
        _p99("bongsu_store_seconds", "operation"),
        means="데이터베이스 거래 하나에 걸린 시간의 99 % 분위수입니다.",
        do="0.2초를 넘으면 Postgres의 디스크와 잠금을 봅니다.",
        steps=[(None, house.NORMAL), (0.2, house.DEGRADED), (1, house.DOWN)],
        unit=SECONDS,
        decimals=2,
    )
    return [behind, waiting, seconds]


def _left_over() -> list[Modern]:
    aside = panels.timeline(
        10,
        "제쳐 둔 기록",
        (0, 18, 8, 6),
        Prom(
            f"sum by (topic, reason) (increase(bongsu_dead_letters_total{_LATELY}))",
            "{{topic}} / {{reason}}",
        ),
        means="알아볼 수 없어 `deadletters` 토픽으로 보낸 기록입니다.",
        do="1건이라도 있으면 `docs/runbooks/dead-letters.md`대로 까닭을 찾습니다.",
        bars=True,
        least_step="5m",
        unit=COUNT,
        decimals=0,
        low=0,
    )
    strays = panels.timeline(
        6,
        "짝 없는 수신·중복",
        (8, 18, 8, 6),
        Prom(
            f'sum by (kind) (increase({_REQUESTS}{{result="unmatched"}}{_LATELY}))',
            "짝 없음 {{kind}}",
        ),
        Prom(f"sum by (kind) (increase(bongsu_store_duplicates_total{_LATELY}))", "중복 {{kind}}"),
        means="시험이 아닌 메시지를 본 것(짝 없음)과, 이미 저장한 것이 다시 온 것(중복)입니다.",
        do="조금씩은 늘 있습니다. 갑자기 늘면 단말이 되풀이해 보내는지 봅니다.",
        bars=True,
        least_step="5m",
        unit=COUNT,
        decimals=0,
        low=0,
    )
    ticks = panels.timeline(
        16,
        "판정 시간 (99 %)",
        (16, 18, 8, 6),
        _p99("bongsu_detection_tick_seconds"),
        means="1초마다 하는 장애 판정 한 번에 걸린 시간의 99 % 분위수입니다.",
        do="0.5초를 넘으면 alerting이 도는 서버의 CPU를 봅니다. 1초를 넘으면 판정이 밀립니다.",
        steps=[(None, house.NORMAL), (0.5, house.DEGRADED), (1, house.DOWN)],
        unit=SECONDS,
        decimals=3,
    )
    return [aside, strays, ticks]


BOARD = shared.board(
    "pipeline",
    "봉수 자체",
    "측정기가 멀쩡하고, 호출은 사람에게 닿는가?",
    "now-6h",
    [],
    [*_itself(), *_receiving(), *_storing(), *_left_over(), *pages()],
)
