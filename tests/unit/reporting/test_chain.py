"""Hashes of days, evidence, figures and content, and the chain of revisions."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from services.contracts.report import Report
from services.reporting import chain
from services.reporting.canonical import canonical
from tests.support.reports import EXAMPLE, a_report

OBJECTION = {
    "id": "o2", "by": "거제시", "at": "2026-11-12T00:00:00.000Z", "about": "items[0]",
    "attachment": None, "decision": "받아들이지 않음",
}  # fmt: skip


def test_the_vectors_of_the_rules() -> None:
    content = sha256(canonical({"a": 1, "b": "거제시", "m": "2026-10"})).hexdigest()
    assert content == "0a7e63f91614d69da076fc2d088b83400acf3064be30cad1d64a62bf3e1eaae9"
    entry = chain.entry_hash(chain.ZEROS, "geoje", "2026-10", 0, content)
    assert entry == "18f2bb553457cbf7aa3fdd31cb89d657bbd4cdfda016bbd70166a29566f7a04d"


def test_a_day_is_its_lines_each_ended() -> None:
    assert chain.day_hash(["a", "b"]) == sha256(b"a\nb\n").hexdigest()
    assert chain.day_hash([]) == sha256(b"").hexdigest()


def test_the_example_bears_its_own_seal() -> None:
    report = a_report()
    assert chain.sealed(report, report.seal.prev) == report


def test_a_report_read_from_its_text_has_the_same_text() -> None:
    text = chain.text_of(a_report())
    assert chain.text_of(Report.model_validate_json(text)) == text
    assert json.loads(text) == json.loads(EXAMPLE.read_bytes())


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(revision=3, sealed_at="2026-11-12T01:00:00.000Z"),
        lambda told: told.update(state="closed", approval=None, diff=[]),
        lambda told: told["objections"].append(OBJECTION),
        lambda told: told["items"][0].update(disputed=False),
    ],
)
def test_what_people_decide_changes_the_content_and_not_the_figures(
    change: Callable[[dict[str, Any]], object],
) -> None:
    before, after = a_report(), a_report(change)
    assert chain.content_hash(before) != chain.content_hash(after)
    assert chain.figures_hash(before) == chain.figures_hash(after)


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["items"][0].update(outage_min="50.000001"),
        lambda told: told["items"][0]["contract"]["settings"].update(partial="full"),
        lambda told: told["days"].pop(),
        lambda told: told.update(cutoff="2026-11-04T00:00:00.000Z"),
    ],
)
def test_another_figure_changes_both(change: Callable[[dict[str, Any]], object]) -> None:
    before, after = a_report(), a_report(change)
    assert chain.content_hash(before) != chain.content_hash(after)
    assert chain.figures_hash(before) != chain.figures_hash(after)


def test_evidence_is_of_every_day_and_in_no_order() -> None:
    report = a_report()
    assert chain.evidence_hash(reversed(report.days)) == report.seal.evidence
    assert chain.evidence_hash(report.days[1:]) != report.seal.evidence


def test_each_revision_leads_to_the_next() -> None:
    first = chain.sealed(a_report(lambda told: told.update(revision=0)), chain.ZEROS)
    second = chain.sealed(a_report(lambda told: told.update(revision=1)), first.seal.entry)
    without = chain.sealed(second, chain.ZEROS)
    assert second.seal.content == without.seal.content
    assert second.seal.entry != without.seal.entry
