"""The checks of the adapter suite can fail: each is shown what it is there to catch."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from services.adapters import discover
from services.adapters.base import Meaning, Report, meaning
from services.contracts.vocabulary import FaultDomain, Leg, ReportState
from services.runtime.errors import Refuse, SetAside
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


ASK = {"request": {"method": "GET", "path": "/a"}}
TWICE = ASK | {"then": [{"request": {"method": "GET", "path": "/b"}}]}


@pytest.mark.parametrize(
    ("asked", "case", "match"),
    [
        ([("GET", "/a"), ("GET", "/a")], {}, "asked twice"),
        ([("GET", "/a")], TWICE, "1 calls, not 2"),
        ([("GET", "/a"), ("GET", "/b"), ("GET", "/c")], TWICE, "3 calls, not 2"),
        ([("GET", "/a"), ("POST", "/b")], TWICE, "another call"),
        ([("GET", "/z")], ASK, "another call"),
    ],
)
def test_other_calls_than_a_case_shows_are_noticed(
    asked: list[tuple[str, str]], case: support.Case, match: str
) -> None:
    checks.asked_as_told([("GET", "/a"), ("GET", "/b")], TWICE)
    with pytest.raises(AssertionError, match=match):
        checks.asked_as_told(asked, case)


@pytest.mark.parametrize(
    ("dropped", "match"),
    [
        ("delivered", "delivered"),
        ("failed", "failed"),
        ("unknown", "unknown"),
        ("Refuse", "refused"),
        ("SetAside", "set aside"),
        ("[]", "another kind"),
        ("repeat", "comes again"),
        ("source", "source"),
    ],
)
def test_webhooks_that_leave_something_out_are_refused(dropped: str, match: str) -> None:
    webhooks = support.webhooks("nhn_sms")
    checks.webhooks_are_enough(webhooks)
    with pytest.raises(AssertionError, match=match):
        checks.webhooks_are_enough(without(webhooks, dropped))


def without(webhooks: dict[str, support.Case], what: str) -> dict[str, support.Case]:
    """The cases but those that show `what`."""
    if what == "source":
        return {title: case | {"source": ""} for title, case in webhooks.items()}
    if what == "repeat":
        by_result = {str(case["expect"]): title for title, case in webhooks.items()}
        return {title: webhooks[title] for title in by_result.values()}
    return {title: case for title, case in webhooks.items() if what not in shown_by(case)}


def shown_by(case: support.Case) -> set[str]:
    expect = case["expect"]
    reports = expect.get("reports", [])
    return {expect.get("raises", ""), *({r["state"] for r in reports} if reports else {"[]"})}


def lenient(headers: Mapping[str, str], body: bytes) -> None:
    """Refuses only what comes without the header."""
    if "x-word" not in headers:
        raise Refuse("bad_signature")


def careless(headers: Mapping[str, str], body: bytes) -> None:
    """Does not mind upper case."""
    if headers.get("x-word", "").lower() != "open":
        raise Refuse("bad_signature")


def talkative(headers: Mapping[str, str], body: bytes) -> None:
    """Says why."""
    if headers.get("x-word") != "open":
        raise Refuse("too_short")


@pytest.mark.parametrize("verify", [lenient, careless, talkative])
def test_a_door_that_opens_to_another_word_is_noticed(verify: checks.Verify) -> None:
    with pytest.raises(AssertionError, match="x-word may be"):
        checks.only_its_word_opens(verify, {"x-word": "open"}, b"")


def test_a_door_that_is_shut_to_its_own_word_is_noticed() -> None:
    with pytest.raises(Refuse):
        checks.only_its_word_opens(careless, {"x-word": "sesame"}, b"")


def test_a_name_that_no_dead_letter_may_hold_is_noticed() -> None:
    checks.names_are_documented({"hooks", "id"}, {"hooks": [{"id": {}}]})
    with pytest.raises(AssertionError, match="number is no documented name"):
        checks.names_are_documented({"hooks", "id"}, {"hooks": [{"id": [{"number": 1}]}]})


def read_as(state: ReportState, message_id: str = "m") -> list[Report]:
    fault = FaultDomain.HANDSET if state is ReportState.FAILED else None
    return [Report(message_id, Leg.OWN, state, None, fault, None, final=True)]


def optimist(body: bytes) -> list[Report]:
    """What it cannot read is delivered."""
    return read_as(ReportState.FAILED if body == b"failed" else ReportState.DELIVERED)


def confused(body: bytes) -> list[Report]:
    """What it cannot read is of another message."""
    return read_as(ReportState.DELIVERED, body.decode())


def adopting(body: bytes) -> list[Report]:
    """What it cannot read is of some probe."""
    probe = support.PROBE if body == b"broken" else None
    return [Report("m", Leg.OWN, ReportState.PENDING, None, None, None, False, probe_id=probe)]


def fragile(body: bytes) -> list[Report]:
    """Breaks on what it cannot read."""
    return [] if body == b"failed" else read_as(ReportState[body.decode()])


@pytest.mark.parametrize(
    ("read", "match"),
    [
        (optimist, "tells of a delivery"),
        (confused, "tells of a delivery"),
        (adopting, "another probe"),
        (fragile, "raises KeyError"),
    ],
)
def test_a_broken_webhook_that_becomes_better_or_breaks_its_reader_is_noticed(
    read: checks.Read, match: str
) -> None:
    with pytest.raises(AssertionError, match=match):
        checks.broken_is_never_better(read, b"failed", [b"broken"])


def test_a_broken_webhook_may_be_set_aside() -> None:
    def read(body: bytes) -> list[Report]:
        if body == b"broken":
            raise SetAside("fields")
        return read_as(ReportState.DELIVERED)

    checks.broken_is_never_better(read, b"delivered", [b"broken"])
