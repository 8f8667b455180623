"""A page in words: the whole text of a KakaoTalk outage, what each kind adds, the short form."""

import re
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.alerting.detection.likelihood import Hypothesis
from services.alerting.paging import filling
from services.alerting.paging.filling import Language
from services.alerting.paging.links import Addresses, links
from services.alerting.paging.message import Forms, Kind
from services.alerting.paging.words import Page, forms
from services.catalogue.components import components
from services.catalogue.load import load
from services.contracts.catalogue import Catalogue
from services.storage.incidents import Incident
from services.storage.planned import Notice, Window
from tests.support.incidents import FIGURES, NOW, an_incident

CATALOGUE = load(Path(__file__).parents[4] / "catalogue").catalogue(UUID(int=1))
ROUTES = sorted(name for name in CATALOGUE.routes if ".alimtalk." in name)
KAKAO = an_incident(
    id="platform:kakaotalk@1792045800", figures=FIGURES, rival=None, margin=10.8, routes=ROUTES,
    alike=["platform:kakaotalk/alimtalk"], people=1_270_000,
)  # fmt: skip
OVER = KAKAO._replace(
    status="closed", ended_at=NOW + timedelta(minutes=68), closed_at=NOW + timedelta(minutes=70)
)
OWN = an_incident(
    id="worker:w1@1792045811", kind="monitor", severity=None, component="worker:w1", rival=None,
    title_ko="발송기 w1: 응답 없음", title_en="worker w1: gives no sign of life", figures=FIGURES,
)  # fmt: skip
LINKS = links(
    Addresses("https://bongsu.example.go.kr", "https://boards.example.go.kr/"), KAKAO, "Abc-123"
)
KO = """\
[심각도 2] 카카오톡: 전달되지 않음 (15:27부터)
확인하기: https://bongsu.example.go.kr/a/Abc-123
시작: 10-15 15:27:00, 탐지 15:30:00 (한국시간)
시험 발송: 14건 중 14건 미도착
평소: 99 %가 11초 안에 도착
확인한 범위: 중계사 2곳, 발신 주체 5개, 수신 단말 7대, 발송기 2대
비교: 같은 중계사·단말·발송기로 보낸 다른 메시지는 3건 도착
추정 원인: 카카오톡 (잠정: 1분 안에 바뀔 수 있음)
증거: 정상일 가능성보다 10^8.6배 그럴듯함
다음 후보: 중계사 계정 SENS 모의 계정, 10^4.7배 덜 그럴듯함
메시지가 같은 구성요소: 카카오톡 알림톡
영향: 기관 3곳, 경로 10개, 채널 알림톡
영향받는 기관: 음성군, 거제시, 수영구
영향받는 사람: 1,270,000명 (인원이 알려진 고지만)
기한이 걸린 고지: 음성군 취득세 감면 사후 의무 안내 \
(C1, 의무 기한 전에 도달해야 하고, 도달을 증명할 수 있어야 함); \
수영구 지방세 환급금 안내 (C2, 하루 안에 도달); 거제시 보건·생활 안내 (C3, 몇 시간 안에 도달)
장애 번호: platform:kakaotalk@1792045800
장애 화면: https://boards.example.go.kr/d/bongsu-incident\
?var-incident=platform%3Akakaotalk%401792045800&from=1792043820000&to=now
대응 절차: docs/runbooks/outage.md"""
EN = """\
[severity 2] KakaoTalk: messages do not arrive (since 15:27)
Acknowledge: https://bongsu.example.go.kr/a/Abc-123
Onset: 10-15 15:27:00, found 15:30:00 (Korean time)
Test messages: 14 of 14 missing
Normally: 99 % within 11 s
Seen over: dealers 2, senders 5, receivers 7, workers 2
Compare: other messages by the same dealers and workers to the same phones: 3 arrived
Likely cause: KakaoTalk (provisional: may change within 1 min)
Evidence: explained 10^8.6 times better than if all were well
Next explanation: account SENS (simulated), 10^4.7 times less likely
With the same messages: KakaoTalk Alimtalk
Affected: bodies 3, routes 10, channels Alimtalk
Bodies: Eumseong-gun, Geoje-si, Suyeong-gu
People: 1,270,000 reached by the notices (those of known size)
Deadlines at risk: Eumseong-gun Duties after acquisition-tax relief \
(C1, before the duty is due, provably); \
Suyeong-gu Local-tax refund (C2, within a day); \
Geoje-si Health and daily-life notices (C3, within hours)
Incident: platform:kakaotalk@1792045800
Board: https://boards.example.go.kr/d/bongsu-incident\
?var-incident=platform%3Akakaotalk%401792045800&from=1792043820000&to=now
What to do: docs/runbooks/outage.md"""


