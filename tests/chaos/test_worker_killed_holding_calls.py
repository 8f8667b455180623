"""The only worker dies while its provider holds calls: what nobody answered is said to be unknown.

Invariant: each slot is announced and sent at most once, whatever dies; a call without an answer is
`delivered` where a device saw the message, and `unknown` (no fault of anybody) where none did.
"""

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from services.contracts.catalogue import Catalogue
from services.local.stack import Part
from services.storage import rows
from services.storage.pool import Row
from tests.support.chain import Chain, calling_nobody, running, shipped, with_routes
from tests.support.waiting import eventually

HELD = 20
DELIVERED = 10
ROUTES = 24
INTERVAL_S = 4
LATE_S = 12

pytestmark = pytest.mark.timeout(180)


class OneWorker(Chain):
    """One process of each kind."""

    def parts(self) -> list[Part]:
        return [part for part in super().parts() if part.instance != "w2"]


def more_routes_than_calls_at_once() -> Catalogue:
    """24 SMS routes on an account that allows 20 calls at once: exactly 20 are held."""
    catalogue = calling_nobody(shipped())
    sms = catalogue.routes["geoje.sms.sens"]
    assert catalogue.accounts[sms.account].concurrency == HELD
    routes = [sms.model_copy(update={"id": f"{sms.id}.r{n:02}"}) for n in range(ROUTES)]
    return with_routes(catalogue, routes, interval_s=INTERVAL_S, late_s=LATE_S)


async def seen_routes(chain: Chain, since: datetime) -> int:
    """How many routes have a probe sent since then that a device saw."""
    found = await chain.rows(
        "SELECT count(DISTINCT route) FROM attempts WHERE sent_at > $1 AND seen_at IS NOT NULL",
        since,
    )
    return int(found[0]["count"])


async def unanswered(chain: Chain, until: datetime) -> list[Row]:
    """What was announced until then and never answered, once all of it is settled; else empty."""
    found = await chain.rows(
        "SELECT * FROM attempts WHERE sent_at <= $1 AND answer_event IS NULL", until
    )
    return found if all(row["outcome"] for row in found) else []


async def test_ten_of_twenty_held_calls_are_delivered_ten_unknown_and_no_slot_is_sent_twice(
    tmp_path: Path,
) -> None:
    chain, catalogue = OneWorker(tmp_path), more_routes_than_calls_at_once()
    async with running(chain, catalogue):

        async def held() -> bool:
            return bool((await chain.world("GET", "hold"))["held"] == HELD)

        await eventually(
            lambda: chain.rows("SELECT 1 FROM attempts WHERE seen_at > '-infinity'"), 30
        )
        await chain.world("POST", "hold", {})
        await eventually(held, within=10)

        killed = chain.kill("probe-w1")
        carried = await chain.world("POST", "deliver", {"count": DELIVERED})
        assert carried == {"carried": DELIVERED, "dropped": HELD - DELIVERED}
        await chain.world("POST", "release", {})
        restarted = chain.restart("probe-w1")

        async def goes_on() -> bool:
            return await seen_routes(chain, restarted) == ROUTES

        await eventually(goes_on, within=40, every=0.5)
        settled = await eventually(lambda: unanswered(chain, killed), within=30, every=0.5)

        assert Counter((row["outcome"], row["reason"]) for row in settled) == {
            ("delivered", "in_time"): DELIVERED,
            ("unknown", "no_answer"): HELD - DELIVERED,
        }
        assert all(rows.attempt_of(row).surplus() == 0 for row in settled)
        await nothing_was_sent_twice(chain)


async def nothing_was_sent_twice(chain: Chain) -> None:
    (counts,) = await chain.rows(
        "SELECT count(*) AS attempts, sum(sends) AS sends, max(sends) AS most,"
        " count(DISTINCT (route, slot)) AS slots,"
        " (SELECT count(*) FROM evidence WHERE kind = 'probe.sent') AS announced"
        " FROM attempts WHERE sent_event IS NOT NULL"
    )
    assert counts["most"] == 1
    assert counts["attempts"] == counts["sends"] == counts["slots"] == counts["announced"]
