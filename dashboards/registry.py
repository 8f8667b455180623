"""The third judge: every metric somebody asks for exists, every metric that exists is asked for.

In: PromQL of boards and of rule files; the processes' own metric objects. Out: sentences. Before:
`queries.py`. After: `check.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import promql_parser
from prometheus_client import CollectorRegistry
from ruamel.yaml import YAML

from services.alerting.metrics import Metrics as AlertingMetrics
from services.catalogue.publish import Follower
from services.ingest.metrics import Metrics as IngestMetrics
from services.probe.metrics import Metrics as ProbeMetrics
from services.runtime.kafka import Address, Producer
from services.runtime.ops import Health

RULES = Path("deploy/prometheus")
OURS = ("bongsu_", "bongsu:")
PARTS = ("_bucket", "_sum", "_count")

Makers = Iterable[Callable[[CollectorRegistry], object]]
Expressions = Mapping[str, str]  # where it stands → PromQL, macros expanded


def _producer(registry: CollectorRegistry) -> object:
    return Producer(Address({}, "bongsu", True), Health(), registry)


def _follower(registry: CollectorRegistry) -> object:
    return Follower(Address({}, "bongsu", True), Health(), registry)


MAKERS: Makers = (ProbeMetrics, IngestMetrics, AlertingMetrics, _producer, _follower)


def declared(makers: Makers = MAKERS) -> dict[str, str]:
    """Name as a scrape shows it → type, of every process."""
    found = {}
    for make in makers:
        registry = CollectorRegistry()
        make(registry)
        for family in registry.collect():
            found[family.name + ("_total" if family.type == "counter" else "")] = family.type
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
    known: Mapping[str, str],
    made: set[str],
    waived: Mapping[str, str],
) -> list[str]:
    """What is asked for and not declared, declared and not asked for, waived without need."""
    found, used = [], set()
    for where, expression in expressions.items():
        try:
            names = {name for name in _names(expression) if name.startswith(OURS)}
        except ValueError as error:
            found.append(f"{where}: {expression!r} is no PromQL: {error}")
            continue
        metrics = {_metric(name, known) for name in names}
        used |= metrics
        strange = sorted(metrics - known.keys() - made)
        found += [f"{where}: no process declares the metric {name}" for name in strange]
    idle = known.keys() - used
    found += [f"metric {n} is declared and nobody uses it" for n in sorted(idle - waived.keys())]
    needless = sorted(waived.keys() - idle)
    return found + [f"metric {n} is waived and used, or gone" for n in needless]


def _names(expression: str) -> set[str]:
    """Names of series in a PromQL expression. Raises ValueError when it is none."""
    names: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            names.add(node.name)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return names


def _metric(name: str, known: Mapping[str, str]) -> str:
    """The metric a series belongs to: a histogram has three kinds of series."""
    for part in PARTS:
        if known.get(name.removesuffix(part)) == "histogram":
            return name.removesuffix(part)
    return name