def _told(
    *rows: Incident, kind: Kind = Kind.OPENED, language: Language = "ko",
    catalogue: Catalogue | None = CATALOGUE, **over: Any,
) -> Forms:  # fmt: skip
    fields: dict[str, Any] = {"kind": kind, "incidents": rows, "now": NOW, "links": LINKS}
    return forms(Page(**fields | over), language, catalogue)


def _line(found: Forms, label: str) -> str | None:
    """What stands behind a label; None: there is no such line."""
    lines = dict(line.split(": ", 1) for line in found.text.splitlines()[1:] if ": " in line)
    return lines.get(label)


@pytest.mark.parametrize(("language", "text"), [("ko", KO), ("en", EN)])
def test_the_page_of_a_dead_kakaotalk(language: Language, text: str) -> None:
    assert _told(KAKAO, language=language).text == text


@pytest.mark.parametrize(
    ("kind", "row", "ko", "en"),
    [
        (
            Kind.OPENED, KAKAO, "[봉수]심각도2 카카오톡 불통 15:27~ 14/14 기관3 #45800",
            "[bongsu]SEV2 KakaoTalk dead since 15:27 14/14, bodies 3 #45800",
        ),
        (
            Kind.OPENED, OWN, "[봉수]자체고장 발송기 w1 무응답 15:27~ 14/14 측정중단 경로1 #45811",
            "[bongsu]OWN worker w1 silent since 15:27 14/14, unmeasured routes 1 #45811",
        ),
        (
            Kind.ESCALATED, KAKAO, "[봉수]미확인 심각도2 카카오톡 불통 15:27~ 14/14 기관3 #45800",
            "[bongsu]UNANSWERED SEV2 KakaoTalk dead since 15:27 14/14, bodies 3 #45800",
        ),
        (
            Kind.AGAIN, KAKAO, "[봉수]다시호출 심각도2 카카오톡 불통 15:27~ 14/14 기관3 #45800",
            "[bongsu]REMINDER SEV2 KakaoTalk dead since 15:27 14/14, bodies 3 #45800",
        ),
        (
            Kind.DIGEST, KAKAO, "[봉수]장애 1건 최고심각도2 카카오톡 불통 15:27~ #45800",
            "[bongsu]1 incident, worst SEV2 KakaoTalk dead since 15:27 #45800",
        ),
        (
            Kind.CLEARED, OVER, "[봉수]복구 심각도2 카카오톡 15:27~16:38 1시간 11분 #45800",
            "[bongsu]OVER SEV2 KakaoTalk 15:27-16:38 1 h 11 min #45800",
        ),
    ],
)  # fmt: skip
def test_an_sms_says_what_since_when_how_much_how_bad_and_which(
    kind: Kind, row: Incident, ko: str, en: str
) -> None:
    assert _told(row, kind=kind).short == ko
    assert _told(row, kind=kind, language="en").short == en


NAMES = st.one_of(
    st.sampled_from(components(CATALOGUE)),
    st.text(max_size=120).map(lambda name: f"account:{name}"),
)


