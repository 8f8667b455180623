"""Figures and moments as the report writes them: text of a fixed form, never a float; and back."""

from datetime import UTC, datetime, timedelta

from services.contracts.report_words import Milliseconds, Minutes, Ratio, Time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO, _MILLI = 1_000_000, 1_000


def ratio(ppm: int) -> Ratio:
    """Millionths, `0.998879`."""
    return f"{ppm // _MICRO}.{ppm % _MICRO:06d}"


def ratio_or_none(ppm: int | None) -> Ratio | None:
    """The same of what may not be known."""
    return None if ppm is None else ratio(ppm)


def minutes(micro: int) -> Minutes:
    """Micro-minutes, `50.000000`; they may be negative."""
    return f"{'-' if micro < 0 else ''}{ratio(abs(micro))}"


def minutes_or_none(micro: int | None) -> Minutes | None:
    """The same of what may not be known."""
    return None if micro is None else minutes(micro)


def milliseconds(us: int | None) -> Milliseconds | None:
    """Microseconds, `1002.428`; None: never."""
    return None if us is None else f"{us // _MILLI}.{us % _MILLI:03d}"


def time(ms: int) -> Time:
    """Milliseconds since 1970 UTC, `2026-10-31T15:00:00.000Z`."""
    at = _EPOCH + timedelta(milliseconds=ms)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % _MILLI:03d}Z"


def time_or_none(ms: int | None) -> Time | None:
    """The same of what may not have come."""
    return None if ms is None else time(ms)


def ms_of(time: Time) -> int:
    """The inverse of `time`."""
    return (datetime.fromisoformat(time) - _EPOCH) // timedelta(milliseconds=1)


def ms_or_none(time: Time | None) -> int | None:
    """The same of what may not have come."""
    return None if time is None else ms_of(time)
