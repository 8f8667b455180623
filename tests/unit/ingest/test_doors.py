"""Every adapter that reads webhooks, behind its door of ingest: each of its cases is answered and
published as the case says, and nothing of a body is left behind."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.adapters import discover
from services.contracts.catalogue import Account, build
from services.contracts.evidence import DeadLetter, ReportReceived
from tests.support import adapters as support
from tests.support.builders import REVISION, a_probe_id
from tests.support.mutants import mutants
from tests.support.probing import a_route
from tests.unit.ingest.handset import Answer, Ingest, left_behind

NAMES = sorted(name for name, kind in discover().items() if hasattr(kind, "read_reports"))
CASES = [(name, title) for name in NAMES for title in support.webhooks(name)]
THEN = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)  # the cases' results are of these minutes
CANARY = "01000007777"
JSON = {"content-type": "application/json"}


def a_door(folder: Path, name: str) -> Ingest:
    setup = support.setup_of(name)
    account = Account.model_validate(setup["account"])
    (folder / f"{account.secret}.json").write_text(json.dumps(setup["secret"]))
    door = Ingest(folder, discover())
    route = a_route(adapter=name, account=account.id)
    door.in_force = build(REVISION, [("account", account), ("route", route)])
    door.clock.at = THEN
    return door


def body_of(case: support.Case) -> bytes:
    """As of a probe of that hour: the cases' own would be beyond retention."""
    text = support.body_text(case["body"], CANARY)
    return text.replace(str(support.PROBE), str(a_probe_id(THEN))).encode()


async def post(door: Ingest, name: str, case: support.Case, body: bytes) -> Answer:
    account = support.setup_of(name)["account"]["id"]
    headers = support.headers_of(name, case) | JSON
    return await door.send(f"/reports/{name}/{account}", body, headers)


@pytest.mark.parametrize(("name", "title"), CASES)
async def test_a_webhook_is_answered_and_published_as_its_case_says(
    tmp_path: Path, lines: list[Any], name: str, title: str
) -> None:
    door, case = a_door(tmp_path, name), support.webhooks(name)[title]
    answer = await post(door, name, case, body_of(case))
    expect = case["expect"]
    assert answer.status == (401 if expect.get("raises") == "Refuse" else 202)
    reports = [r for r in door.records if isinstance(r, ReportReceived)]
    told = [(r["provider_message_id"], r["leg"], r["state"]) for r in expect.get("reports", ())]
    assert [(r.provider_message_id, r.leg, r.state) for r in reports] == told
    letters = [r.reason for r in door.records if isinstance(r, DeadLetter)]
    assert letters == ([expect["reason"]] if expect.get("raises") == "SetAside" else [])
    secret = support.setup_of(name)["secret"].values()
    left = left_behind(door, lines) + answer.body.decode()
    assert [canary for canary in (CANARY, *secret) if canary in left] == []


@pytest.mark.parametrize("name", NAMES)
async def test_no_broken_webhook_is_a_fault_or_leaks(
    tmp_path: Path, lines: list[Any], name: str
) -> None:
    door, case = a_door(tmp_path, name), support.webhooks(name)["webhook_delivered"]
    for mutant in mutants(body_of(case), 29, 1_000):
        assert (await post(door, name, case, mutant)).status == 202, mutant
    kinds = {type(record) for record in door.records}
    assert kinds == {ReportReceived, DeadLetter}
    assert CANARY not in left_behind(door, lines)