@example(
    component="account:kpdoc", hypothesis=Hypothesis.ACCEPT_LOSSY, kind=Kind.ESCALATED,
    language="en", count=1_000_000, routes=100, days=1, own=False,
)  # fmt: skip
@given(
    component=NAMES, hypothesis=st.sampled_from(list(Hypothesis)), kind=st.sampled_from(list(Kind)),
    language=st.sampled_from(get_args(Language)), count=st.integers(0, 10_000_000),
    routes=st.integers(0, 300), days=st.integers(0, 400), own=st.booleans(),
)  # fmt: skip
def test_an_sms_never_needs_more_than_90_bytes_and_is_cut_at_a_character(
    component: str, hypothesis: Hypothesis, kind: Kind, language: Language,
    count: int, routes: int, days: int, own: bool,
) -> None:  # fmt: skip
    row = KAKAO._replace(
        id=f"{component}@1792045800", component=component, hypothesis=hypothesis.value,
        total=count, failed=count, routes=[f"b{n}.sms.x" for n in range(routes)],
        kind="monitor" if own else "outage",
    )  # fmt: skip
    at = NOW + timedelta(days=days)
    short = _told(row, row, kind=kind, language=language, now=at).short
    assert len(short.encode("euc-kr")) <= 90
    assert short.startswith(("[봉수]", "[bongsu]"))
    assert short.endswith("#45800")
    assert "\n" not in short


def test_a_name_that_is_too_long_ends_with_dots_and_one_an_sms_cannot_carry_is_marked() -> None:
    long = KAKAO._replace(component="account:" + "가" * 60)
    assert re.search("가{5,}… 불통 15:27~", _told(long, kind=Kind.OPENED).short)
    assert "a?b" in _told(KAKAO._replace(component="account:a🔥b"), kind=Kind.OPENED).short


def test_a_cause_is_provisional_for_a_minute() -> None:
    later = KAKAO.detected_at + timedelta(seconds=60)
    assert _line(_told(KAKAO), "추정 원인") == "카카오톡 (잠정: 1분 안에 바뀔 수 있음)"
    assert _line(_told(KAKAO, now=later), "추정 원인") == "카카오톡"


def test_what_cannot_be_told_apart_is_said_in_place_of_a_next_explanation() -> None:
    found = _told(KAKAO._replace(rival="account:sens", margin=2.0))
    assert _line(found, "구분되지 않는 후보") == "중계사 계정 SENS 모의 계정"
    assert _line(found, "다음 후보") is None


def test_numbers_of_a_long_outage_say_since_when_they_count() -> None:
    newer = replace(FIGURES, since=KAKAO.started_at + timedelta(minutes=40))
    long = KAKAO._replace(figures=newer)
    assert _line(_told(long), "시험 발송") == "14건 중 14건 미도착 (16:07 뒤에 보낸 것)"


def test_confirm_probes_and_symptoms_stand_there_when_there_are_some() -> None:
    some = KAKAO._replace(figures=replace(FIGURES, confirms=4), notes=["sender:geoje-alimtalk"])
    assert _line(_told(some), "확인 시험 발송") == "4건 포함"
    assert _line(_told(some), "함께 나타난 증상") == "발신 주체 geoje-alimtalk"


def test_what_came_back_says_so() -> None:
    assert _told(KAKAO._replace(reopened=1)).title.startswith("[심각도 2] 다시 발생: 카카오톡")


def test_a_page_without_figures_and_catalogue_says_what_it_knows() -> None:
    bare = _told(KAKAO._replace(figures=None), catalogue=None)
    assert _line(bare, "시험 발송") == "14건 중 14건 미도착"
    assert _line(bare, "확인한 범위") is None
    assert _line(bare, "영향받는 기관") == "eumseong, geoje, suyeong"


def test_a_link_that_does_not_exist_is_no_line() -> None:
    bare = _told(KAKAO, links=links(Addresses(), KAKAO, "Abc-123"))
    assert _line(bare, "확인하기") is None
    assert _line(bare, "장애 화면") is None
    assert _line(bare, "대응 절차") == "docs/runbooks/outage.md"


def _window(component: str, hours: float = 2) -> Window:
    end = NOW + timedelta(hours=hours)
    start = NOW - timedelta(hours=1)
    return Window("w", component, start, end, None, "정기 점검", None, None, "kim")


