"""What the contract suite asks of every adapter, as plain functions: the suite calls them with the
adapters there are, and `test_checks.py` with broken ones, because a check must be able to fail.

Each raises AssertionError with a sentence.
"""

import csv
import importlib
from collections.abc import Callable, Container, Iterable, Mapping
from pathlib import Path

from services.adapters.base import Meaning, meaning
from services.contracts.vocabulary import FaultDomain, ReportState
from tests.support import adapters as support

Row = dict[str, str]
Judge = Callable[[Mapping[str, Meaning], str], Meaning]

UNMAPPED = ("", "7", "77777", "Q1", "성공", "0 ")
ANSWERS = frozenset({"accepted", "refused", "unclear"})
STATES = frozenset({"delivered", "failed", "pending", "unknown"})


def states_of(name: str) -> dict[str, Meaning]:
    """The table of an adapter."""
    states = importlib.import_module(f"services.adapters.{name}").STATES
    assert isinstance(states, dict)
    return states


def documented(name: str, folder: Path = support.CODES) -> dict[str, Row]:
    """The codes of an adapter as typed from its documents."""
    path = folder / f"{name}.tsv"
    assert path.exists(), f"adapter {name} has no table of codes typed from its documents"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    codes = {row["code"]: row for row in rows}
    assert len(codes) == len(rows), f"adapter {name}: a code stands twice"
    return codes


def codes_agree(states: Mapping[str, Meaning], rows: Mapping[str, Row]) -> None:
    """Table and documents hold the same codes with the same meanings."""
    wanted = {code: (row["state"], row["fault"].replace("-", "")) for code, row in rows.items()}
    known = {code: (str(s), str(fault or "")) for code, (s, fault, *_) in states.items()}
    assert sorted(known) == sorted(wanted), f"not in both: {sorted(set(known) ^ set(wanted))}"
    differing = {code for code in wanted if known[code] != wanted[code]}
    assert differing == set(), f"of another meaning than documented: {sorted(differing)}"


def rows_are_whole(rows: Iterable[Row]) -> None:
    """Every code has a meaning and its source, and a fault just when it is a failure."""
    for row in rows:
        assert row["source"], f"{row['code']} names no source"
        assert row["meaning"], f"{row['code']} says nothing"
        blamed = row["fault"] != "-"
        assert blamed == (row["state"] == "failed"), f"{row['code']}: whose fault is it?"


def unmapped_is_unknown(states: Mapping[str, Meaning], judge: Judge = meaning) -> None:
    """A code that no document names is never delivered and never failed."""
    for code in UNMAPPED:
        found = judge(states, code)
        assert found == (ReportState.UNKNOWN, FaultDomain.UNKNOWN), f"{code!r} is {found}"


def fixtures_are_there(name: str, folder: Path = support.PAYLOADS) -> None:
    """The adapter has a setup and cases of its own."""
    own = folder / name
    assert (own / "_setup.json").exists(), f"adapter {name} has no setup for this suite"
    assert list(own.glob("[!_]*.json")), f"adapter {name} has no cases"


def front_end_is_there(name: str, front_ends: Container[str]) -> None:
    """The simulated world has the adapter's provider."""
    provider = support.setup_of(name)["account"]["provider"]
    assert provider in front_ends, f"adapter {name}: no simulated front end of {provider}"


def cases_are_enough(cases: Mapping[str, support.Case], looks_up: bool) -> None:
    """Every answer, and for look-ups every state, is in some case; each names its source."""
    assert all(case["source"] for case in cases.values()), "a case names no source"
    answers = {case["expect"].get("result") for case in cases.values()}
    assert answers >= ANSWERS, f"no case is {sorted(ANSWERS - answers)}"
    reports = [r for case in cases.values() for r in case["expect"].get("reports", ())]
    states = {report["state"] for report in reports}
    assert not looks_up or states >= STATES, f"no report is {sorted(STATES - states)}"
