"""The API: every endpoint of its document answers as the document says, to whom it says."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from services.alerting.answers import openapi
from services.alerting.answers.api import BASE, ENDPOINTS, Api, Endpoint
from services.alerting.answers.failures import MOST, Failures
from services.alerting.metrics import Metrics
from services.catalogue import publish
from services.catalogue.load import load
from services.reporting import chain
from services.storage import corrections, incidents, months, people, planned, sink
from services.storage.corrections import ROLE
from services.storage.pool import Connection, Pool
from tests.support.asgi import Answer, ask
from tests.support.fixtures import conn, database, pool
from tests.support.incidents import an_incident
from tests.support.paged import people_in_force
from tests.support.reports import a_report

__all__ = ["conn", "database", "pool"]
ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = openapi.document()
LATER = datetime.now(UTC) + timedelta(days=1)
ROW = an_incident(id="platform:kakaotalk/alimtalk@1", component="platform:kakaotalk/alimtalk")
PAST = "2026-01-01T09:00:00+09:00"
START, END = "2026-12-01T02:00:00+09:00", "2026-12-01T04:00:00+09:00"
WINDOW = f"provider:sens@{int(datetime.fromisoformat(START).timestamp())}"
BODIES: dict[str, Any] = {
    "/incidents/{id}/ack": {"minutes": 45},
    "/incidents/{id}/note": {"text": "전화함"},
    "/incidents/{id}/close": {"reason": "끝남"},
    "/maintenance": {
        "component": "provider:sens", "starts_at": START, "ends_at": END, "reason": "점검",
        "days": ["tue"],
    },
    "/maintenance/{id}/withdraw": {"reason": "연기"},
    "/notices": {
        "provider": "kakao", "component": "platform:kakaotalk", "says": "down",
        "said_at": ROW.started_at.isoformat(),
    },
    "/oncall/overrides": {"person": "oncall-2", "ends_at": LATER.isoformat(), "reason": "교대"},
    "/corrections": {
        "body": "geoje", "month": "2026-10", "reason": "단말이 로그아웃되어 있었음을 확인했습니다.",
        "data": {
            "kind": "monitor_fault", "component": "receiver:skt-01", "cause": "account",
            "from": "2026-10-20T14:20:00+09:00", "to": "2026-10-20T14:50:00+09:00",
        },
    },
    "/corrections/{id}/approve": {"words": "확인했습니다."},
    "/corrections/{id}/reject": {"words": "근거가 부족합니다."},
    "/objections": {
        "body": "geoje", "month": "2026-10",
        "objection": {"by": "중계사", "about": "10-20의 장애는 상위 통신사 탓입니다."},
    },
    "/objections/{id}/decide": {"words": "통신사 기록과 맞지 않아 받지 않습니다."},
}  # fmt: skip


GIVEN = {  # role given → roles that it does not include
    "viewer": {"operator", ROLE}, "operator": {ROLE}, ROLE: {"viewer", "operator"},
}  # fmt: skip


def _named(path: str) -> str:
    """What the id in a path is of."""
    if "objections" in path:
        return "1"
    if "corrections" in path:
        return "1" if "approve" in path else "2"
    if "notices" in path:
        return planned.notice_id("kakao", "platform:kakaotalk", ROW.started_at)
    return WINDOW if "maintenance" in path else ROW.id


class Client:
    """The application, asked with a token."""

    def __init__(self, pool: Pool | None) -> None:
        self.now = 0.0
        api = Api(Metrics(CollectorRegistry()), Failures(lambda: self.now))
        api.pool = pool
        self.app = Starlette(routes=[*api.routes(), openapi.route()])

    async def ask(
        self, one: Endpoint, token: str | None, body: Any = None, **headers: str
    ) -> Answer:
        path = BASE + one.path.replace("{id}", _named(one.path))
        given = {} if token is None else {"Authorization": f"Bearer {token}"}
        sent = BODIES.get(one.path) if body is None and one.body else body
        data = json.dumps(sent).encode() if one.body else b""
        kind = {"Content-Type": "application/json"} if one.body else {}
        return await ask(self.app, path, kind | given | headers, data, method=one.method)


@pytest.fixture
def client(pool: Pool) -> Client:
    return Client(pool)


async def a_token(
    conn: Connection, *roles: str, until: datetime = LATER, person: str = "kim"
) -> str:
    secret = people.new_secret(people.TOKEN_BYTES)
    await people.put_token(conn, secret, person, roles, "root", until)
    return secret


async def _stored(conn: Connection) -> None:
    await incidents.put(conn, ROW)


async def _proposed(conn: Connection) -> None:
    """Two corrections, by somebody else."""
    token = people.hashed(await a_token(conn, ROLE, person="lee"))
    given = BODIES["/corrections"]
    for _ in range(2):
        data = {name: value for name, value in given["data"].items() if name != "kind"}
        await corrections.propose(
            conn, token, given["body"], given["month"], given["data"]["kind"], data,
            given["reason"], "api",
        )  # fmt: skip


async def _closed(conn: Connection) -> None:
    """October, preliminary and closed."""
    epoch = await months.take_turn(conn, "test")
    assert epoch is not None
    prev = chain.ZEROS
    for number, state in enumerate(("preliminary", "closed")):
        told = {"month": "2026-10", "revision": number, "state": state}
        report = chain.sealed(a_report(lambda one, told=told: one.update(told)), prev)
        await months.seal(conn, epoch, chain.text_of(report))
        prev = report.seal.entry
    await months.give_turn(conn)


async def _in_force(conn: Connection) -> None:
    """The shipped catalogue."""
    now = datetime.now(UTC)
    shipped = load(ROOT / "catalogue").catalogue(publish.new_revision(now))
    await sink.store_catalogue(conn, shipped, "test", now)


def _checked(one: Endpoint, answer: Answer) -> Any:
    """The answer, which must be what the document says of that status."""
    operation = DOCUMENT["paths"][BASE + one.path][one.method.lower()]
    content = operation["responses"][str(answer.status)]["content"]["application/json"]
    value = json.loads(answer.body)
    schema = content["schema"] | {"components": DOCUMENT["components"]}
    jsonschema.validate(value, schema, format_checker=jsonschema.FormatChecker())
    return value


def test_the_document_is_the_one_that_is_kept_and_describes_every_endpoint() -> None:
    kept = (ROOT / openapi.FILE).read_text(encoding="utf-8")
    assert kept == openapi.text(), "run python -m services.alerting.answers.openapi"
    named = {(BASE + one.path, one.method.lower()) for one in ENDPOINTS}
    told = {(path, method) for path, found in DOCUMENT["paths"].items() for method in found}
    assert told == named
    operations = [found[method] for found in DOCUMENT["paths"].values() for method in found]
    assert len({one["operationId"] for one in operations}) == len(ENDPOINTS)
    assert all(one["summary"] for one in operations)


async def test_every_endpoint_does_what_the_document_says(client: Client, conn: Connection) -> None:
    await incidents.put(conn, ROW)
    await _in_force(conn)
    await _proposed(conn)
    await _closed(conn)
    token = await a_token(conn, "operator", ROLE)
    found: dict[str, Any] = {}
    # Reading last, so that there is something to read; withdrawing and answering after that.
    order = sorted(
        ENDPOINTS,
        key=lambda one: (one.path.endswith(("withdraw", "decide")), one.method != "POST"),
    )
    for one in order:
        answer = await client.ask(one, token)
        assert answer.status == 200, (one.path, answer.body)
        found[f"{one.method} {one.path}"] = _checked(one, answer)
    (listed,) = found["GET /incidents"]
    assert listed["id"] == ROW.id
    whole = found["GET /incidents/{id}"]
    assert [ack["person"] for ack in whole["acks"]] == ["kim"]
    assert [told["lag_s"] for told in whole["told"]] == [0.0]
    assert found["GET /oncall/overrides"] == [found["POST /oncall/overrides"]]
    (window,) = found["GET /maintenance"]
    assert (window["recurs"], window["actor"]) == ("FREQ=WEEKLY;BYDAY=TU", "kim")
    asked = await incidents.asked(conn)
    assert {(one.kind, one.actor, one.text) for one in asked} == {
        ("ack", "kim", "45"), ("note", "kim", "전화함"), ("close", "kim", "끝남"),
    }  # fmt: skip
    assert [one["state"] for one in found["GET /corrections"]] == [
        "approved", "rejected", "proposed",
    ]  # fmt: skip
    audited = await conn.fetch(
        "SELECT DISTINCT person, via, action FROM audit WHERE person = 'kim' ORDER BY action"
    )
    assert [tuple(row) for row in audited] == [
        ("kim", "api", action)
        for action in (
            "ack", "close", "maintenance.add", "maintenance.withdraw", "note", "notice.add",
            "notice.withdraw", "oncall.override", "report.approve", "report.correct",
            "report.decide", "report.object", "report.reject",
        )
    ]  # fmt: skip


@pytest.mark.parametrize("one", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
async def test_who_has_no_right_token_or_role_gets_nothing(
    client: Client, conn: Connection, one: Endpoint
) -> None:
    await _stored(conn)
    over = datetime.now(UTC) - timedelta(seconds=1)
    good = await a_token(conn, "viewer", "operator", ROLE)
    revoked = await a_token(conn, "operator")
    await people.revoke(conn, people.hashed(revoked).hex()[: people.SHORT])
    expired = await a_token(conn, "operator", until=over)
    for bad in (None, "", "x", good[:-1], good + "x", good.swapcase(), revoked, expired, "가"):
        answer = await client.ask(one, bad)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert _checked(one, answer) == {"error": "no valid token"}
    for given, lacking in GIVEN.items():
        if one.role in lacking:
            assert (await client.ask(one, await a_token(conn, given))).status == 403
    if one.role == "viewer":
        assert (await client.ask(one, await a_token(conn, "viewer"))).status == 200
    assert await conn.fetchval("SELECT count(*) FROM audit") == 0


async def test_too_many_wrong_tokens_from_an_address_have_to_wait(
    client: Client, conn: Connection
) -> None:
    good, (one, *_) = await a_token(conn, "viewer"), ENDPOINTS
    for _ in range(MOST):
        assert (await client.ask(one, "wrong")).status == 401
    answer = await client.ask(one, good)
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")
    _checked(one, answer)
    client.now += 61
    assert (await client.ask(one, good)).status == 200


ACK = next(one for one in ENDPOINTS if one.path.endswith("/ack"))
NOTE = next(one for one in ENDPOINTS if one.path.endswith("/note"))
WATCH = next(one for one in ENDPOINTS if one.path == "/oncall/overrides" and one.body)
PLAN = next(one for one in ENDPOINTS if one.path == "/maintenance" and one.body)
CORRECT = next(one for one in ENDPOINTS if one.path == "/corrections" and one.body)
APPROVE = next(one for one in ENDPOINTS if one.path.endswith("/approve"))
REJECT = next(one for one in ENDPOINTS if one.path.endswith("/reject"))
OBJECT = next(one for one in ENDPOINTS if one.path == "/objections" and one.body)
ANSWER = next(one for one in ENDPOINTS if one.path.endswith("/decide"))
FAULT = BODIES["/corrections"]["data"]


def _correction(**other: Any) -> dict[str, Any]:
    return BODIES["/corrections"] | other


@pytest.mark.parametrize(
    ("one", "body", "status", "says"),
    [
        (ACK, {"minutes": 0}, 422, "minutes"),
        (ACK, {"minutes": 5, "person": "lee"}, 422, "person"),  # nobody acts in another's name
        (ACK, [], 422, "body"),
        (WATCH, BODIES["/oncall/overrides"] | {"person": "oncall-3"}, 422, "did you mean"),
        (WATCH, BODIES["/oncall/overrides"] | {"ends_at": PAST}, 422, "over already"),
        (WATCH, BODIES["/oncall/overrides"] | {"reason": " "}, 422, "reason"),
        (WATCH, BODIES["/oncall/overrides"] | {"actor": "lee"}, 422, "actor"),
        (NOTE, {"text": " \n"}, 422, "text"),
        (PLAN, BODIES["/maintenance"] | {"ends_at": START}, 422, "not after the start"),
        (PLAN, BODIES["/maintenance"] | {"days": ["wed"]}, 422, "none of these days"),
        (PLAN, BODIES["/maintenance"] | {"starts_at": "2026-12-01T02:00:00"}, 422, "starts_at"),
        (CORRECT, _correction(reason="x" * 19), 422, "reason"),
        (CORRECT, _correction(reason="x" + " " * 19), 422, "reason"),
        (CORRECT, _correction(month="2026-13"), 422, "month"),
        (CORRECT, _correction(month="2099-01"), 422, "has not begun"),
        (CORRECT, _correction(body="geojae"), 404, "Did you mean 'geoje'?"),
        (CORRECT, _correction(proposed_by="lee"), 422, "the token is of kim, not of lee"),
        (CORRECT, _correction(data=FAULT | {"to": FAULT["from"]}), 422, "`from` lies before `to`"),
        (CORRECT, _correction(data=FAULT | {"kind": "figures"}), 422, "data"),
        (CORRECT, _correction(data=FAULT | {"down": 0}), 422, "down"),
        (APPROVE, {"words": " "}, 422, "words"),
    ],
)
async def test_what_makes_no_sense_is_one_sentence_and_changes_nothing(
    client: Client, conn: Connection, one: Endpoint, body: Any, status: int, says: str
) -> None:
    await _stored(conn)
    await _in_force(conn)
    answer = await client.ask(one, await a_token(conn, "operator", ROLE), body)
    assert answer.status == status
    assert says in _checked(one, answer)["error"]
    assert await conn.fetchval("SELECT count(*) FROM audit") == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Length": "99999"}, 413),
        ({"Content-Encoding": "gzip"}, 415),
    ],
)
async def test_a_body_of_another_kind_or_size_is_turned_away(
    client: Client, conn: Connection, headers: Mapping[str, str], status: int
) -> None:
    answer = await client.ask(ACK, await a_token(conn, "operator"), **headers)
    assert answer.status == status
    _checked(ACK, answer)


async def test_who_is_on_call_is_told(client: Client, conn: Connection) -> None:
    await people_in_force(conn)
    one = next(one for one in ENDPOINTS if one.path == "/oncall")
    answer = await client.ask(one, await a_token(conn, "viewer"))
    assert _checked(one, answer) == {
        "first": "kim", "later": ["kim"], "systems": ["desk"]
    }  # fmt: skip


async def test_an_override_calls_somebody_else_from_its_start_on(
    client: Client, conn: Connection
) -> None:
    await _in_force(conn)
    one = next(one for one in ENDPOINTS if one.path == "/oncall")
    token = await a_token(conn, "operator")
    before = _checked(one, await client.ask(one, token))["first"]
    other = {"oncall-1": "oncall-2", "oncall-2": "oncall-1"}[before]
    body = BODIES["/oncall/overrides"] | {"person": other}
    later = body | {"starts_at": (LATER - timedelta(hours=1)).isoformat()}
    for given, first in ((later, before), (body, other)):
        made = _checked(WATCH, await client.ask(WATCH, token, given))
        assert made["actor"] == "kim"
        assert _checked(one, await client.ask(one, token))["first"] == first


@pytest.mark.parametrize("one", [APPROVE, REJECT], ids=["approve", "reject"])
async def test_who_proposed_a_correction_does_not_decide_it(
    client: Client, conn: Connection, one: Endpoint
) -> None:
    await _in_force(conn)
    kim = await a_token(conn, ROLE)
    for _ in range(2):
        assert (await client.ask(CORRECT, kim)).status == 200

    for token in (kim, await a_token(conn, ROLE)):  # a second token makes no second person
        answer = await client.ask(one, token)
        assert answer.status == 403
        assert _checked(one, answer) == {
            "error": "The proposer cannot approve.", "error_ko": "제안자는 승인할 수 없습니다.",
        }  # fmt: skip
    assert {each.state for each in await corrections.corrections(conn)} == {"proposed"}
    audited = await conn.fetch("SELECT DISTINCT person, action FROM audit")
    assert [tuple(row) for row in audited] == [("kim", "report.correct")]


async def test_an_objection_is_held_against_a_closed_month_and_answered_once(
    client: Client, conn: Connection
) -> None:
    token = await a_token(conn, ROLE)
    assert (await client.ask(OBJECT, token)).status == 409
    await _closed(conn)
    for one, status in ((ANSWER, 404), (OBJECT, 200), (ANSWER, 200), (ANSWER, 409)):
        answer = await client.ask(one, token)
        assert answer.status == status
        _checked(one, answer)


async def test_a_correction_is_decided_once(client: Client, conn: Connection) -> None:
    token = await a_token(conn, ROLE)
    for status in (404, 200, 409):
        answer = await client.ask(APPROVE, token)
        assert answer.status == status
        _checked(APPROVE, answer)
        if status == 404:
            await _proposed(conn)


async def test_what_is_not_there_or_over_is_said(client: Client, conn: Connection) -> None:
    token = await a_token(conn, "operator")
    answer = await client.ask(ACK, token)
    assert answer.status == 404
    _checked(ACK, answer)
    at = ROW.detected_at
    await incidents.put(conn, ROW._replace(status="closed", ended_at=at, closed_at=at))
    answer = await client.ask(ACK, token)
    assert answer.status == 409
    _checked(ACK, answer)


async def test_without_postgres_it_says_so() -> None:
    answer = await Client(None).ask(ENDPOINTS[0], "x")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    _checked(ENDPOINTS[0], answer)


async def test_the_document_needs_no_token() -> None:
    answer = await ask(Client(None).app, f"{BASE}/openapi.json", {}, method="GET")
    assert json.loads(answer.body) == DOCUMENT
