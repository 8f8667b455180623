"""The port of acknowledgement links: who acts by which link, how often, and what else answers."""

import asyncio
import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from services.alerting.answers import links
from services.alerting.metrics import Metrics
from services.storage import incidents
from services.storage.pool import Connection, Pool, open_pool
from tests.support.asgi import Answer, ask
from tests.support.incidents import an_incident
from tests.support.paged import page_of, people_in_force

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OTHER = an_incident(id="provider:sens@2", component="provider:sens", title_ko="SENS: 접수되지 않음")


class Door:
    """The application, as a phone meets it."""

    def __init__(self, pool: Pool) -> None:
        self.registry = CollectorRegistry()
        self.app: Starlette = links.app(pool, Metrics(self.registry))

    async def get(self, token: str, query: str = "", method: str = "GET") -> Answer:
        return await ask(self.app, f"/a/{token}", {}, method=method, query=query)

    async def press(self, token: str, page: str, query: str = "") -> Answer:
        body = f"page={quote(page, safe='')}".encode()
        return await ask(self.app, f"/a/{token}", FORM, body, query=query)

    def counted(self, result: str) -> float | None:
        labels = {"door": "link", "result": result}
        return self.registry.get_sample_value("bongsu_answers_total", labels)


@pytest.fixture
def door(pool: Pool) -> Door:
    return Door(pool)


async def _acked(conn: Connection) -> list[tuple[str, str]]:
    found = await conn.fetch("SELECT incident_id, person FROM incident_ack ORDER BY number")
    return [(row[0], row[1]) for row in found]


async def test_the_page_says_what_it_is_about_and_looking_acknowledges_nothing(
    door: Door, conn: Connection
) -> None:
    await people_in_force(conn, minutes=45)
    _, token = await page_of(conn)
    for method in ("GET", "HEAD", "GET"):
        answer = await door.get(token, method=method)
        assert answer.status == 200
    text = answer.body.decode()
    for said in ("카카오톡: 전달되지 않음", "심각도 2", "10-15 15:27부터", "45분 동안", "<button>"):
        assert said in text
    assert await _acked(conn) == []


async def test_pressing_acknowledges_every_open_incident_of_the_page_with_its_audit(
    door: Door, conn: Connection
) -> None:
    await people_in_force(conn)
    over = an_incident(
        id="carrier:kt@3", component="carrier:kt", status="closed",
        ended_at=OTHER.detected_at, closed_at=OTHER.detected_at,
    )  # fmt: skip
    page, token = await page_of(conn, an_incident(), OTHER, over)
    answer = await door.press(token, page)
    assert answer.status == 200
    assert "확인했습니다" in answer.body.decode()
    assert "<button>" not in answer.body.decode()
    mine = {(an_incident().id, "kim"), (OTHER.id, "kim")}
    assert set(await _acked(conn)) == mine
    audited = await conn.fetch("SELECT person, via, action, object FROM audit ORDER BY object")
    assert [tuple(row) for row in audited] == [
        ("kim", "link", "ack", an_incident().id), ("kim", "link", "ack", OTHER.id),
    ]  # fmt: skip
    assert door.counted("acknowledged") == 1


async def test_a_link_acts_once_and_says_by_whom_and_when(door: Door, conn: Connection) -> None:
    await people_in_force(conn, language="en")
    page, token = await page_of(conn)
    at_once = await asyncio.gather(*(door.press(token, page) for _ in range(4)))
    assert sorted(one.status for one in at_once) == [200, 409, 409, 409]
    for answer in (await door.press(token, page), await door.get(token)):
        said = answer.body.decode()
        assert re.search(r"Kim Bongsu has already acknowledged by this link, at \d\d-\d\d", said)
        assert "<button>" not in said
    assert len(await _acked(conn)) == 1
    assert door.counted("used") == 5


async def test_of_two_thumbs_at_once_the_second_is_told_of_the_first(
    door: Door, conn: Connection
) -> None:
    await people_in_force(conn)
    page, token = await page_of(conn)
    answers = await asyncio.gather(door.press(token, page), door.press(token, page))
    assert sorted(answer.status for answer in answers) == [200, 409]
    (late,) = (answer.body.decode() for answer in answers if answer.status == 409)
    assert re.search(r"김봉수 님이 \d\d-\d\d \d\d:\d\d에 이 링크로 이미 확인했습니다", late)
    assert len(await _acked(conn)) == 1


async def test_a_link_that_has_expired_acts_no_more(door: Door, conn: Connection) -> None:
    page, token = await page_of(conn, lasts=timedelta(seconds=-1))
    for answer in (await door.get(token), await door.press(token, page)):
        assert answer.status == 410
        assert "만료되었습니다" in answer.body.decode()
        assert "<button>" not in answer.body.decode()
    assert await _acked(conn) == []


async def test_the_form_of_another_page_is_refused(door: Door, conn: Connection) -> None:
    _, mine = await page_of(conn)
    theirs, _ = await page_of(conn, OTHER, recipient="person:lee")
    for page in (theirs, "", OTHER.id):
        answer = await door.press(mine, page)
        assert answer.status == 409
        assert "다른 장애의 것" in answer.body.decode()
        assert "카카오톡" not in answer.body.decode()
    assert await _acked(conn) == []


async def test_what_is_over_needs_nobody(door: Door, conn: Connection) -> None:
    at = an_incident().detected_at
    over = an_incident(status="closed", ended_at=at, closed_at=at)
    page, token = await page_of(conn, over)
    assert "15:30 종료" in (await door.get(token)).body.decode()
    answer = await door.press(token, page)
    assert answer.status == 409
    assert "이미 끝난 장애입니다" in answer.body.decode()
    assert await _acked(conn) == []


