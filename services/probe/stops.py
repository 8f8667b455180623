"""Which accounts are stopped, and when one is tried again. Pure: `now` is passed in.

A stop concerns one account, never the process. `misconfigured`: a person must mend something; a
trial comes every hour, and when catalogue or secret changed. `quota`: the provider says that the
day's allowance is used up; a trial every hour, and all is open again at midnight in Korea.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

KOREA = ZoneInfo("Asia/Seoul")
TRIAL_EVERY = timedelta(hours=1)


class StopReason(StrEnum):
    """Why an account is stopped."""

    MISCONFIGURED = "misconfigured"
    QUOTA = "quota"


class Admission(StrEnum):
    """May a probe go out on an account?"""

    OPEN = "open"
    TRIAL = "trial"
    CLOSED = "closed"


@dataclass(slots=True)
class _Stopped:
    reason: StopReason
    next_trial: datetime
    until: datetime | None


class Stops:
    """The stopped accounts of this worker."""

    def __init__(self) -> None:
        self._stopped: dict[str, _Stopped] = {}

    def stop(self, account: str, reason: StopReason, now: datetime) -> bool:
        """Stop an account; False when it was stopped already: calls under way, and a trial that
        went wrong, say it again."""
        if account in self._stopped:
            return False
        until = midnight_after(now) if reason is StopReason.QUOTA else None
        self._stopped[account] = _Stopped(reason, now + TRIAL_EVERY, until)
        return True

    def reason(self, account: str) -> StopReason | None:
        """Why an account is stopped; None when it is not."""
        stopped = self._stopped.get(account)
        return stopped.reason if stopped else None

    def admit(self, account: str, now: datetime) -> Admission:
        """Decide for one probe; a trial given is gone until the next hour."""
        stopped = self._stopped.get(account)
        if stopped is None:
            return Admission.OPEN
        if now < stopped.next_trial:
            return Admission.CLOSED
        stopped.next_trial = now + TRIAL_EVERY
        return Admission.TRIAL

    def give_back(self, account: str, now: datetime) -> None:
        """A trial was not used (its probe was never sent): the next probe is one."""
        self._stopped[account].next_trial = now

    def mended(self, account: str, now: datetime) -> None:
        """Catalogue or secret changed: what was misconfigured may work now."""
        if self.reason(account) is StopReason.MISCONFIGURED:
            self._stopped[account].next_trial = now

    def lift(self, account: str) -> StopReason | None:
        """Open again; what the reason was, None when it was open."""
        stopped = self._stopped.pop(account, None)
        return stopped.reason if stopped else None

    def over(self, now: datetime) -> list[str]:
        """The accounts whose day is over."""
        return [a for a, s in self._stopped.items() if s.until is not None and s.until <= now]


class KoreanDay:
    """Counts of the current day in Korea; a new day starts at zero."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._counts: Counter[tuple[str, ...]] = Counter()

    def add(self, now: datetime, *key: str, number: int = 1) -> None:
        """One more of these, or as many as told."""
        self._turn(now)
        self._counts[key] += number

    def count(self, now: datetime, *key: str) -> int:
        """How many of these today."""
        self._turn(now)
        return self._counts[key]

    def _turn(self, now: datetime) -> None:
        today = now.astimezone(KOREA).date()
        if today != self._day:
            self._day, self._counts = today, Counter()


def midnight_after(now: datetime) -> datetime:
    """The end of the current day in Korea."""
    tomorrow = now.astimezone(KOREA).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), KOREA).astimezone(now.tzinfo)
