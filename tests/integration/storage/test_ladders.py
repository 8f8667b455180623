"""Drills as stored: read back, judged, the newest first."""

from services.contracts.ladder import Drill
from services.contracts.outcome import Verdict
from services.contracts.vocabulary import Outcome, Purpose
from services.storage import sweep
from services.storage.pool import Connection
from services.storage.status import drills_since
from services.storage.sweep import Settling
from tests.integration.storage.storing import PARTITION, store
from tests.support import builders
from tests.support.builders import MINUTE, SLOT

DIGEST = "5f" * 32


async def test_drills_are_read_back_with_what_they_show_the_newest_first(conn: Connection) -> None:
    old, new = (
        builders.a_probe_sent(
            slot=SLOT + number * MINUTE, purpose=Purpose.DRILL,
            substitute_sender="eumseong-lms", substitute_digest=DIGEST,
        )
        for number in range(2)
    )  # fmt: skip
    scheduled = builders.a_probe_sent(slot=SLOT + 2 * MINUTE)
    seen = builders.a_sighting(
        old, leg=1, observer="android-sms-gateway", text_digest=DIGEST, senders=("eumseong-lms",)
    )
    tried = builders.a_report(old, leg=1)
    async with conn.transaction():
        await store(conn, [old, new, scheduled, tried, seen])
    due = await sweep.due(conn, {PARTITION: old.seen_due}, 100)
    verdict = Verdict(Outcome.FAILOVER, "substitute")
    await sweep.settle(conn, [Settling(row, verdict, SLOT) for row in due])

    waiting, shown = await drills_since(conn, SLOT)

    assert (waiting.sent_at, waiting.settled, waiting.shows) == (new.sent_at, False, Drill())
    assert (shown.sent_at, shown.settled) == (old.sent_at, True)
    assert shown.shows == Drill(
        fired=True, arrived=True, in_time=True, once=True, whole=True, right_sender=True
    )
    assert await drills_since(conn, SLOT + 5 * MINUTE) == []
