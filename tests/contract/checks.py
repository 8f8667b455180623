"""What the contract suite asks of every adapter, as plain functions: the suite calls them with the
adapters there are, and `test_checks.py` with broken ones, because a check must be able to fail.

Each raises AssertionError with a sentence.
"""

import csv
import importlib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.adapters.base import Meaning, Report, meaning
from services.contracts.vocabulary import FaultDomain, ReportState
from services.runtime.errors import Refuse, SetAside
from tests.support import adapters as support

Row = dict[str, str]
Judge = Callable[[Mapping[str, Meaning], str], Meaning]
Verify = Callable[[Mapping[str, str], bytes], None]
Read = Callable[[bytes], list[Report]]

UNMAPPED = ("", "7", "77777", "Q1", "성공", "0 ")
TOLD = frozenset({"delivered", "failed", "unknown"})
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


def asked_as_told(asked: Sequence[tuple[str, str]], case: support.Case) -> None:
    """Method and path of every call that a case shows; no question is asked twice."""
    assert len(set(asked)) == len(asked), "the same was asked twice"
    calls = [call["request"] for call in (case, *case.get("then", ())) if "request" in call]
    shown = [(call["method"], call["path"]) for call in calls]
    assert len(asked) == len(shown) or "then" not in case, f"{len(asked)} calls, not {len(shown)}"
    assert list(asked[: len(shown)]) == shown, "another call than shown"


def webhooks_are_enough(webhooks: Mapping[str, support.Case]) -> None:
    """Every kind of webhook is in some case, one of them twice; each names its source."""
    assert all(case["source"] for case in webhooks.values()), "a webhook names no source"
    expected = [case["expect"] for case in webhooks.values()]
    states = {r["state"] for expect in expected for r in expect.get("reports", ())}
    assert states >= TOLD, f"no webhook tells {sorted(TOLD - states)}"
    assert {"reports": []} in expected, "no webhook is of another kind"
    raised = {expect.get("raises") for expect in expected}
    assert raised >= {"Refuse", "SetAside"}, "no webhook is refused, or none is set aside"
    told = [str(expect) for expect in expected if expect.get("reports")]
    assert len(set(told)) < len(told), "no webhook comes again"


def only_its_word_opens(verify: Verify, headers: Mapping[str, str], body: bytes) -> None:
    """The headers as given are authentic, and with any of them missing or changed they are not."""
    verify(headers, body)
    for name, text in headers.items():
        for forged in (None, "", text[:-1], text + "x", text.swapcase(), "\ud800", "봉화"):
            changed = {n: t for n, t in headers.items() if n != name}
            changed |= {} if forged is None else {name: forged}
            assert _is_refused(verify, changed, body), f"{name} may be {forged!r}"


def _is_refused(verify: Verify, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        verify(headers, body)
    except Refuse as refused:
        return refused.reason == "bad_signature"
    return False


def names_are_documented(known: Container[str], body: Any) -> None:
    """Every name of a body that tells of results may stand in a dead letter."""
    parts = body.items() if isinstance(body, dict) else enumerate(body)
    for name, inner in parts:
        assert isinstance(name, int) or name in known, f"{name} is no documented name"
        if isinstance(inner, dict | list):
            names_are_documented(known, inner)


def broken_is_never_better(read: Read, body: bytes, broken: Iterable[bytes]) -> None:
    """A broken webhook is set aside or tells no more than the whole one."""
    whole = _reports(read, body)
    good = {r.provider_message_id for r in whole if r.state is ReportState.DELIVERED}
    probes = {None, *(report.probe_id for report in whole)}
    for mutant in broken:
        reports = _reports(read, mutant)
        better = {r.provider_message_id for r in reports if r.state is ReportState.DELIVERED} - good
        assert not better, f"{mutant!r} tells of a delivery"
        assert {report.probe_id for report in reports} <= probes, f"{mutant!r} is of another probe"


def _reports(read: Read, body: bytes) -> list[Report]:
    try:
        return read(body)
    except SetAside:
        return []
    except Exception as error:
        raise AssertionError(f"{body!r} raises {type(error).__name__}") from error
