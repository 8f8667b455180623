"""LH's e-documents through the whole chain: sent, notice seen by the phone, opened by a person."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.storage.pool import open_pool, transaction
from services.storage.status import routes_since
from tests.support.chain import Chain, running, shipped, with_routes
from tests.support.waiting import eventually

ROUTE = "lh.edocument.kpdoc.rent"
MEMBER, NO_MEMBER = "skt-01", "lgu-01"
EXPIRES_S = 8

pytestmark = pytest.mark.timeout(180)


class OneWithoutKakaoTalk(Chain):
    """The person of NO_MEMBER has no KakaoTalk."""

    def _start_child(self, name: str, command: list[str], told: dict[str, str]) -> None:
        if name == "simulators":
            file = Path(told["BONGSU_SIM_CONFIG"])
            world = json.loads(file.read_text(encoding="utf-8"))
            for phone in world["handsets"]:
                phone["kakaotalk"] = phone["id"] != NO_MEMBER
            file.write_text(json.dumps(world), encoding="utf-8")
        super()._start_child(name, command, told)


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    whole = shipped()
    rule = whole.channels["edocument"].model_copy(update={"opens_within_s": EXPIRES_S})
    route = whole.routes[ROUTE].model_copy(update={"receivers": (MEMBER, NO_MEMBER)})
    catalogue = with_routes(whole, [route], interval_s=2, late_s=6).model_copy(
        update={"channels": {**whole.channels, "edocument": rule}}
    )
    stack = OneWithoutKakaoTalk(tmp_path)
    async with running(stack, catalogue):
        yield stack


async def test_a_document_is_seen_and_then_opened_and_one_of_no_member_expires(
    chain: Chain,
) -> None:
    async def opened() -> list[object]:
        return list(await chain.rows("SELECT * FROM attempts WHERE opened_at IS NOT NULL"))

    await eventually(opened, within=40)

    async def settled() -> list[object]:
        query = "SELECT * FROM attempts WHERE receiver = $1 AND report_code = 'EXPIRED'"
        return list(await chain.rows(query, NO_MEMBER))

    await eventually(settled, within=60)
    expired = await chain.rows("SELECT * FROM attempts WHERE receiver = $1", NO_MEMBER)
    assert {row["seen_at"] for row in expired} == {row["opened_at"] for row in expired} == {None}
    (expiry,) = {row["opened_due"] - row["sent_at"] for row in expired}
    assert expiry == timedelta(seconds=EXPIRES_S)

    read = await chain.rows("SELECT * FROM attempts WHERE opened_at IS NOT NULL")
    assert {row["receiver"] for row in read} == {MEMBER}
    for row in read:
        assert row["sent_at"] < row["seen_at"] < row["opened_at"]
        assert row["provider_says"] in (None, "delivered")

    words = await chain.rows(
        "SELECT body->>'probe_id' AS probe, body->>'code' AS code, count(*) AS times FROM evidence"
        " WHERE kind = 'report.received' GROUP BY 1, 2"
    )
    assert {row["code"] for row in words} == {"SENT", "RECEIVED", "READ", "EXPIRED"}
    assert {row["times"] for row in words} == {1}
    await _is_shown(chain)


async def _is_shown(chain: Chain) -> None:
    """In the figures that people see, and as a stage of the metric."""
    pool_of = open_pool(chain.dsn("report"), role_label="cli", max_size=1)
    async with pool_of as pool, transaction(pool) as conn:
        (figures,) = await routes_since(conn, datetime.now(UTC) - timedelta(hours=1))
    assert figures.route == ROUTE
    assert figures.seen >= figures.opened >= 1
    assert "opened" in figures.stages

    async def counted() -> bool:
        samples = await chain.samples("alerting-a1")
        name = "bongsu_probe_stage_seconds_count"
        stages = {
            dict(labels)["stage"]: n for (known, labels), n in samples.items() if known == name
        }
        return stages.get("opened", 0) > 0

    await eventually(counted, within=30)
