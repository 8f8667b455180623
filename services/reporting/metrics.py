"""What the reporting process counts: when it sealed, what is due, what does not succeed."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.contracts.report_words import State
from services.reporting.due import Due
from services.storage.months import Revision

SEALED = (State.PRELIMINARY, State.CLOSED, State.CORRECTED)


class Metrics:
    """Of one process; every report has all its series from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        # fmt: off
        self._success = Gauge("bongsu_report_last_success_timestamp_seconds",
            "When a report of each kind was sealed last, by whichever instance; 0: never",
            ["report"], registry=registry)
        self._due = Gauge("bongsu_report_due_timestamp_seconds",
            "Since when the oldest report of each kind that is not sealed is due; 0: none is",
            ["report"], registry=registry)
        self.tries = Gauge("bongsu_report_failed_tries",
            "How often in a row this instance failed to seal what is due; the most of all reports",
            registry=registry)
        self.rollup_differences = Counter("bongsu_rollup_differences_total",
            "Figures of stored days that are not what their raw evidence says, as found each night",
            registry=registry)
        # fmt: on
        for state in SEALED:
            self._success.labels(state)
            self._due.labels(state)

    def stand(self, sealed: Iterable[Revision], due: Iterable[Due]) -> None:
        """As of now."""
        for state in SEALED:
            done = [each.sealed_at.timestamp() for each in sealed if each.state == state]
            open_ = [each.at.timestamp() for each in due if each.state is state]
            self._success.labels(state).set(max(done, default=0))
            self._due.labels(state).set(min(open_, default=0))
