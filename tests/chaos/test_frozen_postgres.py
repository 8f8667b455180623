"""Postgres stands still with its sockets open, while an incident is open and pages are under way.

Real Kafka, Postgres and process of alerting. Invariant: nothing waits for Postgres without an end;
Alertmanager is told anew of what is open before it would forget; and once Postgres goes on, every
page reaches who it is for, under one key.
"""

import asyncio
import itertools
import json
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from services.storage.pool import transaction
from tests.integration.alerting.running import Process
from tests.support.calling import NOTICED_S, Scene, calling
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(400)
FROZEN_S, LASTS_S = 70, 20  # an alert would be forgotten three times
ANSWERS_WITHIN_S, KNOWN_WITHIN_S, BACK_WITHIN_S = 5, 20, 60
SETTINGS = {"PAGE_LEASE_S": "5", "ALERT_AGAIN_S": "1", "ALERT_LASTS_S": str(LASTS_S)}


async def test_nothing_waits_for_a_postgres_that_stands_still_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    """Kim's phone has the page and answers only then; the room takes none until it is over; Lee is
    to be called meanwhile."""
    async with calling(tmp_path, "one", **SETTINGS) as scene:
        answers, taker, one = asyncio.Event(), scene.taker, scene.instances["one"]
        taker.holds = lambda path: answers.wait() if path == "kim-a" else None
        taker.answers = lambda path, _: (503 if path == "room" else 200, None)
        await scene.breaks()
        await eventually(lambda: {"kim-a", "room"} <= {path for path, _ in taker.asked}, NOTICED_S)
        name = (await scene.row()).id
        await eventually(lambda: len(scene.alerts) > 2, within=10)

        with scene.frozen():
            answers.set()
            await _lives(one, FROZEN_S)
            assert scene.alerts[-1].ends_at.timestamp() > time.time()
        taker.answers = lambda *_: (200, None)

        await eventually(one.ready, within=BACK_WITHIN_S)
        await eventually(lambda: scene.told("lee-a", "escalated"), within=BACK_WITHIN_S)
        await eventually(lambda: _all_taken(scene), within=BACK_WITHIN_S)
        await scene.say("close", "mended")
        for path in ("kim-a", "lee-a", "room"):
            await eventually(lambda path=path: scene.told(path, "cleared"), within=30)  # type: ignore[misc]
    assert _gaps(scene, name) == []
    keys = defaultdict(set)
    for path, page in taker.taken:
        keys[path, page.type].add((page.data.page, page.data.dedup_key))
    assert {len(found) for found in keys.values()} == {1}


async def _lives(one: Process, seconds: float) -> None:
    """It answers, at once, for so long, and says soon that Postgres does not."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            assert await one.alive()
            status, why = await one.ask("/readyz")
        if time.monotonic() - began > KNOWN_WITHIN_S:
            assert (status, json.loads(why).get("postgres")) == (503, "no answer")
        await asyncio.sleep(0.7)


async def _all_taken(scene: Scene) -> bool:
    async with transaction(scene.pool) as conn:
        return not await conn.fetchval("SELECT count(*) FROM page WHERE accepted_at IS NULL")


def _gaps(scene: Scene, incident: str) -> list[tuple[datetime, datetime]]:
    """When Alertmanager had forgotten it while it was open, and was told anew."""
    told = [one for one in scene.alerts if one.incident == incident and one.ends_at > one.at]
    pairs = itertools.pairwise(told)
    return [(before.ends_at, after.at) for before, after in pairs if before.ends_at < after.at]
