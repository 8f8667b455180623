"""The preview of the boards: what it lays out, draws, says and refuses."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.preview import draw, fields, html
from dashboards.preview.answers import NO_PROMETHEUS, Answer, Series, Servers, Shown
from dashboards.preview.files import boards, written
from dashboards.preview.frame import Frame
from dashboards.preview.look import look
from dashboards.preview.page import Pages
from dashboards.preview.serve import AT_ONCE, KEPT_S, Kept
from dashboards.sources import Json

NOW = datetime(2026, 10, 15, 6, 30, tzinfo=UTC)
END = datetime.fromtimestamp(1792043600, UTC)
WALL = boards()["bongsu-wall"]


def _place(address: str) -> str | None:
    return address if address.startswith("/d/") else None


def _frame(board: Json = WALL, query: str = "", **panels: Answer) -> Frame:
    """Of a board on which nothing was found, but for these panels (`p3`)."""
    found = {panel["id"]: panels.get(f"p{panel['id']}", Answer()) for panel in board["panels"]}
    return Frame("ko", _place, Shown(look(board, query, NOW), {}, {}, found, []))


def _panel(number: int, board: str = "bongsu-wall") -> Json:
    found: Json = next(p for p in boards()[board]["panels"] if p["id"] == number)
    return found


def _line(*values: float, **labels: str) -> Series:
    start = NOW.timestamp() - 60 * len(values)
    return Series(
        " ".join(labels.values()), labels, [(start + 60 * n, v) for n, v in enumerate(values)]
    )


def _drawn(panel: Json, answer: Answer, query: str = "") -> str:
    return draw.panel(panel, answer, _frame(query=query))


def test_a_board_is_laid_out_on_the_grid_of_its_file() -> None:
    page = Pages(boards(), live=True).board("bongsu-wall", _frame())
    for panel in WALL["panels"]:
        at = panel["gridPos"]
        assert f'<section class="x{at["x"]} y{at["y"]} w{at["w"]} h{at["h"]}"' in page
        assert f".w{at['w']}{{grid-column-end:span {at['w']}}}" in page
    in_order = [page.index(f">{title}</h2>") for title in ("전체 판정", "채널 상태", "도달률 추이")]
    assert in_order == sorted(in_order)
    assert "미리보기 - Grafana가 아닙니다" in page


def test_a_state_is_a_word_and_a_colour_and_leads_to_its_board() -> None:
    drawn = _drawn(_panel(7), Answer([_line(2, channel="sms"), _line(0, channel="alimtalk")]))
    to = "/d/bongsu-channel?var-channel=alimtalk&amp;from=now-6h&amp;to=now"
    assert f'<li class="b-D55E00"><a href="{to}">' in drawn
    assert "<b>장애</b>" in drawn
    assert "<b>정상</b>" in drawn


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.9871, "percentunit", 2, "98.71 %"), (1.0, "percentunit", None, "100 %"),
        (3.0, "suffix:건", 0, "3건"), (1234.5, "none", None, "1,234.50"),
        (0.25, "reqps", None, "0.25/s"),
        (0.0421, "s", 1, "42 ms"), (12.04, "s", 1, "12.0 s"), (200.0, "s", 0, "3 min 20 s"),
        (90.0, "m", None, "1 h 30 min"), (-125.0, "s", 0, "-2 min 5 s"),
        (90061.0, "s", 0, "1 d 1 h"),
    ],
)  # fmt: skip
def test_a_number_has_its_unit(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert fields.text({"unit": unit, "decimals": decimals}, value) == text


@given(st.floats(0, 1e9), st.sampled_from(["s", "m"]))
def test_a_time_never_grows_by_more_than_half_a_second(value: float, unit: str) -> None:
    widths = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
    words = fields.number(value, unit, None).split()
    told = sum(float(n) * widths[name] for n, name in zip(words[::2], words[1::2], strict=True))
    assert told <= value * (60 if unit == "m" else 1) + 0.5


@pytest.mark.parametrize(
    ("value", "text", "color"),
    [
        (0, "0건", "#0072B2"), (Decimal(2), "2건", "#E69F00"), (7, "7건", "#D55E00"),
        (None, "무자료", "#999999"),
    ],
)  # fmt: skip
def test_a_threshold_colours_a_value_and_nothing_known_is_grey(
    value: Any, text: str, color: str
) -> None:
    config = fields.field(_panel(2), "열린 장애")
    assert (fields.text(config, value), fields.color(config, value)) == (text, color)


def test_a_cell_leads_to_its_incident_with_its_time_and_hides_what_only_links_read() -> None:
    row = {
        "장애": "p:sens@2",
        "부터": "1700000000000",
        "까지": "now",
        "심각도": "1",
        "내용": "<접수되지 않음>",
    }
    drawn = _drawn(_panel(9), Answer(rows=[row]))
    assert (
        '<a href="/d/bongsu-incident?var-incident=p%3Asens%402&amp;from=1700000000000&amp;to=now">'
        in drawn
    )
    assert "부터" not in drawn
    assert '<td class="b-D55E00">1 매우 심각</td>' in drawn
    assert "&lt;접수되지 않음&gt;" in drawn


def test_a_kind_that_is_not_drawn_says_so() -> None:
    panel = _panel(1) | {"type": "gauge"}
    assert "미리보기는 gauge 패널을 그리지 않습니다" in _drawn(panel, Answer([_line(1.0)]))


def test_nothing_found_is_the_boards_word_for_it_and_no_number() -> None:
    for panel in WALL["panels"]:
        assert _drawn(panel, Answer()) == '<p class="note">무자료</p>'


def test_what_fails_says_why_in_its_own_box_and_the_rest_is_shown() -> None:
    answer = Answer([_line(3, channel="sms")], trouble=["Postgres refuses: <no>"])
    drawn = _drawn(_panel(7), answer)
    assert "답을 얻지 못했습니다: Postgres refuses: &lt;no&gt;" in drawn
    assert "sms" in drawn


async def test_where_no_server_is_each_panel_says_so_and_none_shows_a_number() -> None:
    pages = await written(boards(), Servers(), "ko", "", NOW)
    assert set(pages) == {"index.html", *(f"{uid}.html" for uid in boards())}
    assert "Prometheus가 없어 조회할 수 없습니다" in pages["bongsu-wall.html"]
    assert "Postgres가 없어 조회할 수 없습니다" in pages["bongsu-wall.html"]
    assert "<b>" not in pages["bongsu-wall.html"].partition('class="grid"')[2].replace(
        "<b>할 일:</b>", ""
    ).replace("<b>출처:</b>", "")
    assert 'href="bongsu-channel.html"' in pages["index.html"]
    english = await written(boards(), Servers(), "en", "", NOW)
    assert "no Prometheus to ask" in english["bongsu-wall.html"]
    assert '<html lang="en">' in english["bongsu-wall.html"]


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.said += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@given(st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"])))
def test_whatever_is_shown_stays_text(words: str) -> None:
    read = _Texts()
    read.feed(html.tag("p", words, html.tag("a", "x", title=words)))
    read.close()
    assert read.tags == ["p", "a"]
    assert "".join(read.said).count(words) >= 2 or not words


def test_a_line_breaks_where_points_are_missing() -> None:
    line = _line(*[1.0] * 9, channel="sms")
    points = [point for number, point in enumerate(line.points) if number not in (3, 4)]
    whole, holed = (
        _drawn(_panel(11), Answer([Series("sms", line.labels, some)], step=60)).count("M")
        for some in (line.points, points)
    )
    assert holed == whole + 1


@pytest.mark.parametrize(
    ("query", "span", "until"),
    [
        ("", timedelta(hours=6), NOW),
        ("from=now-7d", timedelta(days=7), NOW),
        ("from=1792040000000&to=1792043600000", timedelta(hours=1), END),
        ("from=now-1h&to=1792043600000", timedelta(hours=1), NOW),
    ],
)  # fmt: skip
def test_a_look_is_as_the_address_says(query: str, span: timedelta, until: datetime) -> None:
    seen = look(WALL, query, NOW)
    assert (seen.span, seen.until) == (span, until)


def test_what_was_said_before_is_no_last_word() -> None:
    panel, old, now = _panel(8), NOW.timestamp() - 3600, NOW.timestamp()
    line = Series("sms", {}, [(old, 0.0), (old + 60, 0.0)])
    silent = _drawn(panel, Answer([line], step=60))
    assert "<td>무자료</td>" in silent
    assert silent.count("<rect") == 1  # two points that say the same are one cell
    rounded = Series("sms", {}, [*line.points, (now - 60.0004, 0.0)])
    assert "<td>장애</td>" in _drawn(panel, Answer([rounded], step=60))


def test_the_names_of_incidents_and_components_pass() -> None:
    seen = look(WALL, "var-incident=platform%3Akakaotalk%2Falimtalk%401795954652&var-body=All", NOW)
    assert seen.chosen == {"incident": ["platform:kakaotalk/alimtalk@1795954652"], "body": ["All"]}


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "from=now-9999d",
        "from=now",
        "from=1792043600000&to=1792040000000",
        "var-body=a%27b",
        "var-body=%22%7D",
        "from=now-%EF%BC%91h",
    ],
)
def test_an_address_that_is_none_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        look(WALL, query, NOW)


def test_it_needs_no_package_that_makes_boards() -> None:
    program = "import sys; sys.modules['grafanalib'] = None; import dashboards.preview.__main__"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_no_prometheus_is_no_number() -> None:
    drawn = _drawn(_panel(4), Answer(trouble=[NO_PROMETHEUS]))
    assert drawn == '<p class="trouble">Prometheus가 없어 조회할 수 없습니다</p>'


async def test_a_page_is_made_once_for_all_who_look_and_anew_when_it_is_old() -> None:
    made: list[int] = []
    at, gate = [0.0], asyncio.Event()

    async def make() -> str:
        made.append(len(made))
        await gate.wait()
        return str(made[-1])

    kept = Kept(lambda: at[0])
    viewers = [asyncio.create_task(kept.get("wall", make)) for _ in range(5)]
    await asyncio.sleep(0)
    viewers[0].cancel()  # who goes away takes nothing from the others
    gate.set()
    assert await asyncio.gather(*viewers[1:]) == ["0"] * 4
    at[0] = KEPT_S
    assert await kept.get("wall", make) == "1"


async def test_many_different_pages_are_made_two_at_a_time() -> None:
    running, most = 0, 0

    async def make() -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return ""

    kept = Kept()
    await asyncio.gather(*(kept.get(number, make) for number in range(9)))
    assert most == AT_ONCE
