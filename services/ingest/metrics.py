"""Metrics of the ingest process: types, units and labels are an interface (`docs/`).

Labels come from the catalogue and closed sets only: never an id of a message, a number or a text.
"""

from enum import StrEnum
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.contracts.catalogue import Catalogue

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_RECEIVER = ["receiver", "kind", "carrier"]


class Result(StrEnum):
    """What became of a request."""

    ACCEPTED = "accepted"  # evidence or a sign of life is in Kafka
    UNMATCHED = "unmatched"  # authentic, but no probe of ours: dropped
    BAD_SIGNATURE = "bad_signature"  # not authentic, or nobody we know
    STALE = "stale"  # outside the time window, or a signature used again with another body
    TOKEN = "token"  # the one-time token of a document was used, or is none
    INVALID = "invalid"  # not understood (dead letter), too large, or not JSON at all
    MISCONFIGURED = "misconfigured"  # the phone hides what it should show
    UNAVAILABLE = "unavailable"  # Kafka or the catalogue is away: to be sent again


class Metrics:
    """Declared once, passed in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        gauge = partial(Gauge, registry=registry)
        # fmt: off
        self.requests = counter("bongsu_ingest_requests_total",
            "Receipts, webhooks and visits of the page, by what became of them", ["kind", "result"])
        self.seconds = Histogram("bongsu_ingest_seconds",
            "Seconds from a request's first byte read to its answer", ["kind", "result"],
            buckets=BUCKETS, registry=registry)
        self.last_seen = gauge("bongsu_receiver_last_seen_timestamp_seconds",
            "When a receiver's app last posted something authentic here", _RECEIVER)
        self.clock_offset = gauge("bongsu_receiver_clock_offset_seconds",
            "The receiver's clock minus ours, by its last request", _RECEIVER)
        self.battery = gauge("bongsu_receiver_battery_ratio",
            "Charge of the receiver's battery, from 0 to 1", _RECEIVER)
        self.dead_letters = counter("bongsu_dead_letters_total",
            "Authentic receipts and webhooks not understood, by reason", ["topic", "reason"])
        self.look_ups = counter("bongsu_ingest_look_ups_total",
            "Questions to providers about accepted messages, by what became of them",
            ["adapter", "result"])
        self.look_ups_pending = gauge("bongsu_ingest_look_ups_pending",
            "Accepted messages of this instance's partitions without a final report")
        self.look_ups_dropped = counter("bongsu_ingest_look_ups_dropped_total",
            "Messages given up before their final report: too many pending, or too old")
        self.unmapped_codes = counter("bongsu_unmapped_codes_total",
            "Reports with a code that the adapter's table does not hold", ["adapter"])
        self.mails = counter("bongsu_ingest_mails_total",
            "Mails of probes read in mailboxes, by what they said", ["kind", "result"])
        self.mailbox_failures = counter("bongsu_ingest_mailbox_failures_total",
            "Connections to mailboxes that could not be made or broke off", ["kind"])
        self.selfcheck = gauge("bongsu_selfcheck_timestamp_seconds",
            "When each part of this process last did its work", ["check"])
        # fmt: on

    def keep_only(self, catalogue: Catalogue) -> None:
        """Drop the series of receivers that the catalogue does not hold (any more)."""
        known = {
            (receiver.id, str(observer.kind), str(receiver.carrier))
            for receiver in catalogue.receivers.values()
            for observer in receiver.observers
        }
        for gauge in (self.last_seen, self.clock_offset, self.battery):
            for sample in [s for metric in gauge.collect() for s in metric.samples]:
                labels = tuple(sample.labels[name] for name in _RECEIVER)
                if labels not in known:
                    gauge.remove(*labels)
