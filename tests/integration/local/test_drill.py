"""A drill of a ladder through real servers: a phone without KakaoTalk must get the substitute."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.contracts.catalogue import LadderProbe
from services.contracts.ladder import Drill
from services.contracts.vocabulary import Channel
from services.storage.pool import open_pool, transaction
from services.storage.status import DrillStatus, drills_since
from tests.support.chain import Chain, running, shipped, with_routes
from tests.support.waiting import eventually

EVERY_S, OWN_LATE_S, SPARE_LATE_S = 10, 4, 8
GOOD = Drill(fired=True, arrived=True, in_time=True, once=True, whole=True, right_sender=True)

pytestmark = pytest.mark.timeout(180)


async def test_a_drill_shows_that_the_substitute_comes_and_that_a_broken_carrier_keeps_it(
    tmp_path: Path,
) -> None:
    chain, catalogue = Chain(tmp_path), shipped()
    route = catalogue.routes["eumseong.alimtalk.sens"]
    assert route.failover is not None
    assert route.ladder_probe is not None
    drilled = route.ladder_probe.receiver
    spare = catalogue.channels[Channel(route.failover.channel)]
    channels = catalogue.channels | {spare.id: spare.model_copy(update={"late_s": SPARE_LATE_S})}
    catalogue = with_routes(
        catalogue.model_copy(update={"channels": channels}), [route], late_s=OWN_LATE_S,
        ladder_probe=LadderProbe(receiver=drilled, every_s=EVERY_S),
    )  # fmt: skip

    async def drills(since: datetime) -> list[DrillStatus]:
        async with (
            open_pool(chain.dsn("report"), role_label="test", max_size=1) as pool,
            transaction(pool) as conn,
        ):
            found = await drills_since(conn, since - timedelta(minutes=1))
        return [drill for drill in found if drill.sent_at > since and drill.settled]

    async with running(chain, catalogue):
        began = datetime.now(UTC)

        async def shown() -> bool:
            return any(drill.shows == GOOD for drill in await drills(began))

        await eventually(shown, within=60)
        fault = {"component": "carrier:skt", "state": "refusing", "function": spare.id}
        await chain.world("PUT", "faults", fault)
        broken = datetime.now(UTC)

        async def not_arrived() -> bool:
            found = await drills(broken)
            return any(d.shows == Drill(fired=True, arrived=False) for d in found)

        await eventually(not_arrived, within=60)
        boards = await chain.rows("SELECT DISTINCT receiver FROM dash.probe")
        assert drilled not in {row["receiver"] for row in boards}
        told = await chain.samples("alerting-a1")
        counted = {
            dict(labels)["outcome"]
            for (name, labels), value in told.items()
            if name == "bongsu_probe_outcome_total" and value
        }
        assert "failover" not in counted
