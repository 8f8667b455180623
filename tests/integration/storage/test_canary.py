"""What the dead man's switch asks: the newest canary, the furthest partition, the leader's tick."""

from services.storage import canary, leader, sink
from services.storage.canary import Marks
from services.storage.pool import Pool, transaction
from services.storage.sink import Sign
from tests.support.builders import MINUTE, SECOND, SLOT

TOPICS = ("t.evidence", "t.heartbeats")


async def test_before_anything_was_done_there_is_no_mark(pool: Pool) -> None:
    async with transaction(pool) as conn:
        assert await canary.marks(conn, TOPICS) == Marks(None, None, None)


async def test_the_oldest_page_that_nobody_took_is_told_and_one_given_up_is_not(pool: Pool) -> None:
    async with transaction(pool) as conn:
        assert await canary.unsent_since(conn) is None
        for minutes, taken, given_up in (
            (0, SLOT, None),
            (1, None, SLOT),
            (3, None, None),
            (2, None, None),
        ):
            await conn.execute(
                "INSERT INTO page (id, kind, recipient, due_at, accepted_at, given_up_at)"
                " VALUES ($1, 'opened', 'person:a', $2, $3, $4)",
                str(minutes), SLOT + minutes * MINUTE, taken, given_up,
            )  # fmt: skip
        assert await canary.unsent_since(conn) == SLOT + 2 * MINUTE


async def test_the_newest_canary_the_partition_furthest_behind_and_the_last_tick_are_told(
    pool: Pool,
) -> None:
    async with transaction(pool) as conn:
        signs = [Sign("canary", SLOT, SLOT + n * MINUTE) for n in (2, 0, 1)]
        await sink.touch_liveness(conn, [*signs, Sign("worker/w1", SLOT, SLOT + 9 * MINUTE)])
        for topic, partition, until in (
            ("t.evidence", 0, SLOT + 8 * SECOND),
            ("t.evidence", 1, SLOT + 5 * SECOND),
            ("t.heartbeats", 0, SLOT + 7 * SECOND),
            ("other.evidence", 0, SLOT),
        ):
            await sink.move_offset(conn, topic, partition, None, 1, until)
        await leader.hold(conn, await leader.begin_epoch(conn, "a1"), SLOT + SECOND)
        expected = Marks(SLOT + 2 * MINUTE, SLOT + 5 * SECOND, SLOT + SECOND)
        assert await canary.marks(conn, TOPICS) == expected
