"""What reports say of what cannot be done, word for word, in the language of the terminal."""

import pytest

from services.cli.report_sentences import sentence

SAID = [
    ("no_body", {"asked": "geojae", "meant": ""},
     "'geojae' 기관이 없습니다. 목록: bongsu report list",
     "No body 'geojae'. See: bongsu report list"),
    ("not_a_month", {"asked": "2026-13"},
     "'2026-13'은 월이 아닙니다. 예: 2026-10", "'2026-13' is not a month. Example: 2026-10"),
    ("not_begun", {"month": "2027-01"},
     "2027-01은 아직 시작되지 않았습니다.", "2027-01 has not begun."),
    ("no_evidence", {"body": "geoje"}, "geoje: 증거가 없습니다", "geoje: no evidence"),
    ("too_early", {"month": "2026-10", "due": "2026-11-04 00:00", "zone": "KST"},
     "2026-10은 2026-11-04 00:00 이후에 확정합니다.", "2026-10 closes at 2026-11-04 00:00 KST."),
    ("closed", {"month": "2026-10", "latest": 1},
     "2026-10은 이미 확정되었습니다(1차). 바꾸려면 report correct",
     "2026-10 is already closed (revision 1). To change it: report correct"),
    ("database_away", {}, "데이터베이스에 연결할 수 없습니다.", "Cannot reach the database."),
]  # fmt: skip


@pytest.mark.parametrize(("key", "fields", "korean", "english"), SAID)
def test_what_cannot_be_done_is_said_in_both_languages(
    monkeypatch: pytest.MonkeyPatch, key: str, fields: dict[str, str], korean: str, english: str
) -> None:
    for locale, said in (("ko_KR.UTF-8", korean), ("C.UTF-8", english)):
        monkeypatch.setenv("LC_ALL", locale)
        assert sentence(key, **fields) == said
