"""What boards and rules may ask for: names, types and labels of metrics, as agreed with them.

A metric that boards use is renamed here and there at once, or not at all.
"""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from ruamel.yaml import YAML

from services.alerting.metrics import Metrics as AlertingMetrics
from services.ingest.metrics import Metrics as IngestMetrics
from services.probe.metrics import Metrics as ProbeMetrics
from services.reporting.metrics import Metrics as ReportingMetrics
from services.runtime.kafka import Address, Producer
from services.runtime.ops import Health
from tests.support.commands import ROOT

RECEIVER = "receiver kind carrier"
AGREED = {
    "bongsu_probe_sent_total": ("counter", "channel provider carrier body"),
    "bongsu_probe_outcome_total": ("counter", "channel provider carrier body outcome"),
    "bongsu_probe_stage_seconds": ("histogram", "channel provider carrier stage"),
    "bongsu_probe_pending": ("gauge", "channel provider"),
    "bongsu_probe_schedule_delay_seconds": ("histogram", "channel"),
    "bongsu_provider_api_requests_total": ("counter", "provider code"),
    "bongsu_provider_api_seconds": ("histogram", "provider code"),
    "bongsu_provider_quota_remaining_ratio": ("gauge", "provider"),
    "bongsu_receiver_last_seen_timestamp_seconds": ("gauge", RECEIVER),
    "bongsu_receiver_clock_offset_seconds": ("gauge", RECEIVER),
    "bongsu_receiver_battery_ratio": ("gauge", RECEIVER),
    "bongsu_ingest_requests_total": ("counter", "kind result"),
    "bongsu_ingest_seconds": ("histogram", "kind result"),
    "bongsu_store_duplicates_total": ("counter", "kind"),
    "bongsu_kafka_produce_total": ("counter", "topic result"),
    "bongsu_consumer_lag_records": ("gauge", "topic group"),
    "bongsu_consumer_lag_seconds": ("gauge", "topic group"),
    "bongsu_dead_letters_total": ("counter", "topic reason"),
    "bongsu_store_seconds": ("histogram", "operation"),
    "bongsu_selfcheck_timestamp_seconds": ("gauge", "check"),
    "bongsu_pages_total": ("counter", "kind result"),
    "bongsu_page_tries_total": ("counter", "path answer"),
    "bongsu_page_seconds": ("histogram", "kind"),
}
_NAME = re.compile(r"\bbongsu_[a-z_]+\b")


def test_what_boards_ask_for_is_there_with_its_type_and_labels() -> None:
    shown = declared()
    assert {name: shown.get(name) for name in AGREED} == AGREED


def test_the_rules_ask_for_nothing_that_is_not_there() -> None:
    rules = YAML(typ="safe").load(Path(ROOT / "deploy" / "prometheus" / "rules.yml"))
    asked = {
        name.removesuffix("_bucket")
        for group in rules["groups"]
        for rule in group["rules"]
        for name in _NAME.findall(rule["expr"])
    }
    assert asked
    assert asked <= set(declared())


def declared() -> dict[str, tuple[str, str]]:
    """Name as a scrape shows it → type and labels, of every process."""
    producer = Producer(Address({}, "bongsu", True), Health(), CollectorRegistry())
    processes = (ProbeMetrics, IngestMetrics, AlertingMetrics, ReportingMetrics)
    makers = [make(CollectorRegistry()) for make in processes]
    found = {}
    for holder in (*makers, producer):
        for metric in vars(holder).values():
            if isinstance(metric, MetricWrapperBase):
                (described,) = metric.describe()
                suffix = "_total" if described.type == "counter" else ""
                found[described.name + suffix] = (described.type, " ".join(metric._labelnames))
    return found