def test_planned_work_on_the_cause_is_told_and_other_work_is_not() -> None:
    for component in ("platform:kakaotalk", "platform:kakaotalk/alimtalk"):
        told = _line(_told(KAKAO, windows=(_window(component),)), "예정 작업")
        assert told is not None
        assert told.startswith("14:30–17:30 카카오톡")
        assert told.endswith(", 정기 점검")
    assert _line(_told(KAKAO, windows=(_window("carrier:skt"),)), "예정 작업") is None
    over = _window("platform:kakaotalk", hours=-0.5)
    assert _line(_told(KAKAO, windows=(over,)), "예정 작업") is None


def test_what_a_provider_said_stands_there_with_its_lag() -> None:
    said = Notice("n", "sens", "platform:kakaotalk", "recovered", NOW, None, None, "kim")
    found = _told(KAKAO, notices=(said,))
    provider = "15:30 중계사 네이버 클라우드 SENS: 복구되었다고 알림"
    assert _line(found, "중계사 공지") == f"{provider} (시작 3분 뒤)"
    over = _told(OVER, kind=Kind.CLEARED, notices=(said,), now=NOW + timedelta(hours=2))
    assert _line(over, "중계사 공지") == f"{provider} (시작 3분 뒤, 실제로는 계속됨)"


def test_a_fault_of_bongsus_own_is_no_outage_of_messages() -> None:
    found = _told(OWN)
    assert found.title == "[봉수 자체] 발송기 w1: 응답 없음 (15:27부터)"
    assert "메시지 장애가 아니며" in found.text
    assert _line(found, "신호와 시험 발송") == "14건 중 14건 끊김"


def test_what_nobody_answered_says_so_and_all_the_rest() -> None:
    escalated = _told(KAKAO, kind=Kind.ESCALATED, waited_min=10)
    again = _told(KAKAO, kind=Kind.AGAIN, waited_min=30, language="en")
    assert escalated.text.splitlines()[1].startswith("10분 동안 확인한 사람이 없어")
    assert escalated.text.splitlines()[2:] == KO.splitlines()[1:]
    assert "for 30 min there was neither a note nor a close" in again.text
    assert again.text.splitlines()[2:] == EN.splitlines()[1:]


def test_an_all_clear_says_since_when_and_how_long() -> None:
    found = _told(OVER, kind=Kind.CLEARED, now=NOW + timedelta(hours=2))
    assert found.title == "[복구] 카카오톡: 정상 (15:27–16:38, 1시간 11분)"
    assert _line(found, "정상") == "10-15 16:38:00부터 (한국시간), 지속 1시간 11분"
    assert "확인하기" not in found.text


def test_a_digest_tells_the_gravest_first_and_outages_before_bongsus_own() -> None:
    worst = KAKAO._replace(id="account:sens@2", component="account:sens", severity=1)
    found = _told(OWN, KAKAO, worst, kind=Kind.DIGEST)
    assert found.title == "[심각도 1] 장애 3건: 중계사 계정 SENS 모의 계정 외 2건"
    assert found.text.splitlines()[2].startswith("확인하기: https://")
    ids = re.findall(r"\(([\w:]+@\d+)\)$", found.text, re.MULTILINE)
    assert ids == ["account:sens@2", KAKAO.id, OWN.id]


def test_what_a_person_closed_is_not_said_to_be_well() -> None:
    why = {OVER.id: ("사람이 종료함: 점검", "closed by hand: tests")}
    found = _told(OVER, kind=Kind.CLEARED, now=NOW + timedelta(hours=2), by_hand=why)
    assert found.title == "[종료] 카카오톡: 사람이 종료함 (15:27–16:38, 1시간 11분)"
    assert found.short == "[봉수]종료 심각도2 카카오톡 15:27~16:38 1시간 11분 #45800"
    assert _line(found, "사유") == "사람이 종료함: 점검"
    assert "복구" not in found.text
    again = _told(KAKAO._replace(reopened=1), by_hand=why)
    assert again.text == _told(KAKAO._replace(reopened=1)).text


