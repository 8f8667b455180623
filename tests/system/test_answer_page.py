"""The page behind a link, on a phone: read without scrolling sideways, answered with one thumb."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.alerting.answers import links
from services.alerting.metrics import Metrics
from services.local.kafka import free_ports
from services.runtime.serve import serve
from services.storage import incidents
from services.storage.pool import Connection, Pool
from tests.support.browser import HEIGHT, WIDTH, Phone
from tests.support.fixtures import conn, database, pool
from tests.support.incidents import an_incident
from tests.support.paged import page_of, people_in_force
from tests.support.waiting import eventually

__all__ = ["conn", "database", "pool"]
THUMB = 48  # pixels of CSS that a thumb hits
LONG = an_incident(
    id="provider:sens@2", component="provider:sens", severity=1,
    title_ko="중계사 네이버 클라우드 플랫폼 SENS: 접수되지 않음",
    title_en="provider Naver Cloud Platform Simple & Easy Notification Service: not accepted",
)  # fmt: skip
SAID = {"ko": ("확인", "확인했습니다"), "en": ("Acknowledge", "Acknowledged.")}


@pytest.fixture
async def address(pool: Pool) -> AsyncIterator[str]:
    """Of the port of links."""
    (port,), stopping = free_ports(1), asyncio.Event()
    door = links.app(pool, Metrics(CollectorRegistry()))
    serving = asyncio.create_task(serve(door, "127.0.0.1", port, stopping))
    yield f"http://127.0.0.1:{port}"
    stopping.set()
    await serving


@pytest.mark.parametrize("language", ["ko", "en"])
async def test_a_page_is_read_and_acknowledged_with_one_thumb(
    browser: Phone, address: str, conn: Connection, tmp_path: Path, language: str
) -> None:
    def keep(name: str, picture: bytes) -> None:
        (tmp_path / f"{name}-{language}.png").write_bytes(picture)

    await people_in_force(conn, language="ko")
    _, token = await page_of(conn, an_incident(), LONG)
    await browser.open(f"{address}/a/{token}")
    if language == "en":
        await browser.tap("header a")
        await eventually(lambda: browser.value("document.documentElement.lang === 'en'"), within=10)
    keep("open", await browser.picture())
    assert await browser.value("document.documentElement.scrollWidth") <= WIDTH
    button = await browser.box("button")
    assert button["height"] >= THUMB
    assert button["width"] >= WIDTH / 2
    assert HEIGHT / 2 < button["top"] < button["bottom"] <= HEIGHT
    assert (await browser.box("header a"))["height"] >= THUMB
    assert await browser.value("document.querySelector('button').innerText") == SAID[language][0]
    # The policy lets the page's own style through.
    assert "198, 40, 40" in await browser.value(
        "getComputedStyle(document.querySelector('button')).backgroundColor"
    )
    assert await conn.fetchval("SELECT count(*) FROM incident_ack") == 0

    await browser.tap("button")
    said = f"document.body.innerText.includes('{SAID[language][1]}')"
    await eventually(lambda: browser.value(said), within=10)
    keep("acknowledged", await browser.picture())
    assert await browser.value("document.querySelector('button')") is None
    assert await conn.fetchval("SELECT count(*) FROM incident_ack") == 2

    await browser.open(f"{address}/a/{token}?lang={language}")
    keep("used", await browser.picture())
    assert await browser.value("document.querySelector('button')") is None
    # The browser asks for an icon by itself, which is answered like everything else.
    assert [line for line in browser.complaints if "404" not in line] == []


@pytest.mark.parametrize(("language", "says"), [("ko", "다시 발생"), ("en", "broken again")])
async def test_the_link_of_an_earlier_opening_says_so_on_a_phone(
    browser: Phone, address: str, conn: Connection, tmp_path: Path, language: str, says: str
) -> None:
    await people_in_force(conn)
    _, token = await page_of(conn, LONG)
    await incidents.put(conn, LONG._replace(reopened=1))
    await browser.open(f"{address}/a/{token}?lang={language}")
    (tmp_path / f"earlier-{language}.png").write_bytes(await browser.picture())
    assert await browser.value("document.documentElement.scrollWidth") <= WIDTH
    assert says in await browser.value("document.body.innerText")
    assert await browser.value("document.querySelector('button')") is None
