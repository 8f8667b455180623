"""What `bongsu page preview` shows without a server."""

import json
from typing import Any

from typer.testing import CliRunner

from services.alerting.paging.message import Kind
from services.cli.app import app

PUBLIC = "https://bongsu.example.go.kr"


def _preview(*words: str, public: str = PUBLIC) -> tuple[int, str, str]:
    runner = CliRunner(env={"BONGSU_PUBLIC_URL": public} if public else {})
    done = runner.invoke(app, ["page", "preview", *words])
    return done.exit_code, done.stdout, done.stderr


def test_a_program_is_given_every_form_of_every_kind_in_both_languages() -> None:
    code, shown, _ = _preview("--example", "--json")
    found: list[dict[str, Any]] = json.loads(shown)
    assert code == 0
    told = [(one["kind"], one["language"]) for one in found]
    assert told == [(kind, language) for kind in Kind for language in ("ko", "en")]
    for one in found:
        assert len(one["short"].encode("euc-kr")) <= 90
        assert one["title"] in one["text"]
        assert one["html"].startswith("<!doctype html>")
        linked = one["kind"] != "cleared"
        assert (f"{PUBLIC}/a/" in one["text"], one["phone"]["channel"] == "lms") == (linked, linked)


def test_a_person_sees_the_text_what_a_phone_is_sent_and_html_if_asked() -> None:
    _, shown, said = _preview("--example", "--kind", "opened", "--language", "ko")
    assert shown.startswith("=== opened, ko\n[심각도 2] 카카오톡: 전달되지 않음 (")
    assert "of 90 bytes\n[봉수]심각도2 카카오톡 불통 " in shown
    assert "--- as LMS, " in shown
    assert "<html" not in shown
    assert said == ""
    _, shown, _ = _preview("--example", "--kind", "opened", "--html")
    assert shown.count("<html") == 2


def test_that_no_page_has_a_link_is_said() -> None:
    _, shown, said = _preview("--example", "--kind", "opened", public="")
    assert said == "BONGSU_PUBLIC_URL is not set: no page has a link to acknowledge it\n"
    assert "--- as SMS, " in shown
