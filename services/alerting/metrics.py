"""Metrics of the alerting process: types, units and labels are an interface (`docs/`).

Labels come from the catalogue and closed sets only: never an id, a number or a text.
"""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.alerting.paging.message import Kind
from services.contracts.evidence import ProbeSent
from services.contracts.vocabulary import Outcome

_PROBE = ["channel", "provider", "carrier", "body"]
# Acceptance takes milliseconds, sight up to the late thresholds (60 to 300 s) and a little more, a
# report up to 26 h, opening days: one set of buckets serves all stages.
STAGE_BUCKETS = (
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30),
    *(60, 120, 180, 300, 600, 1800, 7200, 28_800, 86_400, 259_200),
)
PAGE_BUCKETS = (0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
STORE_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Declared once, passed in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        gauge = partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry)
        # fmt: off
        self.outcomes = counter("bongsu_probe_outcome_total",
            "Scheduled probes by settled outcome, each counted once, after its commit",
            [*_PROBE, "outcome"])
        self.stages = histogram("bongsu_probe_stage_seconds",
            "Seconds from sending to each stage of settled scheduled probes",
            ["channel", "provider", "carrier", "stage"], buckets=STAGE_BUCKETS)
        self.clock_suspect = counter("bongsu_probe_clock_suspect_total",
            "Stages reached before the sending, by two clocks; left out of the histogram",
            ["provider", "stage"])
        self.pending = gauge("bongsu_probe_pending",
            "Announced probes of this instance's partitions without an outcome",
            ["channel", "provider"])
        self.duplicates = counter("bongsu_store_duplicates_total",
            "Evidence that was stored already, by kind", ["kind"])
        self.dead_letters = counter("bongsu_dead_letters_total",
            "Records set aside, by topic and reason", ["topic", "reason"])
        self.store_seconds = histogram("bongsu_store_seconds",
            "Seconds of one database transaction", ["operation"], buckets=STORE_BUCKETS)
        self.gaps = counter("bongsu_store_gap_records_total",
            "Records that retention deleted before they were stored", ["topic"])
        self.lag_records = gauge("bongsu_consumer_lag_records",
            "Records of this instance's partitions that are not stored yet", ["topic", "group"])
        self.lag_seconds = gauge("bongsu_consumer_lag_seconds",
            "Age of the oldest mark up to which one of this instance's partitions is stored",
            ["topic", "group"])
        self.selfcheck = gauge("bongsu_selfcheck_timestamp_seconds",
            "When each part of this process last did its work", ["check"])
        self.channel_state = gauge("bongsu_channel_state",
            "0 down, 1 impaired, 2 well; no series: nothing is measured. Only the leader tells it",
            ["channel", "provider"])
        self.candidates = gauge("bongsu_detection_candidates",
            "Components found faulty, by kind: open, or waiting to be told; told as the state is",
            ["kind", "standing"])
        self.usual = gauge("bongsu_detection_usual_seconds",
            "Seconds within which half of what arrives is there, as learnt; told as the state is",
            ["channel"])
        self.objectives = gauge("bongsu_slo_objective_ratio",
            "What each contract item in force promises, 0 to 1; told by the leader",
            ["slo", "channel"])
        self.incidents_open = gauge("bongsu_incidents_open",
            "Open outages by severity and the channel most concerned; told as the state is",
            ["severity", "channel"])
        self.tick_seconds = histogram("bongsu_detection_tick_seconds",
            "Seconds that one tick of the detector took", buckets=STORE_BUCKETS)
        self.late_records = counter("bongsu_detection_late_records_total",
            "Records that came after the tick they belonged to", ["topic"])
        self.skipped_ticks = counter("bongsu_detection_skipped_ticks_total",
            "Ticks without a verdict, because catching up took too long")
        self.broker_clock = gauge("bongsu_detection_broker_clock_seconds",
            "How far the brokers' clock that is most wrong is ahead of ours")
        self.detection_crashes = counter("bongsu_detection_crashes_total",
            "Times the detector was begun anew after an error")
        self.answers = counter("bongsu_answers_total",
            "Requests of people, by door (link, api) and what came of them", ["door", "result"])
        self.heartbeat = gauge("bongsu_heartbeat_timestamp_seconds",
            "When the outside address took our heartbeat; from our start on, 0 without an address")
        self.oldest_unsent = gauge("bongsu_page_oldest_unsent_seconds",
            "How long the oldest page that nobody has taken has been due; 0: none")
        self.path_proof = gauge("bongsu_path_proof_timestamp_seconds",
            "When each path was last seen to work (0: never), by what can be seen: its test"
            " receiver (seen), or its own word (accepted)", ["path", "how"])
        self.pages = counter("bongsu_pages_total",
            "Pages by kind and how they ended: accepted, dropped (a call that somebody answered, or"
            " that was over, before it could be sent), given-up a day after all was over",
            ["kind", "result"])
        self.page_tries = counter("bongsu_page_tries_total",
            "Calls of notifiers, by path and what they answered", ["path", "answer"])
        self.page_seconds = histogram("bongsu_page_seconds",
            "Seconds from the detection of what opened until its page was accepted", ["kind"],
            buckets=PAGE_BUCKETS)
        # fmt: on
        for kind in Kind:  # as `begin` says of outcomes
            for result in ("accepted", "given-up"):
                self.pages.labels(kind, result)
        for kind in (Kind.OPENED, Kind.DIGEST):
            self.page_seconds.labels(kind)

    def begin(self, sent: ProbeSent) -> None:
        """Every outcome of a stored probe begins at 0: a series that begins at 1, when the first
        one settles minutes later, has not increased."""
        for outcome in Outcome:
            self.outcomes.labels(sent.channel, sent.provider, sent.carrier, sent.body, outcome)
