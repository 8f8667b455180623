"""Says on which accounts nothing but trials is sent, and what is left of their quotas.

In:  what adapters answered. Out: admissions for step 2; one log line and a gauge for each stop.
The decisions are in `stops.py`; here they are told to people.
"""

from collections.abc import Iterable
from datetime import datetime

import structlog

from services.adapters.base import SendResult
from services.contracts.catalogue import Account, Catalogue
from services.contracts.evidence import ProbeSent
from services.contracts.vocabulary import AnswerResult, FaultDomain
from services.probe.metrics import Metrics
from services.probe.stops import Admission, KoreanDay, StopReason, Stops

_log = structlog.get_logger()


class Gate:
    """The accounts' doors. `catalogue` is set with each change."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics, self._stops, self._sent = metrics, Stops(), KoreanDay()
        self._accounts: dict[str, Account] = {}

    def change(self, catalogue: Catalogue, now: datetime) -> None:
        """A catalogue came into force: what was misconfigured gets a trial."""
        for gone in self._accounts.keys() - catalogue.accounts.keys():
            self._open_again(gone)
        self._accounts = catalogue.accounts
        for account in self._accounts:
            self._stops.mended(account, now)
        self._show(self._accounts.values(), now)

    def mended(self, account: str, now: datetime) -> None:
        """The account's secret changed."""
        self._stops.mended(account, now)

    def admit(self, account: str, now: datetime) -> Admission:
        """May one probe go out? Quota stops of a day that is over are lifted first."""
        for over in self._stops.over(now):
            self._open_again(over)
            self._show(self._accounts.values(), now)
        return self._stops.admit(account, now)

    def not_used(self, account: str, admission: Admission, now: datetime) -> None:
        """The admitted probe was never sent."""
        if admission is Admission.TRIAL:
            self._stops.give_back(account, now)

    def sent(self, sent: ProbeSent, now: datetime) -> None:
        """One more of the day's quota is used."""
        self._sent.add(now, sent.account, sent.channel)
        self._show([a for a in self._accounts.values() if a.provider == sent.provider], now)

    def learn(self, account: str, admission: Admission, result: SendResult, now: datetime) -> None:
        """Stop on a quota answer; open when a trial was answered in any other way."""
        if result.result is AnswerResult.REFUSED and result.fault is FaultDomain.QUOTA:
            self.stop(account, StopReason.QUOTA, f"quota used up, code {result.code}", now)
        elif admission is Admission.TRIAL and result.result in (
            AnswerResult.ACCEPTED,
            AnswerResult.REFUSED,
        ):
            self._open_again(account)
            self._show(self._accounts.values(), now)

    def stop(self, account: str, reason: StopReason, why: str, now: datetime) -> None:
        """From now on only trials; said once."""
        if self._stops.stop(account, reason, now):
            self._metrics.account_stopped.labels(account, reason).set(1)
            self._show(self._accounts.values(), now)
            _log.error("account stopped", account=account, cause=reason, reason=why)

    def _open_again(self, account: str) -> None:
        reason = self._stops.lift(account)
        if reason is not None:
            self._metrics.account_stopped.labels(account, reason).set(0)
            _log.info("account open again", account=account, cause=reason)

    def _show(self, accounts: Iterable[Account], now: datetime) -> None:
        least: dict[str, float] = {}
        for account in accounts:
            for channel, quota in account.quota.items():
                if quota.day is not None:
                    left = 1 - self._sent.count(now, account.id, channel) / quota.day
                    if self._stops.reason(account.id) is StopReason.QUOTA:
                        left = 0.0
                    least[account.provider] = min(least.get(account.provider, 1.0), max(0.0, left))
        for provider, ratio in least.items():
            self._metrics.quota_remaining.labels(provider).set(ratio)
