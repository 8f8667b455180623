"""Answers that say no, of any provider: codes, ids and fields kept, refusals told apart."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters import _judge
from services.contracts.vocabulary import AnswerResult, FaultDomain
from services.runtime.errors import Retry
from services.runtime.exchange import Answer


@pytest.mark.parametrize("text", ["0", "3018", "S000", "A003", "http-503", "unreadable"])
def test_a_code_is_kept_raw(text: str) -> None:
    assert _judge.clean_code(text) == text


@pytest.mark.parametrize(
    "text", ["01000000001", "+82 10 0000 0001", "가", "BONGSUACCESSKEY00001", "a b"]
)
def test_what_could_be_a_number_or_a_text_is_no_code(text: str) -> None:
    assert _judge.clean_code(text) == "unreadable"


def test_only_plain_short_fields_are_kept() -> None:
    kept = _judge.kept(
        a="SKT", b="2025-11-25 09:39:44", c="01000000001", d="전달 점검", e=None, f=""
    )
    assert kept == {"a": "SKT", "b": "2025-11-25 09:39:44"}


@given(st.text())
def test_an_id_that_is_kept_can_be_asked_for_and_fits_into_evidence(text: str) -> None:
    kept = _judge.clean_id(text)
    assert kept is None or (kept == text and len(kept) <= 120)


@pytest.mark.parametrize("text", [".", "..", "...", "a/b", "a%2Fb", "", "a b", "a\n"])
def test_an_id_that_would_lead_elsewhere_in_an_address_is_none(text: str) -> None:
    assert _judge.clean_id(text) is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"error":{"errorCode":"210","message":"Permission Denied"}}', "400/210"),
        ('{"error":{"errorCode":210}}', "400/210"),
        ('{"status":400,"error":"Bad Request","message":"no"}', "http-400"),
        ('{"status":400,"errors":"from","errorMessage":"no"}', "http-400"),
        ('{"error":null}', "http-400"),
        ('{"error_code":"E404_00","error_message":"no"}', "400/E404_00"),
        ("[]", "http-400"),
        ("null", "http-400"),
        ("", "http-400"),
        ("<html>", "http-400"),
        ('{"error":{"errorCode":{"a":"01000000001"}}}', "400/unreadable"),
    ],
)
def test_every_shape_of_an_error_is_read(body: str, code: str) -> None:
    assert _judge.read_failure(Answer(400, body.encode())).code == code


@given(
    st.sampled_from([400, 404, 409, 413, 429, 500, 502, 503, 504, 302]),
    st.binary() | st.recursive(st.text(), lambda s: st.dictionaries(st.text(), s)).map(
        lambda value: json.dumps(value).encode()
    ),
)  # fmt: skip
def test_any_answer_that_says_no_has_a_meaning_and_is_never_accepted(
    status: int, body: bytes
) -> None:
    failure = _judge.read_failure(Answer(status, body))
    if status == 429 and not _judge.says_quota(failure):
        with pytest.raises(Retry, match="the provider answers"):
            _judge.judge(failure)
        return
    result = _judge.judge(failure)
    assert result.result in (AnswerResult.REFUSED, AnswerResult.UNCLEAR)
    assert result.code is not None
    assert len(result.code) <= 40


@pytest.mark.parametrize(
    ("status", "words", "quota"),
    [(400, "일일 발송 한도 초과", True), (429, "Daily limit", True), (429, "slow down", False)],
)
def test_a_used_up_quota_is_told_from_too_fast(status: int, words: str, quota: bool) -> None:
    body = json.dumps({"status": status, "errors": "x", "errorMessage": words}).encode()
    assert _judge.says_quota(_judge.read_failure(Answer(status, body))) is quota


def test_a_clock_is_off_only_beyond_what_the_gateway_allows() -> None:
    date, now_s = "Thu, 01 Jan 2026 00:00:00 GMT", 1_767_225_600
    assert not _judge.clock_is_off(date, now_s + 299)
    assert _judge.clock_is_off(date, now_s + 301)
    assert not _judge.clock_is_off(None, now_s)
    assert not _judge.clock_is_off("soon", now_s)


def test_a_refusal_for_a_status_nobody_knows_blames_nobody() -> None:
    assert _judge.fault_of_status(None) is FaultDomain.UNKNOWN
    assert _judge.fault_of_status("202") is FaultDomain.UNKNOWN
    assert _judge.fault_of_status("429") is FaultDomain.QUOTA
