"""The letter of SENS: signatures by the documents' scheme, times, lengths."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters import _sens as wire
from services.adapters.sens_sms import bytes_of
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


@pytest.mark.parametrize(
    ("text", "length"), [("a" * 90, 90), ("가" * 45, 90), ("", 0), ("🔥", None)]
)
def test_the_length_of_a_text_is_counted_as_carriers_do(text: str, length: int | None) -> None:
    assert bytes_of(text) == length
