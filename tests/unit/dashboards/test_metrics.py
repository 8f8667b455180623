"""Metrics that boards and rules ask for are declared; what is declared is asked for, or waived."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram

from dashboards import build, check, registry

COUNTS = 'sum(rate(bongsu_things_total{kind="a"}[5m]))'
SECONDS = "histogram_quantile(0.9, sum by (le) (rate(bongsu_wait_seconds_bucket[5m])))"
KNOWN = {
    "bongsu_things_total": frozenset({"kind"}),
    "bongsu_wait_seconds": frozenset({"le"}),
}


class _Metrics:
    def __init__(self, made_in: CollectorRegistry) -> None:
        self.things = Counter("bongsu_things_total", "things", ["kind"], registry=made_in)
        Histogram("bongsu_wait_seconds", "waiting", registry=made_in)


def test_metrics_are_known_by_their_names_in_a_scrape() -> None:
    assert registry.declared([_Metrics]) == KNOWN


def test_all_is_well_when_every_metric_is_used() -> None:
    assert registry.problems({"a": COUNTS, "b": SECONDS}, KNOWN, set(), {}) == []


def test_a_metric_nobody_declares_is_named_with_its_place() -> None:
    asked = {"a": COUNTS, "b": SECONDS, "board/3": "bongsu_thing_total > 0"}
    assert registry.problems(asked, KNOWN, set(), {}) == [
        "board/3: no process declares the metric bongsu_thing_total"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        'bongsu_things_total{knd!~"a|b"}',
        "sum by (knd) (rate(bongsu_things_total[5m]))",
        "max(sum without (knd, instance) (bongsu_things_total)) / 2",
    ],
)
def test_a_label_that_a_metric_does_not_have_is_named(wrong: str) -> None:
    asked = {"a": COUNTS, "b": SECONDS, "board/3": wrong}
    assert registry.problems(asked, KNOWN, set(), {}) == [
        "board/3: bongsu_things_total has no label knd"
    ]


@pytest.mark.parametrize(
    "made",
    [
        'sum by (slo) (label_replace(bongsu_things_total{job="x"}, "slo", "$1", "kind", "(.+)"))',
        'sum by (slo) (label_join(bongsu_things_total{job="x"}, "slo", ".", "kind", "job"))',
    ],
)
def test_a_label_made_on_the_way_may_be_grouped_by(made: str) -> None:
    assert registry.problems({"a": made, "b": SECONDS}, KNOWN, set(), {}) == []


def test_a_metric_nobody_uses_is_named_unless_waived() -> None:
    unused = ["metric bongsu_wait_seconds is declared and nobody uses it"]
    assert registry.problems({"a": COUNTS}, KNOWN, set(), {}) == unused
    assert registry.problems({"a": COUNTS}, KNOWN, set(), {"bongsu_wait_seconds": "why"}) == []


@pytest.mark.parametrize("name", ["bongsu_things_total", "bongsu_gone_total"])
def test_a_waiver_without_need_is_named(name: str) -> None:
    asked = {"a": COUNTS, "b": SECONDS}
    assert registry.problems(asked, KNOWN, set(), {name: "why"}) == [
        f"metric {name} is waived and used, or gone"
    ]


@pytest.mark.parametrize("wrong", ["sum(rate(bongsu_things_total[5m])", "sum by {a} (x)", ""])
def test_what_is_no_promql_is_named_with_its_place(wrong: str) -> None:
    (found,) = registry.problems({"a": COUNTS, "b": SECONDS, "board/7": wrong}, KNOWN, set(), {})
    assert found.startswith(f"board/7: {wrong!r} is no PromQL")


def test_rules_count_as_use_and_a_recorded_name_as_declared(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(
        "groups:\n- name: g\n  rules:\n"
        f"  - record: bongsu:things:rate5m\n    expr: '{COUNTS.replace(chr(39), '')}'\n"
        "  - alert: Slow\n    expr: bongsu:things:rate5m > 1 and " + SECONDS + " > 3\n"
    )
    (tmp_path / "prometheus.yml").write_text("scrape_configs: []\n")
    expressions, made = registry.rules(tmp_path)
    assert set(expressions) == {"rules.yml bongsu:things:rate5m", "rules.yml Slow"}
    assert registry.problems(expressions, KNOWN, made, {}) == []


def test_a_board_that_asks_for_an_unknown_metric_or_in_no_promql_is_named() -> None:
    boards = build.rendered()
    first, second, third = boards["bongsu-channel"]["panels"][:3]
    first["targets"][0]["expr"] = "bongsu_probe_outcomes_total"
    second["targets"][0]["expr"] = "sum(rate(bongsu_probe_outcome_total[$__rate_interval])"
    third["targets"] = [{**third["targets"][0], "expr": "bongsu_nothing"}, *third["targets"]]
    found = check.static(boards)
    assert any("no process declares the metric bongsu_nothing" in f for f in found)
    assert any("no process declares the metric bongsu_probe_outcomes_total" in f for f in found)
    assert any(
        f.startswith("bongsu-channel/6 (중계사별 상태 이력): ") and "no PromQL" in f for f in found
    )