SENS = KAKAO._replace(
    id="account:sens@1792045900", component="account:sens", severity=3,
    title_ko="SENS: 전달되지 않음", title_en="SENS: messages do not arrive",
)  # fmt: skip


def test_an_all_clear_of_several_names_each_and_when_it_was_well_again() -> None:
    other = SENS._replace(status="closed", ended_at=NOW + timedelta(minutes=5))
    found = _told(OVER, other, kind=Kind.CLEARED, now=NOW + timedelta(hours=2))
    assert found.title == "[복구] 카카오톡 외 1건: 정상 (15:27–16:38, 1시간 11분)"
    assert found.short == "[봉수]복구 2건 최고심각도2 카카오톡 15:27~16:38 1시간 11분 #45800"
    assert _line(found, "종료") == (
        "SENS: 전달되지 않음 (15:27–15:35, 8분, account:sens@1792045900)"
    )


@pytest.mark.parametrize("kind", [Kind.ESCALATED, Kind.AGAIN])
def test_a_call_for_several_names_each_and_puts_what_is_over_last(kind: Kind) -> None:
    found = _told(OVER._replace(severity=1), KAKAO, SENS, kind=kind, language="en")
    assert "KakaoTalk: messages do not arrive and 2 more (since 15:27)" in found.title
    assert " 3, worst SEV2 KakaoTalk dead since 15:27 " in found.short
    assert found.text.splitlines()[2:-2] == EN.splitlines()[1:]
    assert found.text.splitlines()[-2].endswith("(account:sens@1792045900)")
    assert (_line(found, "Ended") or "").startswith(
        "KakaoTalk: messages do not arrive (15:27–16:38"
    )


def test_a_digest_says_what_is_over_already() -> None:
    found = _told(OVER, SENS, kind=Kind.DIGEST)
    assert found.title == "[심각도 3] 장애 2건: 중계사 계정 SENS 모의 계정 외 1건"
    assert _line(found, "종료") is not None


def test_a_digest_lists_twenty_and_counts_the_rest() -> None:
    many = [KAKAO._replace(id=f"route:{n}@{n}") for n in range(23)]
    found = _told(*many, kind=Kind.DIGEST, language="en")
    assert found.text.count("[severity 2]") == 1 + 20
    assert _line(found, "Besides") == "and 3 more"
    assert _line(_told(*many, kind=Kind.AGAIN, language="en"), "Besides") == "and 2 more"


def test_html_says_every_line_and_holds_what_could_be_markup_back() -> None:
    odd = KAKAO._replace(title_ko='<img src=x onerror="1">: &')
    found = _told(odd)
    assert "<img" not in found.html
    assert "&lt;img src=x onerror=&quot;1&quot;&gt;: &amp;" in found.html
    assert 'href="https://bongsu.example.go.kr/a/Abc-123"' in found.html
    assert "&amp;from=1792043820000" in found.html
    for line in found.text.splitlines()[2:]:
        assert line.partition(": ")[0] in found.html


FOLDER = files("services.alerting.paging") / "templates"
TEMPLATES = sorted(one.name for one in (FOLDER / "ko").iterdir())


def test_every_template_is_there_in_both_languages_with_the_same_fields() -> None:
    assert sorted(one.name for one in (FOLDER / "en").iterdir()) == TEMPLATES
    for name in TEMPLATES:
        of = [filling.template(language, name[:-4]) for language in ("ko", "en")]
        ko, en = (
            {i for part in (a.title, a.short, *a.lines) for i in part.get_identifiers()} for a in of
        )
        assert ko == en, name


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("row", [KAKAO, OWN], ids=["outage", "own"])
def test_every_kind_is_filled_in_whole(language: Language, kind: Kind, row: Incident) -> None:
    found = _told(row, kind=kind, language=language)
    assert not [form for form in found[:3] if "$" in form or "None" in form]
