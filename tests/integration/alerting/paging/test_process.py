"""Two instances, one dead platform: the control room hears of it once, and of its end, by hand."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.runtime.kafka import Address, Producer
from services.storage import incidents
from services.storage.pool import Pool, transaction
from tests.integration.alerting.running import process, send
from tests.support.notifying import KEY
from tests.support.outage import DEAD, kakaotalk_is_dead
from tests.support.taking import taking
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(240)


async def test_an_outage_is_written_when_no_page_can_be_made_and_told_once_when_one_can(
    address: Address, applied: Producer, pool: Pool, database: str, tmp_path: Path
) -> None:
    (tmp_path / "path-control-room.json").write_text(json.dumps({"key": KEY}))
    kafka, prefix = address.options["bootstrap_servers"], address.prefix
    async with taking() as taker:
        env = {
            "SECRETS_DIR": str(tmp_path),
            "DESTINATIONS": json.dumps({"control-room": {"url": f"{taker.url}/room"}}),
        }
        async with (
            process(kafka, prefix, database, "one", **env) as one,
            process(kafka, prefix, database, "two", **env) as two,
        ):
            await eventually(one.ready, within=90)
            await eventually(two.ready, within=90)
            async with transaction(pool) as conn:
                await conn.execute("ALTER TABLE page_incident RENAME TO away")
            await send(applied, kakaotalk_is_dead(datetime.now(UTC)))

            async def written() -> bool:
                async with transaction(pool) as conn:
                    return bool((await incidents.standing(conn)).open)

            await eventually(written, within=60)
            assert taker.pages("room") == []
            async with transaction(pool) as conn:
                await conn.execute("ALTER TABLE away RENAME TO page_incident")
            (page,) = await eventually(lambda: taker.pages("room"), within=60)
            assert page.type == "page.opened"
            (told,) = page.data.incidents
            assert (told.component, told.hypothesis) == (DEAD, "dead")
            async with transaction(pool) as conn:
                await incidents.ask(conn, told.id, "close", "kim", "repaired")
            await eventually(lambda: len(taker.pages("room")) == 2, within=30)
    assert [page.type for page in taker.pages("room")] == ["page.opened", "page.cleared"]
    assert {page.data.dedup_key for page in taker.pages("room")} == {told.id}
