"""Metrics of the probe process: name, type, unit, labels, meaning. Labels come from closed sets
(words of the vocabulary) or from the catalogue, never from what a provider sent."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_DELAYS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ANSWERS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)


class Metrics:
    """Made once in `__main__`, passed to those who count."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sent = Counter(
            "bongsu_probe_sent_total",
            "Probes announced and handed to their adapter",
            ["channel", "provider", "carrier", "body"],
            registry=registry,
        )
        self.not_sent = Counter(
            "bongsu_probe_not_sent_total",
            "Slots and commands of which nothing was sent: not measured, nobody's outage",
            ["channel", "reason"],
            registry=registry,
        )
        self.answered = Counter(
            "bongsu_probe_answered_total",
            "Calls to providers by what became of them",
            ["channel", "provider", "result"],
            registry=registry,
        )
        self.unfinished = Counter(
            "bongsu_probe_unfinished_total",
            "Announced probes that stay without an answer: crashed, lost (Kafka), stopped",
            ["reason"],
            registry=registry,
        )
        self.schedule_delay = Histogram(
            "bongsu_probe_schedule_delay_seconds",
            "From the slot of a scheduled probe to its announcement",
            ["channel"],
            buckets=_DELAYS,
            registry=registry,
        )
        self.commands = Counter(
            "bongsu_probe_commands_total",
            "Commands read, by what became of them",
            ["result"],
            registry=registry,
        )
        self.routes = Gauge(
            "bongsu_probe_routes", "Routes this worker runs at present", registry=registry
        )
        self.account_stopped = Gauge(
            "bongsu_probe_account_stopped",
            "1 while nothing but trials is sent on an account, by reason",
            ["account", "reason"],
            registry=registry,
        )
        self.api_requests = Counter(
            "bongsu_provider_api_requests_total",
            "HTTP requests to providers by class of answer (2xx … 5xx, error)",
            ["provider", "code"],
            registry=registry,
        )
        self.api_seconds = Histogram(
            "bongsu_provider_api_seconds",
            "Time from a request to the head of its answer",
            ["provider", "code"],
            buckets=_ANSWERS,
            registry=registry,
        )
        self.quota_remaining = Gauge(
            "bongsu_provider_quota_remaining_ratio",
            "Least remaining share of the day's quotas of a provider's accounts, as far as this"
            " worker's own sends and the provider's quota answers tell",
            ["provider"],
            registry=registry,
        )
        self.selfcheck = Gauge(
            "bongsu_selfcheck_timestamp_seconds",
            "When a check of bongsu itself last went well (Unix time)",
            ["check"],
            registry=registry,
        )
