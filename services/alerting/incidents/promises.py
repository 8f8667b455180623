"""What contracts promise today, as a metric: rules and boards measure burnt budgets by it.

In:  the catalogue in force, the time. Out: `bongsu_slo_objective_ratio`, a series for each contract
item in force. Only the leader tells it, so that each has one series. Before: `writing.py`.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from prometheus_client import Gauge

from services.contracts.catalogue import Catalogue
from services.contracts.sla import ALL

ANEW = timedelta(minutes=1)  # versions change at midnight, in zones of their own


class Promises:
    """`show` as often as one likes; it looks again after a minute, or in another catalogue."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._shown: tuple[object, int] | None = None

    def silence(self) -> None:
        """Tell nothing."""
        self._gauge.clear()
        self._shown = None

    def show(self, catalogue: Catalogue, now: datetime) -> None:
        """Tell what is promised by what holds now."""
        looked = (catalogue.revision, int(now.timestamp() // ANEW.total_seconds()))
        if looked == self._shown:
            return
        self.silence()
        self._shown = looked
        for contract in catalogue.contracts.values():
            today = now.astimezone(ZoneInfo(contract.tz)).date()
            if contract.share_ppm is not None and contract.holds_on(today):
                labels = (contract.item, contract.channel)
                self._gauge.labels(*labels).set(contract.share_ppm / ALL)
