"""One worker's network is cut in the simulated world; what the real processes make of it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.chain import Chain, probed, running, shipped, with_routes
from tests.support.waiting import eventually

INTERVAL_S, LATE_S = 3, 8
SOON_S = 60

pytestmark = pytest.mark.timeout(180)


async def test_a_worker_without_a_network_voids_its_own_probes_and_no_others(
    tmp_path: Path,
) -> None:
    chain, whole = Chain(tmp_path), shipped()
    catalogue = with_routes(whole, probed(whole), interval_s=INTERVAL_S, late_s=LATE_S)

    async def verdicts(worker: str, since: datetime) -> set[tuple[str, str]]:
        found = await chain.rows(
            "SELECT DISTINCT outcome, reason FROM attempts"
            " WHERE worker = $1 AND sent_at > $2 AND outcome IS NOT NULL",
            worker, since,
        )  # fmt: skip
        return {(row["outcome"], row["reason"]) for row in found}

    async with running(chain, catalogue):
        await chain.world("PUT", "faults", {"component": "worker:w1", "state": "down"})
        cut = chain.kill("probe-w1")
        (w1,) = (part for part in chain.parts() if part.name == "probe-w1")
        chain.start_part(replace(w1, instance="w3"))  # nobody has ever answered this one

        async def told_apart() -> bool:
            others = {outcome for outcome, _ in await verdicts("w2", cut)}
            assert others.isdisjoint({"void", "rejected"})
            return "delivered" in others and await verdicts("w3", cut) == {("void", "own_network")}

        await eventually(told_apart, within=SOON_S, every=0.5)
        await chain.world("DELETE", "faults")
        repaired = datetime.now(UTC)

        async def back() -> bool:
            return ("delivered", "in_time") in await verdicts("w3", repaired)

        await eventually(back, within=SOON_S, every=0.5)