BACK = an_incident(reopened=1)


@pytest.mark.parametrize(
    ("query", "says"),
    [("", "복구되었다가 다시 발생하여"), ("lang=en", "was over and is broken again")],
)
async def test_the_link_of_an_earlier_opening_does_not_acknowledge_what_came_back(
    door: Door, conn: Connection, query: str, says: str
) -> None:
    before, old = await page_of(conn, lasts=timedelta(days=1))
    now, new = await page_of(conn, BACK, recipient="person:lee")
    for answer in (await door.get(old, query), await door.press(old, before, query)):
        said = answer.body.decode()
        assert says in said
        assert an_incident().title_en in said or an_incident().title_ko in said
        assert "<button>" not in said
    assert answer.status == 409
    assert await _acked(conn) == []
    assert door.counted("earlier") == 2
    assert (await door.press(new, now)).status == 200
    assert await _acked(conn) == [(BACK.id, "lee")]


async def test_of_a_digest_only_what_has_not_been_over_since_is_acknowledged(
    door: Door, conn: Connection
) -> None:
    page, token = await page_of(conn, an_incident(), OTHER)
    await incidents.put(conn, BACK)
    said = (await door.get(token)).body.decode()
    assert said.count("이 링크로는 확인되지 않음") == 1
    assert (await door.press(token, page)).status == 200
    assert await _acked(conn) == [(OTHER.id, "kim")]


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
async def test_no_change_of_a_link_acts(door: Door, conn: Connection, data: st.DataObject) -> None:
    page, token = await page_of(conn)
    place = data.draw(st.integers(0, len(token) - 1))
    put = data.draw(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=3))
    altered = token[:place] + put + token[place + 1 :]
    if altered == token:
        return
    answer = await door.press(altered, page)
    assert answer.status == 404
    assert await _acked(conn) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/a"), ("GET", "/a/"), ("GET", "/a/x/"), ("GET", "/a/x/y"),
        ("GET", "/metrics"), ("GET", "/livez"), ("GET", "/api/v1/incidents"), ("GET", "/docs"),
        ("PUT", "/a/x"), ("DELETE", "/a/x"), ("OPTIONS", "/a/x"), ("GET", "/A/x"),
        ("GET", "/a/" + "x" * 65), ("GET", "//a/x"),
    ],
)  # fmt: skip
async def test_nothing_else_is_answered_and_no_hint_is_given(
    door: Door, method: str, path: str
) -> None:
    answer = await ask(door.app, path, {}, method=method)
    assert (answer.status, answer.body) == (404, b"")
    assert set(answer.headers) <= {"connection", "content-length"}


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/json"}, b"{}", 415),
        (FORM | {"Content-Length": "999999"}, b"", 413),
        (FORM, b"page=" + b"x" * 5_000, 413),
        (FORM, b"\xff\xfe", 400),
        (FORM | {"Content-Encoding": "gzip"}, b"", 415),
    ],
)
async def test_a_body_that_no_form_of_ours_sends_is_turned_away(
    door: Door, conn: Connection, headers: dict[str, str], body: bytes, status: int
) -> None:
    _, token = await page_of(conn)
    answer = await ask(door.app, f"/a/{token}", headers, body)
    assert (answer.status, answer.body) == (status, b"")
    assert await _acked(conn) == []


async def test_the_page_brings_nothing_along_and_is_kept_nowhere(
    door: Door, conn: Connection
) -> None:
    row = an_incident(title_ko='<img src="https://evil">&')
    _, token = await page_of(conn, row)
    answer = await door.get(token)
    text = answer.body.decode()
    assert "<img" not in text
    assert "&lt;img" in text
    assert token not in text
    assert not re.search(r"<script|<link|@import|url\(|src=\"http", text)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"):
        assert rule in policy


@pytest.mark.parametrize(
    ("own", "query", "button"),
    [("ko", "", "확인"), ("en", "", "Acknowledge"), ("ko", "lang=en", "Acknowledge"),
     ("en", "lang=ko", "확인"), ("en", "lang=%00", "Acknowledge")],
)  # fmt: skip
async def test_the_language_is_the_persons_own_until_they_change_it(
    door: Door, conn: Connection, own: str, query: str, button: str
) -> None:
    await people_in_force(conn, language=own)
    _, token = await page_of(conn)
    assert f"<button>{button}</button>" in (await door.get(token, query)).body.decode()


async def test_of_many_incidents_some_are_shown_and_all_acknowledged(
    door: Door, conn: Connection
) -> None:
    rows = [an_incident(id=f"route:r{n}@1", component=f"route:r{n}") for n in range(25)]
    page, token = await page_of(conn, *rows)
    text = (await door.get(token)).body.decode()
    assert text.count("<li>") == 20
    assert "외 5건" in text
    await door.press(token, page)
    assert len(await _acked(conn)) == 25


async def test_without_postgres_nothing_is_promised(database: str) -> None:
    async with open_pool(database, role_label="test") as gone:
        door = Door(gone)
    answer = await door.press("x" * 22, "page")
    assert answer.status == 503
    assert "다시 열어 주십시오" in answer.body.decode()
    assert door.counted("away") == 1
    for guess in ("x" * 21, "x" * 23, "wp-login.php", "x" * 21 + "."):
        assert (await door.get(guess)).status == 404  # and Postgres was not asked
