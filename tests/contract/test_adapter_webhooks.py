"""What every adapter must do that reads webhooks, whoever wrote it: the suite finds each by
discovery.

Its webhooks stand beside its other cases, as `payloads/<adapter>/webhook_*.json`.
"""

import logging
import traceback
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from uuid import UUID

import pytest

from services.adapters import discover
from services.adapters.base import ReadsReports, Report
from services.ingest.reports import report_received
from services.runtime.errors import Consequence
from tests.contract import checks
from tests.support import adapters as support
from tests.support.mutants import mutants
from tests.unit.ingest.handset import KEEPER

COUNT = 10_000
NAMES = sorted(name for name, kind in discover().items() if hasattr(kind, "read_reports"))
CASES = [(name, title) for name in NAMES for title in support.webhooks(name)]
TELLING = [(n, t) for n, t in CASES if support.webhooks(n)[t]["expect"].get("reports")]
NOWHERE = "http://127.0.0.1:9"  # nobody is asked
NUMBER, SECRET, WORD = "01000007777", "canary-secret-key-0077", "canary-webhook-word-0078"


def test_there_are_adapters_that_read_webhooks() -> None:
    assert {"nhn_alimtalk", "nhn_sms"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_webhooks_tell_deliveries_failures_repeats_and_what_is_not_taken(name: str) -> None:
    checks.webhooks_are_enough(support.webhooks(name))


@pytest.mark.parametrize(("name", "title"), CASES)
async def test_each_webhook_gives_its_declared_result(name: str, title: str) -> None:
    case = support.webhooks(name)[title]
    async with support.adapter_at(name, NOWHERE) as adapter:
        assert support.told(said(adapter, name, case)) == support.expected(case)


@pytest.mark.parametrize(("name", "title"), CASES)
async def test_an_altered_word_is_refused(name: str, title: str) -> None:
    case = support.webhooks(name)[title] | {"headers": support.setup_of(name)["webhook"]["headers"]}
    async with support.adapter_at(name, NOWHERE) as adapter:
        assert isinstance(adapter, ReadsReports)
        door = partial(adapter.verify, proofs=support.proofs_of(name))
        checks.only_its_word_opens(door, support.headers_of(name, case), body_of(case))


@pytest.mark.parametrize("name", NAMES)
async def test_a_secret_whose_word_is_empty_opens_to_nobody(name: str) -> None:
    case = support.webhooks(name)["webhook_delivered"]
    empty = dict.fromkeys(support.setup_of(name)["secret"], "")
    async with support.adapter_at(name, NOWHERE, **empty) as adapter:
        refused = said(adapter, name, case, **empty)
    assert support.told(refused) == {"raises": "Refuse", "reason": "bad_signature"}


@pytest.mark.parametrize("name", NAMES)
async def test_the_word_before_a_rotation_opens_too(name: str) -> None:
    case = support.webhooks(name)["webhook_delivered"]
    older = {discover()[name].proof: support.proofs_of(name)[-1].get_secret_value()}
    async with support.adapter_at(name, NOWHERE) as adapter:
        assert isinstance(adapter, ReadsReports)
        headers = support.headers_of(name, case, **older)
        adapter.verify(headers, body_of(case), support.proofs_of(name))


@pytest.mark.parametrize("name", NAMES)
async def test_equal_reports_are_one_event_and_others_are_not(name: str) -> None:
    events: dict[str, set[UUID]] = {}
    async with support.adapter_at(name, NOWHERE) as adapter:
        for case in support.webhooks(name).values():
            for _ in range(2):
                result = said(adapter, name, case)
                for report in result if isinstance(result, list) else ():
                    events.setdefault(known_by(report), set()).add(event_id(report))
    assert all(len(ids) == 1 for ids in events.values())
    assert len(set().union(*events.values())) == len(events)


@pytest.mark.parametrize(("name", "title"), TELLING)
async def test_the_names_of_a_dead_letter_are_the_documented_ones(name: str, title: str) -> None:
    async with support.adapter_at(name, NOWHERE) as adapter:
        assert isinstance(adapter, ReadsReports)
        checks.names_are_documented(adapter.report_fields, support.webhooks(name)[title]["body"])


@pytest.mark.parametrize(("name", "title"), CASES)
async def test_no_number_and_no_key_turns_up_in_reports_errors_or_logs(
    name: str, title: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = support.webhooks(name)[title]
    secret = dict(zip(discover()[name].secret_fields, cycle((SECRET, WORD)), strict=False))
    shown = []
    for canary in (NUMBER, SECRET, WORD):
        async with support.adapter_at(name, NOWHERE, **secret) as adapter:
            result = said(adapter, name, case, canary, **secret)
            shown += [repr(result), repr(adapter), repr(vars(adapter))]
            if isinstance(result, Consequence):
                shown += traceback.format_exception(result)
    shown += [caplog.text, *capfd.readouterr()]
    assert [c for c in (NUMBER, SECRET, WORD) if any(c in text for text in shown)] == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_broken_webhook_is_never_better_than_the_whole_one(name: str) -> None:
    # Of one that is set aside a mutant may be understood.
    cases = [c for c in support.webhooks(name).values() if "reports" in c["expect"]]
    async with support.adapter_at(name, NOWHERE) as adapter:
        assert isinstance(adapter, ReadsReports)
        for case in cases:
            broken = mutants(body_of(case), 17, COUNT // len(cases) + 1)
            checks.broken_is_never_better(adapter.read_reports, body_of(case), broken)


def said(
    adapter: object, name: str, case: support.Case, canary: str = NUMBER, **secret: str
) -> list[Report] | Consequence:
    """What the door of ingest learns of a webhook."""
    assert isinstance(adapter, ReadsReports)
    body = body_of(case, canary)
    try:
        proofs = support.proofs_of(name, **secret)
        adapter.verify(support.headers_of(name, case, **secret), body, proofs)
        return adapter.read_reports(body)
    except Consequence as error:
        return error


def body_of(case: support.Case, canary: str = NUMBER) -> bytes:
    return support.body_text(case["body"], canary).encode()


def known_by(report: Report) -> str:
    """What makes a result another one: whose it is, what it says, when."""
    by = report.probe_id or report.provider_message_id
    return f"{by} {report.leg} {report.code or report.state} {report.reported_at}"


def event_id(report: Report) -> UUID:
    now = datetime(2026, 1, 1, 3, tzinfo=UTC)
    return report_received(report.probe_id, "account", report, KEEPER, now).event_id
