"""What Korean providers and carriers have in common: times without a zone, lengths of texts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters import _korea
from tests.support import strategies


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-11-25 09:39:44", datetime(2025, 11, 25, 0, 39, 44, tzinfo=UTC)),
        ("2025-11-25T15:39:20.899", datetime(2025, 11, 25, 6, 39, 20, 899_000, tzinfo=UTC)),
        ("2025-11-25T15:39:21", datetime(2025, 11, 25, 6, 39, 21, tzinfo=UTC)),
        ("2025-11-25T15:39:21+00:00", datetime(2025, 11, 25, 15, 39, 21, tzinfo=UTC)),
        (None, None),
        ("", None),
        ("2026-06-01", None),  # a date is no time
        ("yesterday", None),
        ("0001-01-01 00:00:00", None),
        ("9999-12-31 23:59:59", None),
    ],
)
def test_a_time_without_a_zone_is_korean(text: str | None, at: datetime | None) -> None:
    assert _korea.parse_time(text) == at


@given(strategies.moments)
def test_a_time_written_in_korea_is_read_as_the_same_moment(at: datetime) -> None:
    written = at.astimezone(_korea.ASSUMED_ZONE).replace(tzinfo=None).isoformat(sep=" ")
    assert _korea.parse_time(written) in (at, None)
    assert _korea.parse_time(written) == at or at.year in (1970, 2199)


@given(st.text() | st.from_regex(r"[0-9 +:T-]{1,30}", fullmatch=True))
def test_no_text_breaks_the_reading_of_times(text: str) -> None:
    at = _korea.parse_time(text)
    assert at is None or at.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "length"), [("a" * 90, 90), ("가" * 45, 90), ("", 0), ("🔥", None)]
)
def test_the_length_of_a_text_is_counted_as_carriers_do(text: str, length: int | None) -> None:
    assert _korea.bytes_of(text) == length


def test_the_subject_of_an_lms_fits_its_forty_bytes() -> None:
    assert 0 < (_korea.bytes_of(_korea.SUBJECT) or 0) <= 40
