"""Every setting and every metric stands in the documents, with its default or its labels."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from dashboards.preview.__main__ import PreviewSettings
from services.alerting.metrics import Metrics as AlertingMetrics
from services.alerting.settings import AlertingSettings
from services.catalogue.publish import Follower
from services.cli.context import CliSettings
from services.cli.operate import InitSettings
from services.ingest.metrics import Metrics as IngestMetrics
from services.ingest.settings import IngestSettings
from services.local.settings import LocalSettings
from services.probe.metrics import Metrics as ProbeMetrics
from services.probe.settings import ProbeSettings
from services.reporting.metrics import Metrics as ReportingMetrics
from services.reporting.settings import ReportingSettings
from services.runtime.kafka import Address, Producer
from services.runtime.ops import Health
from services.runtime.settings import Settings
from simulators.config import SimulatorSettings

ROOT = Path(__file__).resolve().parents[3]
COMPONENTS = ROOT / "docs" / "components"

# Settings, the page of their process, their section of `.env.example`.
TOLD: list[tuple[type[BaseSettings], str, str]] = [
    (Settings, "runtime", "every process, and the command line"),
    (ProbeSettings, "probe", "probe"),
    (IngestSettings, "ingest", "ingest"),
    (AlertingSettings, "alerting", "alerting"),
    (ReportingSettings, "reporting", "reporting"),
    (CliSettings, "cli", "cli"),
    (InitSettings, "cli", "init"),
    (LocalSettings, "local", "local stack (bongsu up)"),
    (PreviewSettings, "dashboards", "preview of the boards (bongsu up sets these itself)"),
    (SimulatorSettings, "simulators", "simulated world (bongsu up sets these itself)"),
]

_ROW = re.compile(r"^\| `(BONGSU_\w+)` \| `?([^|`]*)`? \| [^|]+", re.MULTILINE)
_METRIC = re.compile(r"^\| `(bongsu_\w+)` \| (\w+) \| ([^|]*) ?\| [^|]+\|$", re.MULTILINE)
_SECTION = re.compile(r"^# --- ([^\n]+) ---\n(.*?)(?=^# ---|\Z)", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^(# )?(BONGSU_\w+)=(.*)$", re.MULTILINE)


def _page(name: str) -> str:
    return (COMPONENTS / f"{name}.md").read_text(encoding="utf-8")


def _own_fields(settings: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Variable → field, without what every process shares."""
    shared = Settings.model_fields if settings is not Settings else {}
    prefix = str(settings.model_config.get("env_prefix"))
    return {
        prefix + name.upper(): field
        for name, field in settings.model_fields.items()
        if name not in shared or field.default != shared[name].default
    }


def _default(field: FieldInfo) -> str | None:
    """As a person writes it; None where it must be set."""
    if field.is_required():
        return None
    value = field.get_default(call_default_factory=True)
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool | dict | tuple):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _shown_in_example(section: str) -> dict[str, str | None]:
    sections = dict(_SECTION.findall((ROOT / ".env.example").read_text(encoding="utf-8")))
    return {
        name: value if commented else None
        for commented, name, value in _LINE.findall(sections[section])
    }


@pytest.mark.parametrize(("settings", "page", "section"), TOLD)
def test_every_setting_stands_on_its_page_with_its_default(
    settings: type[BaseSettings], page: str, section: str
) -> None:
    shown = dict(_ROW.findall(_page(page)))
    for variable, field in _own_fields(settings).items():
        default = _default(field)
        wanted = "required" if default is None else default or "none"
        assert shown.get(variable, "").strip() == wanted, f"{page}.md: {variable}"


@pytest.mark.parametrize(("settings", "page", "section"), TOLD)
def test_every_setting_stands_in_the_example_with_its_default(
    settings: type[BaseSettings], page: str, section: str
) -> None:
    shown = _shown_in_example(section)
    for variable, field in _own_fields(settings).items():
        assert variable in shown, f".env.example: {variable}"
        assert shown[variable] == _default(field), f".env.example: {variable}"


def test_the_example_and_the_pages_name_no_setting_that_is_gone() -> None:
    known = {variable for settings, _, _ in TOLD for variable in _own_fields(settings)}
    known.add("BONGSU_DATA")  # an option of the command line, not a field
    named = {name for _, _, section in TOLD for name in _shown_in_example(section)}
    for _, page, _ in TOLD:
        named |= {name for name, _ in _ROW.findall(_page(page))}
    assert named - known == set()


def _producer(registry: CollectorRegistry) -> object:
    return Producer(Address({}, "bongsu", True), Health(), registry)


def _follower(registry: CollectorRegistry) -> object:
    return Follower(Address({}, "bongsu", True), Health(), registry)


MAKERS: list[tuple[Callable[[CollectorRegistry], object], str]] = [
    (ProbeMetrics, "probe"),
    (IngestMetrics, "ingest"),
    (AlertingMetrics, "alerting"),
    (ReportingMetrics, "reporting"),
    (_producer, "runtime"),
    (_follower, "catalogue"),
]


def _declared(make: Callable[[CollectorRegistry], object]) -> dict[str, tuple[str, list[str]]]:
    """Name as a scrape shows it → type and labels."""
    found = {}
    for metric in vars(make(CollectorRegistry())).values():
        if isinstance(metric, MetricWrapperBase):
            (described,) = metric.describe()
            suffix = "_total" if described.type == "counter" else ""
            found[described.name + suffix] = (described.type, list(metric._labelnames))
    return found


@pytest.mark.parametrize(("make", "page"), MAKERS)
def test_every_metric_stands_on_its_page_with_type_and_labels(
    make: Callable[[CollectorRegistry], object], page: str
) -> None:
    shown = {
        name: (kind, [label.strip() for label in labels.split(",") if label.strip()])
        for name, kind, labels in _METRIC.findall(_page(page))
    }
    assert shown == _declared(make)
