"""The letter of SENS: signatures by the documents' scheme, times, codes, lengths, errors."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters import _sens_wire as wire
from services.adapters._http import Answer
from services.adapters.sens_sms import bytes_of
from services.contracts.vocabulary import AnswerResult, FaultDomain
from services.runtime.errors import Retry
from tests.support import strategies

SMS = "/sms/v2/services/ncp:sms:kr:123456789012:bongsu/messages"
KKO = "/alimtalk/v2/services/ncp:kkobizmsg:kr:1234567:bongsu/messages"
ESCAPED = "/alimtalk/v2/services/ncp%3Akkobizmsg%3Akr%3A1234567%3Abongsu/messages"
REQUEST = "?requestId=RSLA-0000000000000-00000-00000000-AAAAAAAA"


@pytest.mark.parametrize(
    ("method", "path", "signed"),
    [
        ("POST", SMS, "bGcExEn9uNiSAcHnVyT2Zi+UNwl3GkjP/uhj382M6d8="),
        ("GET", SMS + REQUEST, "JXYh7dUqa7rzeneka0yhDMV0da3IkJvLwAWcIHSSBNw="),
        ("POST", KKO, "yj3+qHhmgGzY1u9G2h0rmjepHLFAuK61TyGsby8pINM="),
        (
            "GET",
            KKO + "/11111111-2222-3333-4444-555555555555",
            "HB3WWVrhIiz+jGxIKRv9ZRy8wasGm9aL8aGUvUYLQUE=",
        ),
        ("POST", ESCAPED, "g5SbgjSsfmVKRpcUegulmN3DBxuoCOc58TN1THQmwQc="),
    ],
)
def test_a_signature_is_that_of_the_known_vector(method: str, path: str, signed: str) -> None:
    key, secret = "BONGSUACCESSKEY00001", "bongsu-test-secret-key-not-real-0001"
    assert wire.signature(method, path, "1767225600000", key, secret) == signed


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-11-25 09:39:44", datetime(2025, 11, 25, 0, 39, 44, tzinfo=UTC)),
        ("2025-11-25T15:39:20.899", datetime(2025, 11, 25, 6, 39, 20, 899_000, tzinfo=UTC)),
        ("2025-11-25T15:39:21", datetime(2025, 11, 25, 6, 39, 21, tzinfo=UTC)),
        ("2025-11-25T15:39:21+00:00", datetime(2025, 11, 25, 15, 39, 21, tzinfo=UTC)),
        (None, None),
        ("", None),
        ("yesterday", None),
        ("0001-01-01 00:00:00", None),
        ("9999-12-31 23:59:59", None),
    ],
)
def test_a_time_without_a_zone_is_korean(text: str | None, at: datetime | None) -> None:
    assert wire.parse_time(text) == at


@given(strategies.moments)
def test_a_time_written_in_korea_is_read_as_the_same_moment(at: datetime) -> None:
    written = at.astimezone(wire.ASSUMED_ZONE).replace(tzinfo=None).isoformat(sep=" ")
    assert wire.parse_time(written) in (at, None)
    assert wire.parse_time(written) == at or at.year in (1970, 2199)


@given(st.text() | st.from_regex(r"[0-9 +:T-]{1,30}", fullmatch=True))
def test_no_text_breaks_the_reading_of_times(text: str) -> None:
    at = wire.parse_time(text)
    assert at is None or at.tzinfo is UTC


@pytest.mark.parametrize("text", ["0", "3018", "S000", "A003", "http-503", "unreadable"])
def test_a_code_is_kept_raw(text: str) -> None:
    assert wire.clean_code(text) == text


@pytest.mark.parametrize(
    "text", ["01000000001", "+82 10 0000 0001", "가", "BONGSUACCESSKEY00001", "a b"]
)
def test_what_could_be_a_number_or_a_text_is_no_code(text: str) -> None:
    assert wire.clean_code(text) == "unreadable"


def test_only_plain_short_fields_are_kept() -> None:
    kept = wire.kept(a="SKT", b="2025-11-25 09:39:44", c="01000000001", d="전달 점검", e=None, f="")
    assert kept == {"a": "SKT", "b": "2025-11-25 09:39:44"}


@given(st.text())
def test_an_id_that_is_kept_can_be_asked_for_and_fits_into_evidence(text: str) -> None:
    kept = wire.clean_id(text)
    assert kept is None or (kept == text and len(kept) <= 120)


@pytest.mark.parametrize(
    ("text", "length"), [("a" * 90, 90), ("가" * 45, 90), ("", 0), ("🔥", None)]
)
def test_the_length_of_a_text_is_counted_as_carriers_do(text: str, length: int | None) -> None:
    assert bytes_of(text) == length


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"error":{"errorCode":"210","message":"Permission Denied"}}', "400/210"),
        ('{"error":{"errorCode":210}}', "400/210"),
        ('{"status":400,"error":"Bad Request","message":"no"}', "http-400"),
        ('{"status":400,"errors":"from","errorMessage":"no"}', "http-400"),
        ('{"error":null}', "http-400"),
        ("[]", "http-400"),
        ("null", "http-400"),
        ("", "http-400"),
        ("<html>", "http-400"),
        ('{"error":{"errorCode":{"a":"01000000001"}}}', "400/unreadable"),
    ],
)
def test_every_shape_of_an_error_is_read(body: str, code: str) -> None:
    assert wire.read_failure(Answer(400, body.encode())).code == code


@given(
    st.sampled_from([400, 404, 409, 413, 429, 500, 502, 503, 504, 302]),
    st.binary() | st.recursive(st.text(), lambda s: st.dictionaries(st.text(), s)).map(
        lambda value: json.dumps(value).encode()
    ),
)  # fmt: skip
def test_any_answer_that_says_no_has_a_meaning_and_is_never_accepted(
    status: int, body: bytes
) -> None:
    failure = wire.read_failure(Answer(status, body))
    if status == 429 and not wire.says_quota(failure):
        with pytest.raises(Retry, match="SENS answers"):
            wire.judge(failure)
        return
    result = wire.judge(failure)
    assert result.result in (AnswerResult.REFUSED, AnswerResult.UNCLEAR)
    assert result.code is not None
    assert len(result.code) <= 40


@pytest.mark.parametrize(
    ("status", "words", "quota"),
    [(400, "일일 발송 한도 초과", True), (429, "Daily limit", True), (429, "slow down", False)],
)
def test_a_used_up_quota_is_told_from_too_fast(status: int, words: str, quota: bool) -> None:
    body = json.dumps({"status": status, "errors": "x", "errorMessage": words}).encode()
    assert wire.says_quota(wire.read_failure(Answer(status, body))) is quota


def test_a_clock_is_off_only_beyond_what_the_gateway_allows() -> None:
    date, now_s = "Thu, 01 Jan 2026 00:00:00 GMT", 1_767_225_600
    assert not wire.clock_is_off(date, now_s + 299)
    assert wire.clock_is_off(date, now_s + 301)
    assert not wire.clock_is_off(None, now_s)
    assert not wire.clock_is_off("soon", now_s)


def test_a_refusal_for_a_status_nobody_knows_blames_nobody() -> None:
    assert wire.fault_of_status(None) is FaultDomain.UNKNOWN
    assert wire.fault_of_status("202") is FaultDomain.UNKNOWN
    assert wire.fault_of_status("429") is FaultDomain.QUOTA
