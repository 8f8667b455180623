"""Posts in observed channels: the newest of each member, whatever comes when and how often."""

import random
from datetime import timedelta
from uuid import UUID

from services.alerting.storing.pipeline import Batch, apply_batch
from services.contracts.catalogue import KINDS, build
from services.storage import sink, status
from services.storage.pool import Connection
from tests.integration.alerting.scene import stored
from tests.support import builders
from tests.support.builders import MINUTE, SECOND, SLOT

ROUTE = "moel.openchat.none"


async def test_the_newest_post_of_each_member_stays_in_any_order_and_repetition(
    conn: Connection,
) -> None:
    posts = [
        builders.a_post(receiver=receiver, observed_min=SLOT + number * MINUTE)
        for receiver in ("skt-1", "kt-1")
        for number in range(5)
    ]
    mixed = [*posts, *posts]
    random.Random(7).shuffle(mixed)
    for start in range(0, len(mixed), 4):
        async with conn.transaction():
            records = tuple(map(stored, mixed[start:][:4]))
            await apply_batch(conn, Batch(records, ()))

    rows = await conn.fetch("SELECT receiver, last_seen_at FROM observed_last ORDER BY receiver")
    newest = SLOT + 4 * MINUTE + SECOND
    assert [tuple(row) for row in rows] == [("kt-1", newest), ("skt-1", newest)]
    assert await conn.fetchval("SELECT count(*) FROM evidence") == len(posts)
    assert await conn.fetchval("SELECT count(*) FROM attempts") == 0
    observers = await conn.fetch("SELECT DISTINCT source FROM liveness ORDER BY source")
    assert [row["source"] for row in observers] == [
        "observer/kt-1/smsforwarder", "observer/skt-1/smsforwarder",
    ]  # fmt: skip


async def test_status_counts_members_that_saw_a_post_lately_and_tells_since_when_it_is_watched(
    conn: Connection,
) -> None:
    async with conn.transaction():
        await _apply_twice(conn)
        await sink.touch_observed(
            conn,
            [
                sink.Post(ROUTE, "skt-1", SLOT - MINUTE, SLOT),
                sink.Post(ROUTE, "kt-1", SLOT + MINUTE, SLOT + MINUTE),
            ],
        )
    watched = (ROUTE, SLOT + timedelta(hours=1), SLOT + MINUTE, 1)
    assert await status.observed_since(conn, SLOT) == [watched]


async def test_a_room_that_nobody_ever_heard_is_watched_all_the_same(conn: Connection) -> None:
    async with conn.transaction():
        await _apply_twice(conn)
    watched = (ROUTE, SLOT + timedelta(hours=1), None, 0)
    assert await status.observed_since(conn, SLOT) == [watched]


async def test_boards_see_every_member_also_one_that_never_saw_a_post(conn: Connection) -> None:
    async with conn.transaction():
        await _apply_twice(conn)
        await sink.touch_observed(conn, [sink.Post(ROUTE, "skt-1", SLOT, SLOT)])

    rows = await conn.fetch("SELECT * FROM dash.observed ORDER BY receiver")
    assert [tuple(row) for row in rows] == [
        ("moel", "openchat", "kt-1", None, 300, ROUTE),
        ("moel", "openchat", "skt-1", SLOT, 300, ROUTE),
    ]


async def _apply_twice(conn: Connection) -> None:
    """A catalogue with one observed route, an hour and two hours after SLOT."""
    route = KINDS["route"].model_validate(
        {
            "id": ROUTE, "body": "moel", "notice": "accident", "channel": "openchat",
            "adapter": "none", "account": "none", "sender": "moel-openchat",
            "platform": "kakaotalk", "receivers": ["skt-1", "kt-1"], "expected_within_s": 300,
        }
    )  # fmt: skip
    for number in (1, 2):
        known_at = SLOT + timedelta(hours=number)
        await sink.store_catalogue(conn, build(UUID(int=number), [("route", route)]), "a", known_at)
