"""Every shipped path is proven over its own account, and one over a dead dealer is not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.local.stack import Part
from tests.support.chain import Chain, probed, running, shipped, with_routes
from tests.support.waiting import eventually

EVERY_S = 8
PHONES = {f"oncall-{who}-{how}" for who in (1, 2) for how in ("nhn", "sens", "mail")}

pytestmark = pytest.mark.timeout(300)


class Asking(Chain):
    """Asks each path every few seconds."""

    def parts(self) -> list[Part]:
        asked = {"BONGSU_PROOF_EVERY_S": str(EVERY_S)}
        return [
            replace(part, env=part.env | asked) if part.module == "services.alerting" else part
            for part in super().parts()
        ]


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    whole, stack = shipped(), Asking(tmp_path)
    ways = [route for route in probed(whole) if route.channel in ("sms", "email")]
    async with running(stack, with_routes(whole, ways, interval_s=60)):
        yield stack


async def test_paths_are_proven_and_one_over_a_dead_dealer_no_longer(chain: Chain) -> None:
    async def proofs() -> dict[str, Any]:
        return {row["path"]: row for row in await chain.rows("SELECT * FROM path_proof")}

    async def all_seen() -> bool:
        found = await proofs()
        seen = {name for name, row in found.items() if row["how"] == "seen"}
        return seen == PHONES and found["control-room"]["how"] == "returned"

    await eventually(all_seen, within=90)
    told = await chain.samples("alerting-a1")
    shown = {
        dict(labels)["path"]: value
        for (name, labels), value in told.items()
        if name == "bongsu_path_proof_timestamp_seconds"
    }
    assert PHONES | {"control-room", "alertmanager"} == set(shown)

    await chain.world("PUT", "faults", {"component": "provider:nhn", "state": "down"})
    before = await proofs()

    async def only_those_over_sens_go_on() -> bool:
        now = await proofs()
        moved = {name for name in PHONES if now[name]["asked_at"] > before[name]["asked_at"]}
        sens = now["oncall-1-sens"]["proven_at"] > before["oncall-1-sens"]["asked_at"]
        return moved == PHONES and sens and now["oncall-1-nhn"]["detail"] is not None

    await eventually(only_those_over_sens_go_on, within=90)
    asked = (await proofs())["oncall-1-nhn"]
    assert asked["proven_at"] < asked["asked_at"]
    outcomes = await chain.rows("SELECT count(*) FROM attempts WHERE purpose = 'proof' AND counted")
    assert outcomes[0][0] == 0
