"""Metrics of the probe process: name, type, unit, labels, meaning. Labels come from closed sets
(words of the vocabulary) or from the catalogue, never from what a provider sent."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_DELAYS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ANSWERS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)


class Metrics:
    """Made once in `__main__`, passed to those who count."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        gauge = partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry)
        # fmt: off
        self.sent = counter("bongsu_probe_sent_total",
            "Probes announced and handed to their adapter",
            ["channel", "provider", "carrier", "body"])
        self.not_sent = counter("bongsu_probe_not_sent_total",
            "Slots and commands of which nothing was sent: not measured, nobody's outage",
            ["channel", "reason"])
        self.answered = counter("bongsu_probe_answered_total",
            "Calls to providers by what became of them", ["channel", "provider", "result"])
        self.unmapped_codes = counter("bongsu_unmapped_codes_total",
            "Answers with a code that the adapter's table does not hold", ["adapter"])
        self.unfinished = counter("bongsu_probe_unfinished_total",
            "Announced probes that stay without an answer: crashed, lost (Kafka), stopped",
            ["reason"])
        self.schedule_delay = histogram("bongsu_probe_schedule_delay_seconds",
            "From the slot of a scheduled probe to its announcement", ["channel"], buckets=_DELAYS)
        self.commands = counter("bongsu_probe_commands_total",
            "Commands read, by what became of them", ["result"])
        self.routes = gauge("bongsu_probe_routes", "Routes this worker runs at present")
        self.account_stopped = gauge("bongsu_probe_account_stopped",
            "1 while nothing but trials is sent on an account, by reason", ["account", "reason"])
        self.api_requests = counter("bongsu_provider_api_requests_total",
            "HTTP requests to providers by class of answer (2xx … 5xx, error)",
            ["provider", "code"])
        self.api_seconds = histogram("bongsu_provider_api_seconds",
            "Time from a request to the head of its answer", ["provider", "code"], buckets=_ANSWERS)
        self.quota_remaining = gauge("bongsu_provider_quota_remaining_ratio",
            "Least remaining share of the day's quotas of a provider's accounts, as far as this"
            " worker's own sends and the provider's quota answers tell", ["provider"])
        self.selfcheck = gauge("bongsu_selfcheck_timestamp_seconds",
            "When a check of bongsu itself last went well (Unix time)", ["check"])
