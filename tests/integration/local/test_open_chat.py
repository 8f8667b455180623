"""An open chat room in the simulated world, watched by members' phones through real servers."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.cli import table
from services.storage.pool import open_pool, transaction
from services.storage.status import observed_since
from tests.support.chain import Chain, running, shipped, with_routes
from tests.support.waiting import eventually

EVERY_S, EXPECTED_S = 2, 6

pytestmark = pytest.mark.timeout(150)


async def test_a_room_is_seen_by_every_member_turns_quiet_when_open_chat_breaks_and_comes_back(
    tmp_path: Path,
) -> None:
    chain, all_routes = Chain(tmp_path), shipped()
    room, sent = (all_routes.routes[f"moel.{name}"] for name in ("openchat.none", "sms.sens"))
    silent_soon = room.model_copy(update={"interval_s": EVERY_S, "expected_within_s": EXPECTED_S})
    catalogue = with_routes(all_routes, [silent_soon, sent])
    started = datetime.now(UTC)

    async def line() -> table.Line:
        async with (
            open_pool(chain.dsn("report"), role_label="test", max_size=1) as pool,
            transaction(pool) as conn,
        ):
            posts = await observed_since(conn, started)
        watched, _ = table.lines(catalogue, [], posts, datetime.now(UTC))
        return watched

    async def seen_by_all() -> bool:
        post = (await line()).post
        return post is not None and post.seen == len(room.receivers)

    async def quiet() -> bool:
        return (await line()).quiet

    async def speaking() -> bool:
        return not (await line()).quiet

    async with running(chain, catalogue):
        await eventually(seen_by_all, within=30)
        await eventually(speaking, within=10)
        fault = {"component": "platform:kakaotalk", "state": "down", "function": "openchat"}
        await chain.world("PUT", "faults", fault)
        await eventually(quiet, within=30)
        await chain.world("DELETE", "faults")
        await eventually(speaking, within=30)
        probed = await chain.rows("SELECT DISTINCT route FROM attempts")
        assert {row["route"] for row in probed} <= {sent.id}
        boards = await chain.rows(
            "SELECT receiver FROM dash.observed WHERE last_seen_at > $1", started
        )
        assert {row["receiver"] for row in boards} == set(room.receivers)
