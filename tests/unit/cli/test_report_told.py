"""What is said of each body that was made, and of those that were not."""

from typing import Any

import pytest
import typer

from services.cli.report_told import Failure, end, say, told
from services.reporting.chain import text_of
from services.reporting.documents.making import Made, Order
from tests.support.reports import a_report


@pytest.fixture(autouse=True)
def _korean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")


def _blind(report: dict[str, Any]) -> None:
    minutes = report["items"][0]["minutes"]
    minutes |= {"up": 0, "down": 0, "unmeasured": minutes["service"]}
    report.update(state="preliminary", revision=0)


def test_a_month_without_evidence_has_a_report_all_the_same_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = told(Made(Order(text_of(a_report(_blind))), []), ())
    say(made)
    out, err = capsys.readouterr()
    assert out.splitlines() == ["거제시 geoje 2026-10 r0 (잠정)", "  알림톡: 잠정 위반"]
    assert err == "geoje: 증거가 없습니다\n"
    end([made], [], json=False)


def test_what_failed_comes_last_each_sentence_once_with_the_highest_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failures = [
        Failure("a", "열려 있습니다", 5),
        Failure("b", "열려 있습니다", 5),
        Failure("c", "없음", 2),
    ]
    with pytest.raises(typer.Exit) as ended:
        end([], failures, json=False)
    assert ended.value.exit_code == 5
    assert capsys.readouterr().err.splitlines() == ["bongsu: 열려 있습니다", "bongsu: 없음"]
