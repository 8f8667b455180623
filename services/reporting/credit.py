"""Credits 감액: what the contract gives back, and until when it must be claimed. No legal advice.

In:  measured availability, the month's outages. Out: the row that applies, KRW, a deadline. Pure.
Before: `sums.py`, `outages.py`. After: `month.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.contracts.sla import Contract, CreditRow
from services.reporting.calendar import moment_of
from services.reporting.outages import Outage
from services.reporting.ratio import PPM


@dataclass(frozen=True, slots=True)
class Credit:
    """`krw`: None without a price; `deadline`: the earliest of the month's outages."""

    row: CreditRow | None
    krw: int | None
    deadline: datetime | None


def credit(availability: int | None, outages: Iterable[Outage], contract: Contract) -> Credit:
    """Of a month. KRW are rounded down; without a row above the availability nothing is due."""
    rows = [
        row
        for row in contract.credit_table
        if availability is not None and availability < row.below_ppm
    ]
    row = min(rows, key=lambda each: each.below_ppm, default=None)
    price = contract.monthly_price_krw
    krw = None if price is None else price * (row.credit_ppm if row else 0) // PPM
    deadlines = (deadline(outage, contract) for outage in outages)
    return Credit(row, krw, min((each for each in deadlines if each), default=None))


def deadline(outage: Outage, contract: Contract) -> datetime | None:
    """The last second of the day until which an outage may be claimed; None while it lasts."""
    since = outage.restored if contract.claim.since == "restored" else outage.began
    if since is None:
        return None
    zone = ZoneInfo(contract.tz)
    day = moment_of(since).astimezone(zone).date() + timedelta(days=contract.claim.days)
    return datetime.combine(day, time(23, 59, 59), zone)
