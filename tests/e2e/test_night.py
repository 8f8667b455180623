"""Hours of rest: nothing is sent in them, nothing counts as lost, and everyone is told why."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.catalogue.load import load
from services.catalogue.publish import new_revision
from services.storage import rows
from tests.support import night
from tests.support.chain import Chain, let_through, running, samples_at
from tests.support.commands import Up, bongsu, local_ports
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(300)

BRAND, LMS = "geoje.brandmessage.sens", "moel.lms.sens"
SEEN = "SELECT * FROM attempts WHERE route = $1 AND seen_at IS NOT NULL"


@asynccontextmanager
async def chain_of_two(folder: Path, window: night.Window) -> AsyncIterator[Chain]:
    """A running chain with a brand message and an LMS each two seconds."""
    loaded = load(night.resting(folder, window))
    whole = loaded.catalogue(new_revision(datetime.now(UTC)))
    quick = {"interval_s": 2, "late_s": 10}
    routes = {name: whole.routes[name].model_copy(update=quick) for name in (BRAND, LMS)}
    chain = Chain(folder)
    async with running(chain, whole.model_copy(update={"routes": routes})):
        yield chain


async def not_sent(chain: Chain) -> float:
    """Slots of brand messages that the workers left out because of the hour."""
    labels = frozenset({("channel", "brandmessage"), ("reason", "restricted")})
    found = [await chain.samples(f"probe-{worker}") for worker in ("w1", "w2")]
    return sum(samples.get(("bongsu_probe_not_sent_total", labels), 0) for samples in found)


async def test_in_its_hours_of_rest_a_route_sends_nothing_and_loses_nothing(
    tmp_path: Path,
) -> None:
    start, end = night.including(datetime.now(UTC))
    async with chain_of_two(tmp_path, (start, end)) as chain:

        async def passed() -> bool:
            return await not_sent(chain) >= 4 and len(await chain.rows(SEEN, LMS)) >= 3

        await eventually(passed, within=90, every=0.5)
        assert await chain.rows("SELECT 1 FROM attempts WHERE route = $1", BRAND) == []
        asked = bongsu("probe", BRAND, data=chain.data)
        says = f"bongsu: route {BRAND} rests until {end} (Asia/Seoul): nothing may be sent now\n"
        assert (asked.code, asked.err) == (3, says)
        shown = bongsu("status", data=chain.data)
        (line,) = [line for line in shown.out.splitlines() if BRAND in line]
        assert line.split() == [BRAND, "not", "measured"]
        told = json.loads(bongsu("status", "--json", data=chain.data).out)
    (brand,) = [row for row in told if row["route"] == BRAND]
    assert (brand["enabled"], brand["restricted"]) == (True, True)
    assert {brand[name] for name in ("sent", "refused", "lost", "void", "unknown")} == {0}


async def test_outside_of_them_brand_messages_and_lms_arrive_with_their_text_intact(
    tmp_path: Path,
) -> None:
    async with chain_of_two(tmp_path, night.excluding(datetime.now(UTC))) as chain:
        for route in (BRAND, LMS):

            async def arrived(name: str = route) -> list[asyncpg.Record]:
                found = await chain.rows(SEEN, name)
                return found if len(found) >= 3 else []

            found = await eventually(arrived, within=40, every=0.5)
            assert {rows.attempt_of(row).content for row in found} == {"intact"}
        assert await not_sent(chain) == 0
        told = json.loads(bongsu("status", "--json", data=chain.data).out)
    assert [row["restricted"] for row in told] == [False, False]


def test_the_catalogue_with_other_hours_is_in_order(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for name, window in (("in", night.including(now)), ("out", night.excluding(now))):
        (tmp_path / name).mkdir()
        copy = night.resting(tmp_path / name, window)
        assert bongsu("catalogue", "validate", "--catalogue", str(copy)).code == 0


BODIES = {
    *("moel", "eumseong", "suyeong", "geoje", "sancheong", "miryang", "gangnam", "gyeonggi", "lh")
}
BRAND_ONLY = {"sancheong", "miryang", "gangnam", "gyeonggi"}


# How a provider's word came: the counter of ingest, the label that names the adapter, the result.
BY_LOOK_UP = ("bongsu_ingest_look_ups_total", "adapter", "answered")
BY_WEBHOOK = ("bongsu_ingest_requests_total", "kind", "accepted")


async def told_by(up: Up, way: tuple[str, str, str]) -> set[str]:
    """The adapters whose results came this way."""
    name, label, result = way
    found = await samples_at(up.port("ingest_ops_port"))
    return {
        dict(labels)[label]
        for (sample, labels), value in found.items()
        if sample == name and value and ("result", result) in labels
    }


@dataclass(frozen=True)
class Ran:
    """The summary of a run by enabled route, and who reported how."""

    routes: dict[str, dict[str, Any]]
    looked_up: set[str]
    by_webhook: set[str]


async def seen_by_then(folder: Path, window: night.Window) -> Ran:
    """A run of the shipped catalogue with another window, until every route that may send was
    seen and documents were opened."""
    let_through(folder)
    copy, ports = night.resting(folder, window), local_ports() | night.OPEN_ALL_NIGHT
    up = Up(folder / "data", folder / "summary.json", "--catalogue", str(copy), ports=ports)
    try:
        up.wait_ready()

        def all_seen() -> bool:
            told = json.loads(bongsu("status", "--json", data=up.data).out)
            awake = [r for r in told if r["enabled"] and not r["restricted"]]
            return all(
                r["seen"] and (r["opened"] or ".edocument." not in r["route"]) for r in awake
            )

        await eventually(all_seen, within=170, every=2)
        looked_up, by_webhook = await told_by(up, BY_LOOK_UP), await told_by(up, BY_WEBHOOK)
        summary = up.finish()
    finally:
        up.end()
    routes = {row["route"]: row for row in summary["routes"] if row["enabled"]}
    return Ran(routes, looked_up, by_webhook)


async def test_by_day_every_body_is_seen_over_its_own_channel_and_lh_opened(
    tmp_path: Path,
) -> None:
    ran = await seen_by_then(tmp_path, night.excluding(datetime.now(UTC)))
    routes = ran.routes
    assert {"nhn_alimtalk", "nhn_sms"} <= ran.by_webhook
    dealers = {"nhn_alimtalk", "nhn_sms", "sens_alimtalk", "sens_brandmessage", "sens_sms"}
    assert dealers <= ran.looked_up
    assert {name.split(".")[0] for name, row in routes.items() if row["seen"]} == BODIES
    assert not any(row["restricted"] for row in routes.values())
    assert {row["lost"] for row in routes.values()} == {0}
    assert all(row["opened"] for name, row in routes.items() if name.startswith("lh.edocument."))


async def test_at_night_brand_messages_rest_unsent_and_the_others_are_seen(
    tmp_path: Path,
) -> None:
    routes = (await seen_by_then(tmp_path, night.including(datetime.now(UTC)))).routes
    resting = {name: row for name, row in routes.items() if row["restricted"]}
    assert {name.split(".")[1] for name in resting} == {"brandmessage"}
    assert len(resting) == 6
    for count in ("sent", "accepted", "seen", "lost", "void", "unknown"):
        assert {row[count] for row in resting.values()} == {0}
    seen = {name.split(".")[0] for name, row in routes.items() if row["seen"]}
    assert seen == BODIES - BRAND_ONLY
