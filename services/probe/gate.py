"""Says on which accounts nothing but trials is sent, and what is left of their quotas.

In:  what adapters answered. Out: admissions for step 2; one log line and a gauge for each stop.
The decisions are in `stops.py`; here they are told to people.
"""

import functools

import structlog

from services.adapters.base import SendResult
from services.contracts.catalogue import Account, Catalogue
from services.contracts.evidence import ProbeSent
from services.contracts.vocabulary import AnswerResult, FaultDomain
from services.probe.metrics import Metrics
from services.probe.stops import Admission, KoreanDay, StopReason, Stops
from services.runtime.clock import Clock

_log = structlog.get_logger()


class Gate:
    """The accounts' doors."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics, self._clock = metrics, clock
        self._stops, self._sent = Stops(), KoreanDay()
        self._accounts: dict[str, Account] = {}

    def change(self, catalogue: Catalogue) -> None:
        """A catalogue came into force: what was misconfigured gets a trial."""
        for gone in self._accounts.keys() - catalogue.accounts.keys():
            self._open_again(gone)
        self._accounts = catalogue.accounts
        for account in self._accounts.values():
            self.mended(account.id)
            if any(quota.day is not None for quota in account.quota.values()):
                left = functools.partial(self._least_left, account.provider)
                self._metrics.quota_remaining.labels(account.provider).set_function(left)

    def mended(self, account: str) -> None:
        """Catalogue or secret of the account changed."""
        self._stops.mended(account, self._clock.steady())

    def admit(self, account: str) -> Admission:
        """May one probe go out? Quota stops of a day that is over are lifted first."""
        now = self._clock.steady()
        for over in self._stops.over(now):
            self._open_again(over)
        return self._stops.admit(account, now)

    def not_used(self, account: str, admission: Admission) -> None:
        """The admitted probe was never sent."""
        if admission is Admission.TRIAL:
            self._stops.give_back(account, self._clock.steady())

    def sent(self, sent: ProbeSent) -> None:
        """One more of the day's quota is used."""
        self._sent.add(self._clock.steady(), sent.account, sent.channel)

    def learn(self, account: str, admission: Admission, result: SendResult) -> None:
        """Stop on a quota answer; open when a trial was answered in any other way."""
        if result.result is AnswerResult.REFUSED and result.fault is FaultDomain.QUOTA:
            self.stop(account, StopReason.QUOTA, f"quota used up, code {result.code}")
        elif admission is Admission.TRIAL and result.result in (
            AnswerResult.ACCEPTED,
            AnswerResult.REFUSED,
        ):
            self._open_again(account)

    def stop(self, account: str, reason: StopReason, why: str) -> None:
        """From now on only trials; said once."""
        if self._stops.stop(account, reason, self._clock.steady()):
            self._metrics.account_stopped.labels(account, reason).set(1)
            _log.error("account stopped", account=account, cause=reason, reason=why)

    def _open_again(self, account: str) -> None:
        reason = self._stops.lift(account)
        if reason is not None:
            self._metrics.account_stopped.labels(account, reason).set(0)
            _log.info("account open again", account=account, cause=reason)

    def _least_left(self, provider: str) -> float:
        """Asked when the metric is read: the least share left of a day's quota."""
        accounts = [a for a in self._accounts.values() if a.provider == provider]
        days = [(a, channel, q.day) for a in accounts for channel, q in a.quota.items() if q.day]
        return min((self._left(a, channel, day) for a, channel, day in days), default=1.0)

    def _left(self, account: Account, channel: str, day: int) -> float:
        if self._stops.reason(account.id) is StopReason.QUOTA:
            return 0.0
        return max(0.0, 1 - self._sent.count(self._clock.steady(), account.id, channel) / day)
