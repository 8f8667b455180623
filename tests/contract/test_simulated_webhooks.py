"""Webhooks of the simulated world are bounded: in number, in tries, in time."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from simulators import webhooks
from simulators.webhooks import Webhook, Webhooks
from tests.support.waiting import eventually

PATH = "/reports/telling/teller"


def a_webhook() -> Webhook:
    return Webhook(PATH, {"X-Word": "a word"}, lambda: {"hooks": []}, datetime.now(UTC))


def test_what_does_not_fit_is_dropped_and_said() -> None:
    waiting = Webhooks("http://127.0.0.1:9")
    with capture_logs() as said:
        for _ in range(webhooks.QUEUE_LIMIT + 2):
            waiting.tell(a_webhook())
    assert [line["path"] for line in said] == [PATH, PATH]


@pytest.mark.parametrize("status", [302, 401, 503])
async def test_who_never_takes_it_is_asked_a_few_times_only(status: int) -> None:
    asked, stop, app = [], asyncio.Event(), web.Application()

    async def refuse(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": PATH})

    app.router.add_post(PATH, refuse)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    told = Webhooks(site.name, first_pause_s=0.01)
    serving = asyncio.create_task(told.serve(stop))
    with capture_logs() as said:
        told.tell(a_webhook())
        await eventually(lambda: said, within=5)
    stop.set()
    await asyncio.wait_for(serving, 2)
    await runner.cleanup()
    assert asked == [PATH] * webhooks.TRIES
