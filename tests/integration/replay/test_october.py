"""October 2022 for a public sender of two accounts, as it would have been reported.

The golden month G2, whose minutes were counted by hand: both accounts bad 10-15 15:30 to 10-17
18:00, the second one to 10-18 09:00. In a replay each edge may differ by a minute a route.
"""

from pathlib import Path
from uuid import UUID

import orjson
import pytest

from services.catalogue.load import load as load_catalogue
from services.replay import month
from services.replay.run import WORKERS
from services.replay.scenario import load
from services.storage import months
from services.storage.pool import open_pool

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
OUTAGE = Path("scenarios/months/kakao-2022-10-15.yaml")


async def test_golden_october_2022_is_reported_as_it_was(database: str) -> None:
    shipped = load_catalogue(Path("catalogue")).catalogue(UUID(int=7 << 76))
    catalogue = month.of_item(shipped, "eumseong.alimtalk")
    scenario = month.in_its_month(load(OUTAGE, catalogue, WORKERS))
    async with open_pool(database, role_label="test", command_timeout_s=120) as pool:
        await month.seal(pool, scenario, catalogue, {})
        async with pool.acquire() as conn:
            text = await months.content(conn, "eumseong", "2022-10", 1)
    report = orjson.loads(text or b"")
    (item,), (outage,) = report["items"], report["outages"]
    minutes = item["minutes"]
    assert minutes["service"] == minutes["total"] == 44_640
    assert minutes["down"] == pytest.approx(3_030, abs=2)
    assert minutes["partial"] == pytest.approx(900, abs=3)
    assert float(item["outage_min"]) == pytest.approx(3_480, abs=4)
    assert float(item["availability"]["measured"]) == pytest.approx(0.922043, abs=1e-4)
    assert item["verdict"] == "missed"
    assert item["credit"]["claim_deadline"] == "2022-11-17T14:59:59.000Z"
    assert (outage["notice_lag_min"], outage["notice_bound"]) == (58, "exact")
    assert outage["notice_duty"] == "kept"
    assert outage["origin"] == "detected"
    assert outage["fix"]["upper"] == pytest.approx(3_930, abs=2)
