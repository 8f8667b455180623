"""The event of a provider's word, the same one whoever learned it: look-up, webhook or bounce.

In:  a `Report` of an adapter, and its probe where that is known. Out: `report.received`.
Before: `poll.py`, `webhooks.py`, `mailboxes.py`. After: they publish it.
"""

from datetime import datetime
from uuid import UUID

from services.adapters.base import Report
from services.contracts import evidence
from services.contracts.evidence import ReportReceived
from services.ingest.receive import Keeper
from services.runtime.errors import SetAside


def report_received(
    probe_id: UUID | None, account: str, report: Report, keeper: Keeper, now: datetime
) -> ReportReceived:
    """Its id takes UTC midnight where the provider gives no time, so that whoever learns it again
    on that day makes the same one; a code that is absent is its state. Raises SetAside
    (`malformed`) for what no event can hold."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    message = (account, report.provider_message_id)
    code, at = report.code or report.state, report.reported_at or midnight
    try:
        return ReportReceived(
            event_id=evidence.report_id(keeper.id_key, probe_id, message, report.leg, code, at),
            source=keeper.source,
            probe_id=probe_id,
            account=account,
            provider_message_id=report.provider_message_id,
            leg=report.leg,
            state=report.state,
            code=report.code,
            fault=report.fault,
            reported_at=report.reported_at or now,
            fields=dict(report.fields),
        )
    except (ValueError, OverflowError):  # a text that is too long, a time before every calendar
        raise SetAside("malformed") from None
