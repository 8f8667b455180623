"""Stopped accounts: one trial an hour, open again at midnight in Korea."""

from datetime import UTC, datetime, timedelta

from services.probe.stops import Admission, KoreanDay, StopReason, Stops, midnight_after
from tests.support.builders import SLOT

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def _stopped(reason: StopReason, now: datetime = SLOT) -> Stops:
    stops = Stops()
    assert stops.stop("sens", reason, now)
    return stops


def test_a_stop_is_told_once_and_concerns_one_account() -> None:
    stops = _stopped(StopReason.MISCONFIGURED)
    assert not stops.stop("sens", StopReason.MISCONFIGURED, SLOT)
    assert stops.admit("sens", SLOT + MINUTE) is Admission.CLOSED
    assert stops.admit("nhn", SLOT + MINUTE) is Admission.OPEN


def test_a_stopped_account_gets_one_trial_an_hour() -> None:
    stops = _stopped(StopReason.QUOTA)
    admissions = [stops.admit("sens", SLOT + n * MINUTE) for n in range(1, 181)]
    trials = [n for n, admission in enumerate(admissions, 1) if admission is Admission.TRIAL]
    assert trials == [60, 120, 180]


def test_a_trial_that_was_never_sent_is_given_again() -> None:
    stops = _stopped(StopReason.QUOTA)
    assert stops.admit("sens", SLOT + HOUR) is Admission.TRIAL
    stops.give_back("sens", SLOT + HOUR)
    assert stops.admit("sens", SLOT + HOUR + MINUTE) is Admission.TRIAL


def test_a_mended_account_is_tried_at_once_but_a_used_up_quota_is_not() -> None:
    for reason, expected in (
        (StopReason.MISCONFIGURED, Admission.TRIAL),
        (StopReason.QUOTA, Admission.CLOSED),
    ):
        stops = _stopped(reason)
        stops.mended("sens", SLOT + MINUTE)
        assert stops.admit("sens", SLOT + MINUTE) is expected


def test_a_quota_stop_is_over_at_midnight_in_korea_and_a_misconfiguration_is_not() -> None:
    midnight = datetime(2026, 10, 15, 15, 0, tzinfo=UTC)
    assert midnight_after(SLOT) == midnight
    assert midnight_after(midnight) == midnight + timedelta(days=1)
    stops = _stopped(StopReason.QUOTA)
    assert not stops.over(midnight - MINUTE)
    assert stops.over(midnight) == ["sens"]
    assert not _stopped(StopReason.MISCONFIGURED).over(midnight + timedelta(days=9))


def test_counts_of_a_day_start_at_zero_at_midnight_in_korea() -> None:
    day = KoreanDay()
    before, after = midnight_after(SLOT) - MINUTE, midnight_after(SLOT)
    day.add(before, "sens", "sms")
    day.add(before, "sens", "sms")
    assert day.count(before, "sens", "sms") == 2
    assert day.count(before, "sens", "alimtalk") == 0
    assert day.count(after, "sens", "sms") == 0
