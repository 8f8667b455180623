"""Names that people read, of every kind of component, in both languages."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from services.alerting.detection.kinds import BONUS
from services.alerting.detection.likelihood import Hypothesis
from services.alerting.incidents.words import Words, closed, narrowed, widened
from services.catalogue.load import load
from tests.support.incidents import NOW, an_incident

WORDS = Words(load(Path(__file__).parents[4] / "catalogue").catalogue(UUID(int=1)))


@pytest.mark.parametrize(
    ("component", "ko", "en"),
    [
        ("platform:kakaotalk", "카카오톡", "KakaoTalk"),
        ("platform:kakaotalk/alimtalk", "카카오톡 알림톡", "KakaoTalk Alimtalk"),
        ("platform:kakaotalk/media", "카카오톡 이미지", "KakaoTalk images"),
        ("carrier:skt", "통신사 SKT", "carrier SKT"),
        ("carrier:lgu/sms", "통신사 LG U+ 단문 문자", "carrier LG U+ SMS"),
        ("receiver:skt-01", "수신 단말 skt-01", "receiver skt-01"),
        ("worker:w1", "발송기 w1", "worker w1"),
        ("site:elsewhere", "수신 장소 elsewhere", "site elsewhere"),
    ],
)
def test_a_component_has_a_name_in_both_languages(component: str, ko: str, en: str) -> None:
    assert WORDS.component(component) == (ko, en)


@pytest.mark.parametrize("kind", BONUS)
@pytest.mark.parametrize("hypothesis", Hypothesis)
def test_every_kind_has_a_title_for_every_hypothesis(kind: str, hypothesis: Hypothesis) -> None:
    title = WORDS.title(f"{kind}:x/y", hypothesis)
    assert "x" in title.ko
    assert title.ko != title.en
    assert "{" not in title.ko + title.en


def test_bongsus_own_fault_is_never_worded_as_lost_messages() -> None:
    assert WORDS.title("receiver:skt-01", "dead").ko == "수신 단말 skt-01: 응답 없음"


def test_an_ending_says_since_when_and_how_long() -> None:
    ended = an_incident(status="closed", ended_at=NOW, closed_at=NOW)
    assert closed(ended).ko == "종료: 10-15 15:30:00부터 정상, 지속 3분"
    long = ended._replace(started_at=NOW - timedelta(hours=26, minutes=5))
    assert closed(long).en == "over: well since 10-15 15:30:00, it lasted 26 h 5 min"
    short = ended._replace(started_at=NOW - timedelta(seconds=57))
    assert closed(short).ko.endswith("지속 1분 미만")


def test_a_line_names_a_few_routes_and_counts_the_rest() -> None:
    routes = [f"body-{number}.sms.sens" for number in range(10_000)]
    assert widened(routes[:2]).ko == "영향 확대: body-0.sms.sens, body-1.sms.sens"
    assert narrowed(routes).ko.endswith("body-1000.sms.sens 외 9995개 제외")
    assert widened(routes).en.endswith("body-1000.sms.sens and 9995 more")
