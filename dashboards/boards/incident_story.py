"""The lower half of `bongsu-incident`: what happened, to which probes, and when it did before.

In: an incident's id in `${incident}`, a probe's in `${probe}`. Before: `shared.py`. After:
`incident.py`, which holds the board.
"""

from dashboards import house, panels, shared
from dashboards.house import SECONDS, Json, Modern, Sql
from dashboards.panels import column
from dashboards.shared import OUTCOMES

ITS = "i.id = ${incident:sqlstring}"
# Probes of the incident `i`, and which of them it explains: a body's own configuration among them;
# of a fault of bongsu's own those that measured nothing. What is settled minutes later, or hours
# while a phone is silent, counts while it is missing.
PROBES = f"""\
FROM dash.incident AS i
JOIN dash.probe AS p
    ON p.channel = i.channel AND p.provider = coalesce(i.provider, p.provider)
    AND p.carrier = coalesce(i.carrier, p.carrier) AND p.body = coalesce(i.body, p.body)
    AND p.sent_at BETWEEN i.started_at AND coalesce(i.ended_at, now())
WHERE {ITS} AND {shared.DURING}"""
EXPLAINED = """\
CASE
        WHEN p.outcome IS NULL
            THEN p.seen_at IS NULL AND p.sent_at < now() - interval '30 seconds'
        WHEN i.kind = 'monitor' THEN p.outcome = 'void'
        ELSE p.outcome NOT IN ('delivered', 'unknown', 'void')
    END"""
RESULTS = {**OUTCOMES, "pending": ("대기 중", house.DARK)}

EVENTS = {
    "opened": ("열림", house.DOWN),
    "reopened": ("다시 열림", house.DOWN),
    "renamed": ("원인 변경", house.PURPLE),
    "changed": ("증상 변경", house.PURPLE),
    "widened": ("영향 확대", house.DEGRADED),
    "narrowed": ("영향 축소", house.INFORMATION),
    "noted": ("함께 나타남", house.DARK),
    "graded": ("심각도 변경", house.DEGRADED),
    "note": ("사람의 기록", house.DARK),
    "acknowledged": ("확인함", house.INFORMATION),
    "muted": ("호출 안 함", house.DARK),
    "closed": ("닫힘", house.NORMAL),
}


def lower_half() -> list[Modern]:
    """Timeline and changes, samples and stages, incidents before."""
    return [*_story(), *_samples(), _alike()]


def to_body() -> Json:
    """A link from a row to its body."""
    return shared.to_board("이 기관 보기", "bongsu-body", body='${__data.fields["기관"]}')


def _story() -> list[Modern]:
    events = panels.table(
        8,
        "경과 기록",
        (0, 27, 14, 9),
        Sql(
            'SELECT at AS "시각", kind AS "종류", actor AS "누가", note AS "내용"\n'
            "FROM dash.incident_event\nWHERE incident_id = ${incident:sqlstring}\n"
            "ORDER BY at, number"
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
            f"    ON {ITS} AND c.at BETWEEN i.started_at - interval '24 hours'\n"
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
            "    coalesce(p.outcome, 'pending') AS \"결과\",\n"
            '    p.error_code AS "오류", p.error_text AS "설명"\n'
            f"{PROBES}\n    AND {EXPLAINED}\nORDER BY p.outcome IS NULL,\n"
            "    CASE WHEN p.outcome IS NULL THEN p.sent_at END, p.sent_at DESC\nLIMIT 50"
        ),
        means="이 장애 동안 이 채널에서 제때 도달하지 못한 정기 시험의 최근 50건입니다. 측정기"
        " 장애는 실패 대신 무효가 된 시험을 보입니다. 결과가 정해지기 전에는 30초 넘게"
        " 오지 않는 시험이 '대기 중'으로, 오래된 것부터 나옵니다.",
        do="시험을 누르면 아래 '시험 추적'에 그 시험이 어느 단계에서 멈췄는지 나옵니다.",
        overrides=[
            column("시험", links=[_to_itself()]),
            panels.word_cell("결과", RESULTS),
            column("기관", links=[to_body()]),
        ],
    )
    trace = panels.table(
        12,
        "시험 추적",
        (0, 45, 12, 8),
        Sql(
            'SELECT v.n::text AS "순서", v.stage AS "단계", v.at AS "시각",\n'
            '    extract(epoch FROM v.at - p.sent_at) AS "경과",\n'
            "    coalesce(p.outcome, 'pending') AS \"결과\",\n"
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
            panels.word_cell("결과", RESULTS),
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
