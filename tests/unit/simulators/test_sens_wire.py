"""The letter of SENS: signature vectors, limits, templates, times, windows, pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from simulators import sens_wire as wire

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
    with pytest.raises(wire.WireError) as caught:
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
    with pytest.raises(wire.WireError) as caught:
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
    assert wire.matches_template("[봉수] #{nonce} 전달 점검.", content) is fits


def test_times_are_korean_without_a_zone() -> None:
    at = datetime(2026, 1, 1, 15, 0, 1, 2000, tzinfo=UTC)
    assert wire.iso_ms(at) == "2026-01-02T00:00:01.002"
    assert wire.iso_s(at) == "2026-01-02T00:00:01"
    assert wire.plain_s(at) == "2026-01-02 00:00:01"


def test_a_reservation_is_at_least_ten_minutes_ahead() -> None:
    def body(time: str) -> wire.AlimtalkBody:
        message = {"to": "01000000001", "content": "x"}
        return wire.AlimtalkBody.model_validate(
            {"plusFriendId": "@a", "templateCode": "t", "messages": [message], "reserveTime": time}
        )

    assert wire.reserved_at(body("2026-01-01 09:10"), NOW) == NOW + timedelta(minutes=10)
    for bad in ("2026-01-01 09:09", "tomorrow"):
        with pytest.raises(wire.WireError):
            wire.reserved_at(body(bad), NOW)


def test_a_list_is_paged_to_its_end() -> None:
    items = [{"n": n} for n in range(45)]
    seen, token = [], ""
    for _ in range(3):
        shown = wire.page(items, {"nextToken": token, "pageSize": "20"})
        seen += shown["messages"]
        token = shown["nextToken"]
    assert seen == items
    assert token is None
    for bad in ({"pageSize": "101"}, {"nextToken": "?"}):
        with pytest.raises(wire.WireError):
            wire.page(items, bad)


def test_a_window_has_two_ends_and_a_longest_span() -> None:
    day = timedelta(days=1)
    full = {"requestStartTime": "2026-01-01 00:00:00", "requestEndTime": "2026-01-02 00:00:00"}
    span = wire.window(full, "request", day)
    assert span is not None
    assert span[1] - span[0] == day
    assert wire.window({}, "request", day) is None
    for bad in (
        {"requestStartTime": "2026-01-01 00:00:00"},
        full | {"requestEndTime": "2026-01-02 00:00:01"},
        full | {"requestEndTime": "2025-12-31 00:00:00"},
    ):
        with pytest.raises(wire.WireError):
            wire.window(bad, "request", day)
