"""Step 4, webhooks: a provider tells results by itself, and they become evidence.

In:  one request (`Incoming`) for an adapter and an account of the catalogue in force. Out:
     `report.received` for each result or a dead letter, acknowledged by Kafka; then `Result`.
Before: the provider, `app.py`. After: storing and detection; `poll.py` reads it there and asks no
more. Nothing is kept: what comes again, or came by a look-up, makes the same event ids, so that a
webhook of which Kafka has half is simply sent again whole.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from services.adapters.base import Adapter, ReadsReports, Report
from services.contracts import topics
from services.contracts.catalogue import Account, Catalogue
from services.contracts.codec import encode
from services.contracts.evidence import ReportReceived
from services.contracts.vocabulary import ReportState
from services.ingest.metrics import Metrics, Result
from services.ingest.receive import AHEAD, REMEMBERED, Keeper, dead_letter, timely
from services.ingest.receivers.base import Incoming
from services.ingest.reports import report_received
from services.runtime.clock import Clock
from services.runtime.errors import Refuse, Retry, SetAside
from services.runtime.kafka import Publisher
from services.runtime.secrets import SecretFolder


class Webhooks:
    """The receiving end: `receive` lists the steps. `adapters`: those that read reports."""

    def __init__(
        self,
        keeper: Keeper,
        adapters: Mapping[str, type[Adapter]],
        catalogue: Callable[[], Catalogue | None],
        secrets: SecretFolder,
        publisher: Publisher,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self.adapters = {
            name: cast(type[ReadsReports], kind)
            for name, kind in adapters.items()
            if hasattr(kind, "read_reports")
        }
        self._keeper, self._catalogue, self._secrets = keeper, catalogue, secrets
        self._publisher, self._metrics, self._clock = publisher, metrics, clock

    async def receive(self, name: str, account_id: str, incoming: Incoming) -> Result:
        """Verify, read, publish. Raises Refuse (not authentic), Retry (not now), Stop (no
        secret)."""
        account, adapter = self._who(name, account_id), self.adapters[name]
        proofs = self._secrets.all(account.secret, adapter.proof)
        adapter.verify(incoming.headers, incoming.body, proofs)
        return await self._take(adapter, (name, account.id), incoming.body)

    def _who(self, name: str, account_id: str) -> Account:
        catalogue = self._catalogue()
        if catalogue is None:
            raise Retry("no_catalogue")
        used = {route.account for route in catalogue.routes.values() if route.adapter == name}
        account = catalogue.accounts.get(account_id)
        if account is None or account_id not in used:
            raise Refuse("bad_signature")
        return account

    async def _take(
        self, adapter: type[ReadsReports], line: tuple[str, str], body: bytes
    ) -> Result:
        """Everything a webhook tells, or nothing of it when one part is not understood."""
        name, account = line
        now = self._clock.now()
        try:
            said = adapter.read_reports(body)
            ours = [report for report in said if is_timely(report, now)]
            events = [report_received(r.probe_id, account, r, self._keeper, now) for r in ours]
        except SetAside as error:
            origin = f"reports/{name}/{account}"
            letter = dead_letter(
                body, error.reason, adapter.report_fields, origin, self._keeper, now
            )
            await self._publisher.send(topics.DEADLETTERS, encode(letter))
            self._metrics.dead_letters.labels("reports", error.reason).inc()
            return Result.INVALID
        await asyncio.gather(*(self._publish(event, name) for event in events))
        return Result.ACCEPTED if len(ours) == len(said) else Result.UNMATCHED

    async def _publish(self, event: ReportReceived, name: str) -> None:
        await self._publisher.send(topics.EVIDENCE, encode(event))
        if event.state is ReportState.UNKNOWN:
            self._metrics.unmapped_codes.labels(name).inc()


def is_timely(report: Report, now: datetime) -> bool:
    """Can it be evidence still? Its event is kept under the probe's slot, or under the provider's
    time while the probe is unknown."""
    if report.probe_id is not None:
        return timely(report.probe_id, now)
    return now - REMEMBERED <= (report.reported_at or now) <= now + AHEAD
