"""The preview of the boards in a browser: by keyboard, on a phone, refreshed under one's hands."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dashboards.preview import files
from dashboards.preview.answers import Servers
from dashboards.preview.serve import app
from services.local.child import answers
from services.local.kafka import free_ports
from services.runtime.serve import serve
from tests.integration.dashboards.conftest import filled, initialised, now, reader, reader_of
from tests.support.browser import WIDTH, Phone
from tests.support.waiting import eventually

__all__ = ["filled", "initialised", "now", "reader", "reader_of"]
BOARDS = sorted(files.boards())
FOCUSED = "(document.activeElement.innerText || document.activeElement.name || '').trim()"
WIDE = {"width": 1400, "height": 900, "deviceScaleFactor": 1, "mobile": False}


@pytest.fixture
def stopping() -> asyncio.Event:
    """Set, it ends the preview."""
    return asyncio.Event()


@pytest.fixture
async def address(reader: str, stopping: asyncio.Event) -> AsyncIterator[str]:
    """Of a preview with a day of probes and no Prometheus."""
    (port,) = free_ports(1)
    preview = app(files.boards(), Servers(reader))
    serving = asyncio.create_task(serve(preview, "127.0.0.1", port, stopping))
    await eventually(lambda: answers(port), within=10)
    yield f"http://127.0.0.1:{port}"
    stopping.set()
    await serving


async def _tab(browser: Phone) -> str:
    key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
    await browser.ask("Input.dispatchKeyEvent", type="keyDown", **key)
    await browser.ask("Input.dispatchKeyEvent", type="keyUp", **key)
    return str(await browser.value(FOCUSED))


async def test_every_board_fits_a_phone_and_the_browser_complains_of_nothing(
    browser: Phone, address: str, tmp_path: Path
) -> None:
    for uid in BOARDS:
        await browser.open(f"{address}/d/{uid}")
        (tmp_path / f"{uid}.png").write_bytes(await browser.picture())
        assert await browser.value("document.documentElement.scrollWidth") <= WIDTH, uid
        boxes = "[...document.querySelectorAll('section')].map(one => one.getBoundingClientRect())"
        edges = await browser.value(f"{boxes}.map(one => one.x + one.width)")
        assert max(edges) <= WIDTH, uid
        tops = await browser.value(f"{boxes}.map(one => one.top)")
        assert tops == sorted(tops), uid  # below each other, in the board's order
    assert browser.complaints == []


async def test_on_a_wide_screen_no_box_covers_another(browser: Phone, address: str) -> None:
    await browser.ask("Emulation.setDeviceMetricsOverride", **WIDE)
    covered = """(() => {
        const boxes = [...document.querySelectorAll('section')].map(s => s.getBoundingClientRect());
        return boxes.flatMap((a, n) => boxes.slice(n + 1).filter(b =>
            a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length;
    })()"""
    for uid in BOARDS:
        await browser.open(f"{address}/d/{uid}")
        assert await browser.value(covered) == 0, uid
        assert await browser.value("document.documentElement.scrollWidth") <= WIDE["width"], uid


async def test_the_keyboard_walks_from_the_skip_link_to_the_choices_and_the_panels(
    browser: Phone, address: str
) -> None:
    await browser.ask("Emulation.setDeviceMetricsOverride", **WIDE)
    await browser.open(f"{address}/d/bongsu-body?var-body=geoje")
    walked = [await _tab(browser) for _ in range(len(BOARDS) + 5)]
    assert walked[0] in ("본문으로", "Skip to the panels")
    assert walked[1 : len(BOARDS) + 1] == [files.boards()[uid]["title"] for uid in BOARDS]
    names = await browser.value("[...document.forms[0].elements].map(one => one.name)")
    assert names[:3] == ["from", "var-body", "var-channel"]
    assert await browser.value("document.activeElement.tagName") == "BUTTON"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert await browser.value(outline) == "solid"
    assert await _tab(browser) == "?"  # what the first panel is
    assert await browser.value("document.activeElement.tagName") == "SUMMARY"


async def test_a_refresh_brings_new_answers_and_leaves_the_focus_where_it_is(
    browser: Phone, address: str
) -> None:
    await browser.open(f"{address}/d/bongsu-body?var-body=geoje")
    links = "[...document.querySelectorAll('#panels td a')]"
    at = await browser.value(f"{links}[3].focus(), {links}[3].getAttribute('href')")
    before = await browser.value("document.getElementById('as-of').innerText")
    changed = f"document.getElementById('as-of').innerText !== {before!r}"
    await eventually(lambda: browser.value(changed), within=30)
    assert await browser.value("document.activeElement.getAttribute('href')") == at
    assert await browser.value("document.getElementById('stale').hidden")
    assert browser.complaints == []


async def test_when_nobody_answers_any_more_the_page_says_that_its_values_are_old(
    browser: Phone, address: str, stopping: asyncio.Event
) -> None:
    await browser.open(f"{address}/d/bongsu-wall")
    assert await browser.value("document.getElementById('stale').hidden")
    stopping.set()
    shown = "document.getElementById('stale').getBoundingClientRect().height > 0"
    await eventually(lambda: browser.value(shown), within=30)
    assert await browser.value("document.querySelectorAll('section').length") > 10
