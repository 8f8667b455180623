"""What a correction changed reads as the rest of the document does."""

import pytest

from services.contracts.report import Change
from services.reporting.documents.sections.changes import in_words
from services.reporting.documents.shown import Shown
from services.reporting.documents.words import Words
from tests.unit.reporting.goldens import report_of

FAULT = '{"component":"receiver:p1","from":"2026-10-20T05:20:00.000Z","kind":"account"}'


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("items[0].availability.measured", "0.998879", "0.999551",
         ("알림톡 · 가용률(측정)", "99.8879 %", "99.9551 %")),
        ("items[0].outage_min", "50.000000", "4.800001", ("알림톡 · 장애 시간(분)", "50", "4.81")),
        ("items[0].minutes.down", "1050", "20", ("알림톡 · 장애", "1,050", "20")),
        ("items[0].verdict", "missed", "insufficient",
         ("알림톡 · 판정", "위반", "판정 보류(근거 부족)")),
        ("items[0].verdicts[1].verdict", "met", "missed",
         ("알림톡 · 복구 시간 · 판정", "준수", "위반")),
        ("items[0].latency[2].p99_ms", None, "3605.526",
         ("알림톡 · 단말 도달 · p99", "–", "3,605.526")),
        ("items[0].response.mttr.mean", "50.000000", "20.000000",
         ("알림톡 · 발생부터 복구까지: 평균", "50", "20")),
        ("items[0].probes.ratio.low", "0.998397", "0.999173",
         ("알림톡 · 95 % 구간 하한", "99.8397 %", "99.9173 %")),
        ("outages[0].end", "2026-10-20T05:50:00.000Z", None,
         ("알림톡 · 장애 끝", "2026-10-20 14:50", "–")),
        ("items[0].budget_used", "1.400090", "0.560036",
         ("알림톡 · 오류 예산 사용", "140.01 %", "56.01 %")),
        ("items[0].fallback.never", "55", "25",
         ("알림톡 · 대체 발송 · 도달하지 않음", "55", "25")),
        ("items[0].credit.row", '{"below_ppm":999000,"credit_ppm":50000}', None,
         ("알림톡 · 적용되는 감액 기준", "99.9 % 미만: 5 %", "–")),
        ("days[19].down", "50", "20", ("알림톡 2026-10-20 · 장애", "50", "20")),
        ("monitor_faults[0]", None, FAULT,
         ("측정기 장애 1", "–", "component receiver:p1, from 2026-10-20 14:20, kind account")),
        ("window.minutes", "1", "2", ("window.minutes", "1", "2")),
    ],
)  # fmt: skip
def test_a_changed_figure_has_its_name_and_value(
    path: str, old: str | None, new: str | None, told: tuple[str, str, str]
) -> None:
    shown = Shown(Words("ko"), "Asia/Seoul")
    (row,) = in_words([Change(path=path, old=old, new=new)], report_of("G7 r2"), shown)
    assert tuple(cell.shown for cell in row) == told


def test_the_word_of_the_arithmetic_beside_a_verdict_is_not_told() -> None:
    change = Change(path="items[0].verdicts[0].reason", old="beyond_budget", new="unmeasured")
    shown = Shown(Words("en"), "Asia/Seoul")
    assert list(in_words([change], report_of("G7 r2"), shown)) == []
