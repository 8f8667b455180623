"""The acceptance table with confirm probes, as far as ten runs a kind can show it."""

import pytest

from bench.faults import TABLE
from tests.unit.bench.few_runs import beyond_the_limits


@pytest.mark.parametrize("kind", TABLE)
def test_a_fault_is_named_in_time_with_confirm_probes(kind: str) -> None:
    assert beyond_the_limits(True, kind) == []


@pytest.mark.timeout(600)
def test_all_faults_together_are_named_exactly_and_once() -> None:
    assert beyond_the_limits(True) == []
