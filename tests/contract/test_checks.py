"""The checks of the adapter suite can fail: each is shown what it is there to catch."""

from pathlib import Path

import pytest

from services.adapters import discover
from services.adapters.base import Meaning, meaning
from services.contracts.vocabulary import FaultDomain, ReportState
from tests.contract import checks
from tests.support import adapters as support

NAMES = sorted(discover())
DELIVERED: Meaning = (ReportState.DELIVERED, None)
FAILED: Meaning = (ReportState.FAILED, FaultDomain.BODY)


@pytest.mark.parametrize("name", NAMES)
def test_any_code_that_is_dropped_from_a_table_is_missed(name: str) -> None:
    states, rows = checks.states_of(name), checks.documented(name)
    for code in states:
        with pytest.raises(AssertionError, match="not in both"):
            checks.codes_agree({c: m for c, m in states.items() if c != code}, rows)


@pytest.mark.parametrize("name", NAMES)
def test_a_code_that_no_document_names_is_not_taken(name: str) -> None:
    states = checks.states_of(name) | {"31415": FAILED}
    with pytest.raises(AssertionError, match="31415"):
        checks.codes_agree(states, checks.documented(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_that_becomes_a_delivery_is_noticed(name: str) -> None:
    states, rows = checks.states_of(name), checks.documented(name)
    code = next(code for code, (state, *_) in states.items() if state is ReportState.FAILED)
    with pytest.raises(AssertionError, match="another meaning"):
        checks.codes_agree(states | {code: DELIVERED}, rows)


def test_an_adapter_without_a_table_of_codes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="pigeon has no table of codes"):
        checks.documented("pigeon", tmp_path)


def test_an_adapter_without_setup_or_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="pigeon has no setup"):
        checks.fixtures_are_there("pigeon", tmp_path)
    (tmp_path / "pigeon").mkdir()
    (tmp_path / "pigeon" / "_setup.json").write_text("{}")
    (tmp_path / "pigeon" / "_http.json").write_text("{}")
    with pytest.raises(AssertionError, match="pigeon has no cases"):
        checks.fixtures_are_there("pigeon", tmp_path)


def test_an_adapter_whose_provider_is_not_simulated_is_refused() -> None:
    with pytest.raises(AssertionError, match="sens_sms: no simulated front end of sens"):
        checks.front_end_is_there("sens_sms", {"mail-relay"})


@pytest.mark.parametrize("become", [DELIVERED, FAILED])
@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_code_that_decides_something_is_noticed(name: str, become: Meaning) -> None:
    states = checks.states_of(name)
    with pytest.raises(AssertionError, match="Q1"):
        checks.unmapped_is_unknown(states | {"Q*": become})
    with pytest.raises(AssertionError, match="is "):
        checks.unmapped_is_unknown(states, lambda table, code: table.get(code, become))
    checks.unmapped_is_unknown(states, meaning)


@pytest.mark.parametrize(("field", "value"), [("source", ""), ("meaning", ""), ("fault", "-")])
def test_a_row_that_is_not_whole_is_refused(field: str, value: str) -> None:
    row = checks.documented("sens_sms")["3001"]
    checks.rows_are_whole([row])
    with pytest.raises(AssertionError, match="3001"):
        checks.rows_are_whole([row | {field: value}])


@pytest.mark.parametrize("name", NAMES)
def test_cases_that_leave_an_answer_out_are_refused(name: str) -> None:
    cases = support.cases(name)
    accepting = {
        title for title, case in cases.items() if case["expect"].get("result") == "accepted"
    }
    with pytest.raises(AssertionError, match="accepted"):
        checks.cases_are_enough({t: c for t, c in cases.items() if t not in accepting}, False)


def test_a_state_that_no_case_shows_is_missed_and_so_is_a_source() -> None:
    cases = support.cases("sens_sms")
    seen = [title for title in cases if title != "look_up_unknown_code"]
    with pytest.raises(AssertionError, match="unknown"):
        checks.cases_are_enough({title: cases[title] for title in seen}, True)
    with pytest.raises(AssertionError, match="source"):
        checks.cases_are_enough(cases | {"new": cases["send_accepted"] | {"source": ""}}, True)
