"""The preview on a real Postgres with a day of probes, as a browser asks it."""

import copy
import re
from html import unescape
from pathlib import Path

import pytest
from starlette.applications import Starlette

from dashboards import waived
from dashboards.preview import files
from dashboards.preview.answers import Servers
from dashboards.preview.serve import app
from dashboards.sources import PG, Json
from tests.support.asgi import Answer, ask
from tests.support.commands import bongsu

HERE = {"host": "127.0.0.1:8470", "accept-language": "ko-KR,ko;q=0.9,en;q=0.8"}
_LINK = re.compile(r'href="(/d/[^"]+)"')
BODY, FAILURES, TEMPLATES = "bongsu-body", 7, 4


@pytest.fixture
def boards() -> dict[str, Json]:
    """The shipped boards, to be spoilt."""
    return copy.deepcopy(files.boards())


async def _get(preview: Starlette, path: str, query: str = "", **headers: str) -> Answer:
    return await ask(preview, path, HERE | headers, method="GET", query=query)


def _box(page: str, panel: Json) -> str:
    """What stands in a panel's box."""
    return page.partition(f'id="panel-{panel["id"]}"')[2].partition("</section>")[0]


def _panel(board: Json, number: int) -> Json:
    found: Json = next(panel for panel in board["panels"] if panel["id"] == number)
    return found


async def test_every_panel_shows_its_answer_or_says_that_there_is_no_prometheus(
    boards: dict[str, Json], reader: str
) -> None:
    preview = app(boards, Servers(reader))
    for uid, board in boards.items():
        answer = await _get(preview, f"/d/{uid}", "var-probe=&from=now-7d")
        assert answer.status == 200
        for panel in board["panels"]:
            box, key = _box(answer.body.decode(), panel), f"{uid}/{panel['id']}"
            assert "답을 얻지 못했습니다" not in box, key
            if panel["targets"][0]["datasource"]["type"] != PG["type"]:
                assert "Prometheus가 없어 조회할 수 없습니다" in box, key
                assert "<svg" not in box, key
            elif key not in waived.MAY_BE_EMPTY and key != "bongsu-incident/12":
                assert 'class="note"' not in box, key


async def test_every_link_of_every_page_leads_to_a_page(
    boards: dict[str, Json], reader: str
) -> None:
    preview = app(boards, Servers(reader))
    seen = {f"/d/{uid}" for uid in boards}
    todo = sorted(seen)
    while todo:
        path, _, query = todo.pop().partition("?")
        answer = await _get(preview, path, query)
        assert answer.status == 200, (path, query, answer.body[:200])
        found = map(unescape, _LINK.findall(answer.body.decode()))
        # One of each kind: the values of a link make no other kind of it.
        kinds = {re.sub(r"=[^&]*", "", address): address for address in found}
        known = {re.sub(r"=[^&]*", "", address) for address in seen}
        todo += [address for kind, address in kinds.items() if kind not in known]
        seen |= set(todo)
    assert any("var-incident=new" in address for address in seen)
    assert any("var-probe=" in address for address in seen)


async def test_an_address_chooses_body_and_time(boards: dict[str, Json], reader: str) -> None:
    preview = app(boards, Servers(reader))
    geoje = (await _get(preview, f"/d/{BODY}", "var-body=geoje")).body.decode()
    miryang = (await _get(preview, f"/d/{BODY}", "var-body=miryang")).body.decode()
    assert ">alimtalk</a>" in _box(geoje, _panel(boards[BODY], FAILURES))
    assert ">sms</a>" in _box(miryang, _panel(boards[BODY], FAILURES))
    assert '<option value="miryang" selected="">miryang</option>' in miryang
    before = "var-body=geoje&from=1700000000000&to=1700003600000"
    old = (await _get(preview, f"/d/{BODY}", before)).body.decode()
    assert 'class="note"' in _box(old, _panel(boards[BODY], FAILURES))


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT nothing", "column &quot;nothing&quot; does not exist"),
        ("SELECT pg_sleep(9)::text", "no answer within 2 s"),
        ("DELETE FROM attempts", "cannot execute DELETE in a read-only transaction"),
    ],
)
async def test_a_question_that_fails_says_why_in_its_box_and_no_other_is_touched(
    boards: dict[str, Json], reader: str, sql: str, says: str
) -> None:
    failures, templates = (_panel(boards[BODY], number) for number in (FAILURES, TEMPLATES))
    failures["targets"][0]["rawSql"] = sql
    answer = await _get(app(boards, Servers(reader)), f"/d/{BODY}", "var-body=geoje")
    page = answer.body.decode()
    assert "답을 얻지 못했습니다" in _box(page, failures)
    assert says in _box(page, failures)
    assert "<tbody><tr>" in _box(page, templates)


async def test_the_language_is_the_browsers(boards: dict[str, Json], reader: str) -> None:
    english = {"accept-language": "en-GB,en;q=0.9,ko;q=0.5"}
    answer = await _get(app(boards, Servers(reader)), "/d/bongsu-wall", **english)
    page = answer.body.decode()
    assert '<html lang="en">' in page
    assert "a preview, not Grafana" in page
    assert "no Prometheus to ask" in page


async def test_what_is_no_look_at_a_board_is_refused(boards: dict[str, Json]) -> None:
    preview = app(boards, Servers())
    assert (await _get(preview, "/")).status == 200
    assert (await _get(preview, "/d/nothing")).status == 404
    assert (await _get(preview, f"/d/{BODY}", "var-body=x%27;--")).status == 400
    assert (await ask(preview, f"/d/{BODY}", HERE)).status == 405  # POST
    assert (await _get(preview, "/", host="rebound.example")).status == 400


async def test_a_server_that_is_away_is_told_in_each_box(boards: dict[str, Json]) -> None:
    servers = Servers("postgresql://a:b@127.0.0.1:9/c", "http://127.0.0.1:9")
    page = (await _get(app(boards, servers), "/d/bongsu-wall")).body.decode()
    for panel in boards["bongsu-wall"]["panels"]:
        assert "답을 얻지 못했습니다: " in _box(page, panel)


@pytest.mark.parametrize("servers", [Servers(), Servers("", "")], ids=["none", "empty"])
async def test_where_no_server_is_named_none_is_asked(
    boards: dict[str, Json], servers: Servers
) -> None:
    page = (await _get(app(boards, servers), "/d/bongsu-wall")).body.decode()
    for panel in boards["bongsu-wall"]["panels"]:
        assert re.search("(Postgres|Prometheus)가 없어 조회할 수 없습니다", _box(page, panel))
        assert "답을 얻지 못했습니다" not in _box(page, panel)


async def test_the_command_writes_pages_that_need_nobody(reader: str, tmp_path: Path) -> None:
    words = ("--postgres", reader, "--board", BODY, "--var", "body=geoje", "--language", "en")
    done = bongsu("dashboards", "preview", "--out", str(tmp_path / "out"), *words, data=tmp_path)
    assert (done.code, done.err) == (0, "")
    page = (tmp_path / "out" / f"{BODY}.html").read_text()
    assert f'href="{BODY}.html"' in page
    assert "bongsu-channel" not in page.partition("<main>")[2]  # of which there is no page
    assert "<script" not in page
    assert 'http-equiv="Content-Security-Policy"' in page
    assert (tmp_path / "out" / "index.html").exists()
    for wrong in (("--board", "y"), ("--var", "body"), ("--from", "tomorrow")):
        assert bongsu("dashboards", "preview", "--out", "x", *wrong, data=tmp_path).code == 2
