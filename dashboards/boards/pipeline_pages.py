"""The lower third of `bongsu-pipeline`: do pages leave, over which paths, and would each arrive?

Before: `shared.py`. After: `pipeline.py`, which holds the board.
"""

from dashboards import house, panels
from dashboards.house import COUNT, SECONDS, Modern, Prom

_TRIES = "bongsu_page_tries_total"
_LATELY = "[$__rate_interval]"


def pages() -> list[Modern]:
    """Four figures, and three panels of paths and pages."""
    return [*_figures(), *_paths()]


def _figures() -> list[Modern]:
    oldest = panels.stat(
        17,
        "가장 오래 기다린 호출",
        (0, 24, 6, 4),
        Prom("max(bongsu_page_oldest_unsent_seconds)"),
        means="보낼 때가 되었으나 아무도 받지 않은 호출 가운데 가장 오래된 것이 기다린 시간입니다."
        " 0이면 기다리는 호출이 없습니다.",
        do="2분을 넘으면 `bongsu incidents show`로 어느 길이 무슨 답을 했는지 봅니다.",
        history=True,
        steps=[(None, house.NORMAL), (20, house.DEGRADED), (120, house.DOWN)],
        unit=SECONDS,
        decimals=0,
    )
    seconds = panels.stat(
        13,
        "탐지 → 호출 (95 %, 24시간)",
        (6, 24, 6, 4),
        Prom(
            "histogram_quantile(0.95, sum by (le) (rate(bongsu_page_seconds_bucket[24h])))",
            instant=True,
        ),
        means="장애를 안 때부터 호출이 접수될 때까지 걸린 시간의 95 % 분위수입니다."
        " 24시간을 보며, 그동안 호출이 없었으면 무자료입니다.",
        do="1분을 넘으면 '호출 시도'에서 실패한 길을 찾습니다.",
        steps=[(None, house.NORMAL), (60, house.DEGRADED), (180, house.DOWN)],
        unit=SECONDS,
        decimals=1,
    )
    failed = panels.stat(
        12,
        "호출 실패 (1시간)",
        (12, 24, 6, 4),
        Prom(f'sum(increase({_TRIES}{{answer!="accepted"}}[1h]))', instant=True),
        means="최근 1시간에 접수되지 않은 호출 시도의 수입니다(어림수). 다른 길로 갔거나 다시"
        " 보내므로 호출이 사라진 것은 아닙니다.",
        do="1건이라도 있으면 '호출 시도'에서 어느 길인지 봅니다. 까닭은 `bongsu oncall paths`에"
        " 나옵니다.",
        steps=[(None, house.NORMAL), (1, house.DEGRADED), (10, house.DOWN)],
        unit=COUNT,
        decimals=0,
    )
    outside = panels.stat(
        20,
        "바깥 감시 경과",
        (18, 24, 6, 4),
        Prom("time() - max(bongsu_heartbeat_timestamp_seconds > 0)", instant=True),
        means="바깥의 감시 서비스가 봉수의 살아 있다는 신호를 마지막으로 받은 뒤 지난 시간입니다."
        " 주소(BONGSU_HEARTBEAT_URL)를 두지 않았으면 무자료입니다.",
        do="2분을 넘으면 시험 하나가 발송에서 판정까지 다 가지 못하는 것입니다:"
        " `docs/runbooks/whole-way.md`를 봅니다.",
        steps=[(None, house.NORMAL), (120, house.DEGRADED), (300, house.DOWN)],
        unit=SECONDS,
        decimals=0,
    )
    return [oldest, seconds, failed, outside]


def _paths() -> list[Modern]:
    proven = panels.bar_gauge(
        18,
        "호출 경로 확인 경과",
        (0, 28, 8, 8),
        Prom(
            "time() - max by (path, how) (bongsu_path_proof_timestamp_seconds)",
            "{{path}} ({{how}})",
            instant=True,
        ),
        means="호출 경로마다 사람을 깨우지 않고 마지막으로 확인된 뒤 지난 시간입니다. seen은 시험"
        " 단말이 받은 것, returned는 보낸 것이 수신부로 되돌아온 것, accepted는 접수까지만 알 수"
        " 있는 것입니다. 한 번도 확인되지 않은 길은 수십 년으로 보입니다.",
        do="2시간을 넘은 길은 `bongsu oncall paths`로 까닭을 봅니다. 3시간을 넘으면 호출은 다른"
        " 길로 먼저 갑니다.",
        steps=[(None, house.NORMAL), (7_200, house.DEGRADED), (9_000, house.DOWN)],
        unit=SECONDS,
        decimals=0,
        low=0,
    )
    tries = panels.timeline(
        19,
        "호출 시도",
        (8, 28, 8, 8),
        Prom(f"sum by (path, answer) (increase({_TRIES}{_LATELY}))", "{{path}} / {{answer}}"),
        means="호출 경로마다 몇 번 보냈고 무슨 답을 받았는지 보입니다. 다시 보낸 것도 셉니다.",
        do="refused는 설정이나 열쇠를, later와 unclear는 그 중계사나 서버를 봅니다.",
        bars=True,
        least_step="5m",
        unit=COUNT,
        decimals=0,
        low=0,
    )
    ended = panels.timeline(
        21,
        "호출",
        (16, 28, 8, 8),
        Prom(
            f"sum by (kind, result) (increase(bongsu_pages_total{_LATELY}))",
            "{{kind}} / {{result}}",
        ),
        means="호출이 종류마다 몇 건 접수되었는지 보입니다. dropped는 보내기 전에 누가 확인했거나"
        " 복구되어 그만둔 재호출입니다. given-up은 장애가 끝나고 하루가"
        " 지나도록 아무도 받지 않아 그만둔 것입니다.",
        do="given-up이 있으면 그 사람이나 시스템의 모든 길이 끊겼던 것입니다."
        " `bongsu oncall paths`를 봅니다.",
        bars=True,
        least_step="5m",
        unit=COUNT,
        decimals=0,
        low=0,
    )
    return [proven, tries, ended]
