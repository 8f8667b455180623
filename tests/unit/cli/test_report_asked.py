"""Which sealed revision a command means, or the sentence and exit code why there is none."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.cli.report_asked import Known, NotThere, a_month, revision_of
from services.contracts.sla import Contract
from services.reporting.chain import read_chain
from services.reporting.documents.orders import chain_until, earlier
from services.reporting.due import Promised
from services.storage.months import Revision

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def _revision(number: int, month: str, revision: int, body: str = "geoje") -> Revision:
    state = ("preliminary", "closed", "corrected")[min(revision, 2)]
    hashes = (f"{number}" * 64)[:64]
    return Revision(
        number, body, month, revision, state, NOW, NOW, None, hashes, hashes, hashes, hashes,
        hashes, 1,
    )  # fmt: skip


SEALED = [
    _revision(1, "2026-08", 0), _revision(2, "2026-08", 1), _revision(3, "2026-09", 0),
    _revision(4, "2026-10", 0), _revision(5, "2026-10", 0, "tongyeong"),
    _revision(6, "2026-09", 1), _revision(7, "2026-10", 1),
]  # fmt: skip


def _known(**changes: Any) -> Known:
    contract = Contract.model_validate({
        "id": "geoje.alimtalk.v1", "valid_from": "2022-01-01", "body": "geoje",
        "channel": "alimtalk", "counterparty": "nhn", "grade": 1, "routes": [{"route": "r1"}],
    })  # fmt: skip
    known = {contract.item: datetime(2026, 8, 14, tzinfo=UTC)}
    own = {"geoje": Promised("geoje", known, (contract,))}
    firsts = {"r1": datetime(2026, 8, 13, 15, tzinfo=UTC)}
    return Known(SEALED, own, firsts, NOW)._replace(**changes)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def test_the_latest_revision_is_meant_unless_one_is_named() -> None:
    assert revision_of(_known(), "geoje", "2026-10", None).number == 7
    assert revision_of(_known(), "geoje", "2026-10", 0).number == 4
    assert revision_of(_known(), "tongyeong", "2026-10", None).number == 5


NONE: list[tuple[tuple[str, str, int | None], int, str, str]] = [
    (("geojae", "2026-10", None), 2,
     "No body 'geojae'. Did you mean 'geoje'? See: bongsu report list",
     "'geojae' 기관이 없습니다. 'geoje'를 찾으셨습니까? 목록: bongsu report list"),
    (("geoje", "2027-01", None), 2, "2027-01 has not begun.",
     "2027-01은 아직 시작되지 않았습니다."),
    (("geoje", "2026-11", None), 5,
     "2026-11 is still open. The preliminary report is due 2026-12-01 06:00 KST."
     " To look now: --preview",
     "2026-11은 진행 중입니다. 잠정 보고서는 2026-12-01 06:00에 나옵니다. 지금 보려면 --preview"),
    (("geoje", "2026-07", None), 5,
     "First evidence of geoje is of 2026-08-14; there is no report for 2026-07.",
     "geoje의 첫 증거는 2026-08-14입니다. 2026-07 보고서는 만들 수 없습니다."),
    (("geoje", "2026-10", 3), 5, "2026-10 geoje has no revision 3 (latest 1).",
     "2026-10 geoje에는 정정 3차가 없습니다(최신 1)."),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "code", "english", "korean"), NONE)
def test_why_there_is_none_is_said_in_both_languages(
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[str, str, int | None], code: int, english: str, korean: str,
) -> None:  # fmt: skip
    for locale, sentence in (("C.UTF-8", english), ("ko_KR.UTF-8", korean)):
        monkeypatch.setenv("LC_ALL", locale)
        with pytest.raises(NotThere) as refused:
            revision_of(_known(), *asked)
        assert str(refused.value).startswith(sentence)
        assert refused.value.code == code


def test_a_month_that_was_not_sealed_in_time_says_when_it_was_due() -> None:
    with pytest.raises(NotThere, match=r"The preliminary one was due 2026-11-01 06:00 KST") as none:
        revision_of(_known(revisions=[]), "geoje", "2026-10", None)
    assert none.value.code == 5


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "Oct 2026", "2026-10-01", ""])
def test_what_is_no_month_says_how_one_is_written(text: str) -> None:
    with pytest.raises(NotThere, match=rf"'{text}' is not a month\. Example: 2026-10"):
        a_month(text)


def test_earlier_months_are_as_they_stood_when_it_was_sealed() -> None:
    first, last = SEALED[3], SEALED[6]
    assert [each.number for each in earlier(first, SEALED)] == [2, 3]
    assert [each.number for each in earlier(last, SEALED)] == [2, 6]


def test_of_earlier_months_eleven_are_shown() -> None:
    sealed = [_revision(n, f"{2025 + n // 12}-{n % 12 + 1:02}", 0) for n in range(24)]
    months = [each.month for each in earlier(sealed[-1], sealed)]
    assert (months[0], months[-1], len(months)) == ("2026-01", "2026-11", 11)


def test_the_chain_goes_from_the_body_s_first_revision_to_this_one() -> None:
    links = read_chain(chain_until(SEALED[3], SEALED))
    assert [(link.body, link.month, link.revision) for link in links] == [
        ("geoje", "2026-08", 0), ("geoje", "2026-08", 1), ("geoje", "2026-09", 0),
        ("geoje", "2026-10", 0),
    ]  # fmt: skip
