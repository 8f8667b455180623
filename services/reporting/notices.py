"""Notices of the provider: how long after its outage it said so, and whether it had to.

In:  an outage, what providers were seen to say. Out: lags in minutes, rounded up; whether the duty
to notify was kept. Moments are milliseconds since 1970 UTC. Pure.
Before: `outages.py`. After: `month.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.contracts.report_words import NoticeBound, NoticeDuty, Says
from services.contracts.sla import Contract
from services.reporting.calendar import moment_of
from services.reporting.outages import Outage
from services.reporting.slots import MINUTE_MS

_AFTER_MS = 24 * 60 * MINUTE_MS  # so long after restoration a notice is still about the outage


@dataclass(frozen=True, slots=True)
class Notice:
    """공지 of a provider. `published`: its own time, where it tells one; `seen`: by bongsu."""

    provider: str
    says: Says
    published: int | None
    seen: int
    digest: str

    @property
    def told(self) -> int:
        """The earlier of its two times."""
        return self.seen if self.published is None else min(self.published, self.seen)


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of an outage. `lag_min` is at most that where `bound` says so; `recovery_min`
    is negative when recovery was declared too early."""

    notices: tuple[Notice, ...]
    lag_min: int | None
    bound: NoticeBound
    recovery_min: int | None
    duty: NoticeDuty


def told(outage: Outage, notices: Iterable[Notice], contract: Contract) -> Told:
    """The notices seen from its beginning until a day after its end, and what they amount to."""
    began, until = outage.began * MINUTE_MS, outage.until * MINUTE_MS
    own = sorted(
        (each for each in notices if began <= each.seen < until + _AFTER_MS),
        key=lambda each: (each.told, each.seen, each.digest),
    )
    lag = _minutes(own[0].told - began) if own else None
    recovered = [each.told for each in own if each.says == "recovered"]
    return Told(
        tuple(own),
        lag,
        "none" if not own else "at_most" if own[0].published is None else "exact",
        _minutes(recovered[0] - until) if recovered and not outage.lasts else None,
        _duty(outage, lag, contract),
    )


def _duty(outage: Outage, lag: int | None, contract: Contract) -> NoticeDuty:
    """By the limit in force on the day the outage began."""
    if contract.settings.notice_exempt:
        return "exempt"
    limit = _limit(outage, contract)
    if limit is None or outage.until - outage.began < limit:
        return "not_reached"
    return "kept" if lag is not None and lag <= limit else "broken"


def _limit(outage: Outage, contract: Contract) -> int | None:
    day = moment_of(outage.began).astimezone(ZoneInfo(contract.tz)).date()
    limits = contract.settings.notice_limits
    undated: Sequence[int] = [each.minutes for each in limits if each.since is None]
    dated = [(each.since, each.minutes) for each in limits if each.since and each.since <= day]
    return max(dated)[1] if dated else next(iter(undated), None)


def _minutes(ms: int) -> int:
    return -(-ms // MINUTE_MS)
