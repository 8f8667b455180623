"""The third judge: metrics and labels somebody asks for exist, metrics that exist are asked for.

In: PromQL of boards and of rule files; the processes' own metric objects. Out: sentences. Before:
`queries.py`. After: `check.py`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import promql_parser
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from ruamel.yaml import YAML

from services.alerting.metrics import Metrics as AlertingMetrics
from services.catalogue.publish import Follower
from services.ingest.metrics import Metrics as IngestMetrics
from services.probe.metrics import Metrics as ProbeMetrics
from services.reporting.metrics import Metrics as ReportingMetrics
from services.runtime.kafka import Address, Producer
from services.runtime.ops import Health

RULES = Path(__file__).parents[1] / "deploy" / "prometheus"
OURS = ("bongsu_", "bongsu:")
PARTS = ("_bucket", "_sum", "_count")

ADDED = {"job", "instance"}  # to every series, by the scrape
LABEL_MAKERS = ("label_replace", "label_join")  # what they make may be grouped by

Makers = Iterable[Callable[[CollectorRegistry], object]]
Known = Mapping[
    str, frozenset[str]
]  # metric as a scrape shows it → its labels; histograms have `le`
Expressions = Mapping[str, str]  # where it stands → PromQL, macros expanded


def _producer(registry: CollectorRegistry) -> object:
    return Producer(Address({}, "bongsu", True), Health(), registry)


def _follower(registry: CollectorRegistry) -> object:
    return Follower(Address({}, "bongsu", True), Health(), registry)


MAKERS: Makers = (
    ProbeMetrics, IngestMetrics, AlertingMetrics, ReportingMetrics, _producer, _follower
)  # fmt: skip


def declared(makers: Makers = MAKERS) -> dict[str, frozenset[str]]:
    """The metrics of every process, with their labels."""
    found = {}
    for make in makers:
        registry = CollectorRegistry()
        make(registry)
        for metric in registry._collector_to_names:
            assert isinstance(metric, MetricWrapperBase)
            (family,) = metric.describe()
            name = family.name + ("_total" if family.type == "counter" else "")
            of_parts = {"le"} if family.type == "histogram" else set()
            found[name] = frozenset(metric._labelnames) | of_parts
    return found


def rules(folder: Path) -> tuple[dict[str, str], set[str]]:
    """Expressions of the rule files of a folder, and the names that recording rules make."""
    expressions, made = {}, set()
    for file in sorted(folder.glob("*.yml")):
        groups = (YAML(typ="safe").load(file.read_text(encoding="utf-8")) or {}).get("groups", [])
        for rule in (rule for group in groups for rule in group["rules"]):
            name = rule.get("alert") or rule["record"]
            expressions[f"{file.name} {name}"] = str(rule["expr"])
            made |= {rule["record"]} if "record" in rule else set()
    return expressions, made


def problems(
    expressions: Expressions,
    known: Known,
    made: set[str],
    waived: Mapping[str, str],
) -> list[str]:
    """What is asked for and not declared, declared and not asked for, waived without need. A label
    that is none is worse than a metric that is none: excluding by it excludes nothing."""
    found, used = [], set()
    for where, expression in expressions.items():
        try:
            asked = _asked(expression)
        except ValueError as error:
            found.append(f"{where}: {expression!r} is no PromQL: {error}")
            continue
        for name, labels in asked.items():
            metric = _metric(name, known)
            used.add(metric)
            if metric not in known and name not in made:
                found.append(f"{where}: no process declares the metric {name}")
            strange = sorted(labels - ADDED - known.get(metric, labels))
            found += [f"{where}: {metric} has no label {label}" for label in strange]
    idle = known.keys() - used
    found += [f"metric {n} is declared and nobody uses it" for n in sorted(idle - waived.keys())]
    needless = sorted(waived.keys() - idle)
    return found + [f"metric {n} is waived and used, or gone" for n in needless]


def _asked(expression: str) -> dict[str, set[str]]:
    """Our series in a PromQL expression, each with the labels it is chosen or grouped by. Raises
    ValueError when it is none."""
    found: dict[str, set[str]] = defaultdict(set)

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            found[node.name] |= {matcher.name for matcher in node.matchers.matchers}
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            inner = str(node.expr)
            if not any(maker in inner for maker in LABEL_MAKERS):
                for name in _asked(inner):
                    found[name] |= set(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return {name: labels for name, labels in found.items() if name.startswith(OURS)}


def _metric(name: str, known: Known) -> str:
    """The metric a series belongs to: a histogram has three kinds of series."""
    for part in PARTS:
        if "le" in known.get(name.removesuffix(part), ()):
            return name.removesuffix(part)
    return name
