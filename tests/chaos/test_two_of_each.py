"""Two processes of each kind; one of each dies at once, and nobody outside should notice.

Invariants:
1. Within 15 s of the kill every route has a probe that was sent after the kill, seen by a device
   and stored: slots, receipts and storing all have moved to the survivors.
2. For every channel, provider, carrier, body and outcome: `bongsu_probe_outcome_total`, summed over
   the survivor's last value and the dead one's last scrape, is the number of settled and counted
   scheduled attempts in Postgres. Counters move after the commit, so the dead one is scraped and
   killed between two rounds of its sweep: nothing that it committed is uncounted then. An attempt
   that late evidence settled anew keeps its first outcome in the counter; here phones repeat within
   the due time, so there is none.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from signal import SIGTERM

import pytest

from services.alerting.storing import sweep
from services.contracts.catalogue import Catalogue
from services.local.child import HOST
from services.local.kafka import free_ports
from services.local.stack import Part
from tests.support.chain import (
    Chain,
    Samples,
    calling_nobody,
    probed,
    running,
    shipped,
    with_routes,
)
from tests.support.faults import balanced
from tests.support.waiting import eventually

INTERVAL_S = 2
LATE_S = 8
GOES_ON_WITHIN_S = 15
LABELS = ("channel", "provider", "carrier", "body", "outcome")
OUTCOMES = "bongsu_probe_outcome_total"
# Receivers take turns: the route still reaches most of them.
REFUSING_SOME = {"component": "sender:geoje-sms", "state": "refusing", "share": 0.17}
SWEPT = ("bongsu_selfcheck_timestamp_seconds", frozenset({("check", "swept")}))
STOP_S = 11.0

pytestmark = pytest.mark.timeout(420)


class TwoOfEach(Chain):
    """Two alertings, two ingests behind a balancer, two workers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.balancer, self.second_ingest, self._answers, *self._ops = free_ports(5)

    @property
    def ingest_url(self) -> str:
        """Phones know the balancer only."""
        return f"http://{HOST}:{self.balancer}"

    def parts(self) -> list[Part]:
        ones = super().parts()
        alerting, ingest = (
            next(part for part in ones if part.module == f"services.{name}")
            for name in ("alerting", "ingest")
        )
        port = {"BONGSU_PORT": str(self.second_ingest)}
        answers = {"BONGSU_ANSWERS_PORT": str(self._answers)}
        return [
            *ones,
            replace(alerting, instance="a2", ops_port=self._ops[0], env=alerting.env | answers),
            replace(ingest, instance="i2", ops_port=self._ops[1], env=ingest.env | port),
        ]


@pytest.fixture
def catalogue() -> Catalogue:
    """Every route of the repository's catalogue, once in 2 s."""
    whole = calling_nobody(shipped())
    return with_routes(whole, probed(whole), interval_s=INTERVAL_S, late_s=LATE_S)


@pytest.fixture
async def chain(tmp_path: Path, catalogue: Catalogue) -> AsyncIterator[TwoOfEach]:
    chain = TwoOfEach(tmp_path)
    backends = [chain.settings.ingest_port, chain.second_ingest]
    async with balanced(chain.balancer, backends), running(chain, catalogue):
        yield chain


async def test_one_of_each_dies_all_routes_go_on_and_every_outcome_is_counted_once(
    chain: TwoOfEach, catalogue: Catalogue
) -> None:
    await chain.world("PUT", "faults", REFUSING_SOME)
    await eventually(lambda: all_take_part(chain, set(catalogue.routes)), within=60, every=0.5)

    ingest = await ingest_in_use(chain)
    last_of_the_dead = await scrape_between_rounds(chain, "alerting-a1")
    killed = chain.kill("alerting-a1", "probe-w1", ingest)

    async def all_go_on() -> bool:
        return await seen_routes(chain, killed) == set(catalogue.routes)

    await eventually(all_go_on, within=GOES_ON_WITHIN_S, every=0.2)

    await chain.children["probe-w2"].stop(SIGTERM, STOP_S)
    # A call that nobody answered waits 70 s for the word whose network it was.
    await eventually(lambda: all_settled(chain), within=180, every=0.5)
    stored = await stored_outcomes(chain)
    assert {outcome for *_, outcome in stored} >= {"delivered", "exempt"}

    async def sums_agree() -> bool:
        counted = outcomes(last_of_the_dead) + outcomes(await chain.samples("alerting-a2"))
        assert counted == stored
        return True

    await eventually(sums_agree, within=5)


async def all_take_part(chain: TwoOfEach, routes: set[str]) -> bool:
    """Both workers send, both alertings count, every route was seen, one refusal is counted."""
    (found,) = await chain.rows("SELECT array_agg(DISTINCT worker) AS workers FROM attempts")
    counting = [outcomes(await chain.samples(name)) for name in ("alerting-a1", "alerting-a2")]
    return (
        set(found["workers"]) == {"w1", "w2"}
        and all(counting)
        and "exempt" in {outcome for counts in counting for *_, outcome in counts}
        and await seen_routes(chain, None) == routes
    )


async def ingest_in_use(chain: TwoOfEach) -> str:
    """The ingest that took the newest receipt: phones keep few connections, so it may be either."""
    (newest,) = await chain.rows(
        "SELECT source FROM evidence WHERE kind = 'device.seen' ORDER BY known_at DESC LIMIT 1"
    )
    return str(newest["source"]).replace("/", "-")


async def scrape_between_rounds(chain: TwoOfEach, name: str) -> Samples:
    """/metrics of an alerting at a moment at which its next round is still to come: a round begins
    EVERY_S after the end of the one before, which the process tells."""

    async def between() -> Samples | None:
        samples = await chain.samples(name)
        since_round_s = time.time() - samples[SWEPT]
        return samples if since_round_s < sweep.EVERY_S / 2 else None

    found = await eventually(between, within=40, every=0.02)
    assert found is not None
    return found


async def seen_routes(chain: TwoOfEach, since: datetime | None) -> set[str]:
    """Routes with a stored sight of a probe sent since then."""
    found = await chain.rows(
        "SELECT DISTINCT route FROM attempts WHERE seen_at IS NOT NULL"
        " AND sent_at > coalesce($1::timestamptz, '-infinity')",
        since,
    )
    return {row["route"] for row in found}


async def all_settled(chain: TwoOfEach) -> bool:
    left = await chain.rows(
        "SELECT route, worker, sent_at, settle_at FROM attempts WHERE settle_at IS NOT NULL LIMIT 9"
    )
    assert left == []
    return True


async def stored_outcomes(chain: TwoOfEach) -> Counter[tuple[str, ...]]:
    """Settled and counted scheduled attempts by LABELS, from Postgres."""
    found = await chain.rows(
        f"SELECT {', '.join(LABELS)}, count(*) FROM attempts"
        f" WHERE counted AND purpose = 'scheduled' GROUP BY {', '.join(LABELS)}"
    )
    return Counter({tuple(row[name] for name in LABELS): row["count"] for row in found})


def outcomes(samples: Samples) -> Counter[tuple[str, ...]]:
    """The outcome counters of one process by LABELS."""
    return Counter(
        {
            tuple(dict(labels)[label] for label in LABELS): int(value)
            for (name, labels), value in samples.items()
            if name == OUTCOMES and value  # outcomes that did not occur begin at 0
        }
    )
