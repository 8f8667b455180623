"""A headless Chromium as a phone: it is told over its debugging protocol what to open and tap."""

import asyncio
import base64
import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.waiting import eventually

WIDTH, HEIGHT = 390, 844
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
    "--disable-dev-shm-usage", "--remote-debugging-port=0",
)  # fmt: skip


class Phone:
    """One page, 390 by 844."""

    def __init__(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        self._wire, self._numbers = wire, itertools.count(1)
        self.complaints: list[str] = []  # what the browser refused or missed

    async def ask(self, method: str, **given: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        number = next(self._numbers)
        await self._wire.send_json({"id": number, "method": method, "params": given})
        async with asyncio.timeout(30):
            while True:
                told = await self._wire.receive_json()
                if told.get("method") == "Log.entryAdded":
                    self.complaints.append(told["params"]["entry"]["text"])
                if told.get("id") == number:
                    assert "error" not in told, told
                    found: dict[str, Any] = told["result"]
                    return found

    async def open(self, url: str) -> None:
        """Until it is shown."""
        await self.ask("Page.navigate", url=url)
        await eventually(lambda: self.value("document.readyState === 'complete'"), within=20)

    async def value(self, expression: str) -> Any:
        """What an expression is on the page."""
        found = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    async def tap(self, selector: str) -> None:
        """A thumb in the middle of an element."""
        box = await self.box(selector)
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        await self.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[at])
        await self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def box(self, selector: str) -> dict[str, float]:
        """Where an element is."""
        found: dict[str, float] = await self.value(
            f"document.querySelector({selector!r}).getBoundingClientRect().toJSON()"
        )
        return found

    async def picture(self) -> bytes:
        """A screenshot, as PNG."""
        found = await self.ask("Page.captureScreenshot", format="png")
        return base64.b64decode(found["data"])


@contextlib.asynccontextmanager
async def phone(folder: Path) -> AsyncIterator[Phone]:
    """A started browser; nothing of it is left afterwards."""
    child = await asyncio.create_subprocess_exec(
        "chromium", *_FLAGS, f"--user-data-dir={folder}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    told = folder / "DevToolsActivePort"
    try:
        port, _ = await eventually(lambda: _read(told).split(), within=60)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            async with session.get("/json") as answer:
                pages = [one for one in await answer.json() if one["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as wire:
                yield await _held(Phone(wire))
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Phone]:
    """A phone for one test."""
    async with phone(tmp_path / "profile") as made:
        yield made


async def _held(made: Phone) -> Phone:
    size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 2, "mobile": True}
    await made.ask("Page.enable")
    await made.ask("Log.enable")
    await made.ask("Emulation.setDeviceMetricsOverride", **size)
    await made.ask("Emulation.setTouchEmulationEnabled", enabled=True)
    return made


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
