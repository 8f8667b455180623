"""The letter of SENS: signature vectors, limits, templates, times."""

from datetime import UTC, datetime, timedelta

import pytest

from simulators import sens_wire as wire
from simulators.calls import Refusal
from simulators.texts import matches_template

KEY, SECRET, STAMP = "BONGSUACCESSKEY00001", "bongsu-test-secret-key-not-real-0001", "1767225600000"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SMS = "/sms/v2/services/ncp:sms:kr:123456789012:bongsu/messages"
KKO = "/alimtalk/v2/services/ncp:kkobizmsg:kr:1234567:bongsu/messages"
ESCAPED = "/alimtalk/v2/services/ncp%3Akkobizmsg%3Akr%3A1234567%3Abongsu/messages"
VECTORS = [
    ("POST", SMS, "bGcExEn9uNiSAcHnVyT2Zi+UNwl3GkjP/uhj382M6d8="),
    (
        "GET",
        SMS + "?requestId=RSLA-0000000000000-00000-00000000-AAAAAAAA",
        "JXYh7dUqa7rzeneka0yhDMV0da3IkJvLwAWcIHSSBNw=",
    ),
    ("POST", KKO, "yj3+qHhmgGzY1u9G2h0rmjepHLFAuK61TyGsby8pINM="),
    (
        "GET",
        KKO + "/11111111-2222-3333-4444-555555555555",
        "HB3WWVrhIiz+jGxIKRv9ZRy8wasGm9aL8aGUvUYLQUE=",
    ),
    ("POST", ESCAPED, "g5SbgjSsfmVKRpcUegulmN3DBxuoCOc58TN1THQmwQc="),
]


def headers(sign: str, stamp: str = STAMP) -> dict[str, str]:
    return {"x-ncp-apigw-timestamp": stamp, "x-ncp-apigw-signature-v2": sign}


def refusal(given: dict[str, str], now: datetime = NOW, path: str = SMS) -> int:
    with pytest.raises(Refusal) as caught:
        wire.check_signature(given, "POST", path, KEY, SECRET, now)
    return caught.value.status


@pytest.mark.parametrize(("method", "path", "expected"), VECTORS)
def test_the_signature_vectors_hold(method: str, path: str, expected: str) -> None:
    assert wire.signature(method, path, STAMP, KEY, SECRET) == expected
    wire.check_signature(headers(expected), method, path, KEY, SECRET, NOW)


def test_a_signature_for_another_path_or_time_is_refused() -> None:
    sign = VECTORS[0][2]
    assert refusal(headers(sign), path=SMS + "?a=1") == 401
    assert refusal(headers(sign, "1767225600001")) == 401
    assert refusal({}) == 401
    assert refusal(headers(sign, "²")) == 401


def test_the_clock_may_differ_by_five_minutes_and_not_more() -> None:
    good, late = headers(VECTORS[0][2]), timedelta(seconds=300)
    for apart in (late, -late):
        wire.check_signature(good, "POST", SMS, KEY, SECRET, NOW + apart)
        assert refusal(good, NOW + apart * 1.01) == 401


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [("SMS", "가" * 45, True), ("SMS", "가" * 45 + "a", False), ("SMS", "문자 😀", False),
     ("LMS", "가" * 1000, True), ("LMS", "가" * 1000 + "a", False)],
)  # fmt: skip
def test_text_is_counted_in_euc_kr_bytes(kind: str, text: str, fits: bool) -> None:
    if fits:
        wire.check_text(kind, text, "")
        return
    with pytest.raises(Refusal) as caught:
        wire.check_text(kind, text, "")
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("content", "fits"),
    [
        ("[봉수] BSP:AA 전달 점검.", True),
        ("[봉수]  전달 점검.", True),
        ("[봉수] 두\n줄 전달 점검.", True),
        ("[봉수] BSP:AA 전달 점검!", False),
        ("x[봉수] BSP:AA 전달 점검.", False),
    ],
)
def test_content_must_be_the_template_with_its_variables_replaced(content: str, fits: bool) -> None:
    assert matches_template("[봉수] #{nonce} 전달 점검.", content) is fits


def test_times_are_korean_without_a_zone() -> None:
    at = datetime(2026, 1, 1, 15, 0, 1, 2000, tzinfo=UTC)
    assert wire.iso_ms(at) == "2026-01-02T00:00:01.002"
    assert wire.iso_s(at) == "2026-01-02T00:00:01"
    assert wire.plain_s(at) == "2026-01-02 00:00:01"
