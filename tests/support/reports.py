"""Revisions of a report as they are sealed and exported, from the example."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import services.contracts
from services.contracts.report import Report
from services.reporting import chain, folder

EXAMPLE = Path(services.contracts.__file__).parent / "examples/report/v1/corrected.json"


def a_report(change: Callable[[dict[str, Any]], object] = lambda told: None) -> Report:
    """The example, changed."""
    told = json.loads(EXAMPLE.read_bytes())
    change(told)
    return Report.model_validate_json(json.dumps(told))


def a_history(*places: tuple[str, int]) -> list[Report]:
    """Revisions (month, number) of one body, each sealed after the one before."""
    history: list[Report] = []
    for month, revision in places:
        report = a_report(lambda told, m=month, r=revision: told.update(month=m, revision=r))
        prev = history[-1].seal.entry if history else chain.ZEROS
        history.append(chain.sealed(report, prev))
    return history


def export(out: Path, history: list[Report], which: Iterable[int]) -> Path:
    """Those of the history as folders under `out`, each with its chain and a document."""
    for index in which:
        report, stem = history[index], folder.stem(history[index])
        links = [chain.link_of(each) for each in history[: index + 1]]
        folder.write(
            folder.place(out, report),
            [
                (f"{stem}.json", chain.text_of(report)),
                (f"{stem}.chain", chain.chain_text(links)),
                (f"{stem}.ko.csv/days.csv", "날짜,가용률\r\n".encode()),
            ],
        )
    return out
