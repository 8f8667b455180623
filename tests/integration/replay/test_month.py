"""A dated outage in a database: stored, settled, detected and reported as it would have been.

Four hours of the founding outage's Saturday, for a sender of two accounts; real Postgres, virtual
time. The whole month is `test_october.py`.
"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from services.catalogue.load import load as load_catalogue
from services.contracts import codec
from services.contracts.catalogue import Catalogue
from services.replay import month
from services.replay.run import WORKERS, keys_of, stream_of
from services.replay.scenario import Scenario, Span, load
from services.replay.storing import Store
from services.storage import incidents, months, planned
from services.storage.pool import Connection, Pool

OUTAGE, ITEM = Path("scenarios/months/kakao-2022-10-15.yaml"), "eumseong.alimtalk"
SATURDAY = date(2022, 10, 15)
ONSET = datetime(2022, 10, 15, 6, 30, tzinfo=UTC)  # 15:30 in Korea
TWO_PM, SIX_PM = ONSET - timedelta(minutes=90), ONSET + timedelta(minutes=150)
SUNDAY_6AM, CLOSES = datetime(2022, 10, 31, 21, tzinfo=UTC), datetime(2022, 11, 3, 15, tzinfo=UTC)
OUTCOMES = """
    SELECT route, outcome, count(*) FROM attempts WHERE purpose = 'scheduled' GROUP BY 1, 2
"""


def a_catalogue() -> Catalogue:
    """That of the item, with a contract for that Saturday alone."""
    shipped = load_catalogue(Path("catalogue")).catalogue(UUID(int=7 << 76))
    own = month.of_item(shipped, ITEM)
    contracts = {
        name: one.model_copy(update={"valid_from": SATURDAY, "valid_to": SATURDAY})
        for name, one in own.contracts.items()
    }
    return own.model_copy(update={"contracts": contracts})


def a_scenario(catalogue: Catalogue) -> Scenario:
    span = Span.model_construct(since=TWO_PM, until=SIX_PM)
    return load(OUTAGE, catalogue, WORKERS).model_copy(update={"given_span": span})


def in_memory() -> dict[tuple[str, str], int]:
    """Routes and outcomes of the same probes, folded and settled without a database."""
    catalogue = a_catalogue()
    scenario, store = a_scenario(catalogue), Store(lambda _: 0)
    stream, now = stream_of(scenario, catalogue, 1, keys_of(1)[:1]), TWO_PM
    while now < SIX_PM or store.unsettled:
        now += timedelta(minutes=1)
        for at, line in stream.until(now, SIX_PM):
            store.take(at, codec.decode(line.value, line.headers))
        store.sweep(now)
    return {(route, str(outcome)): n for (route, _, outcome), n in store.tally.items() if n}


@pytest.fixture
async def sealed(pool: Pool) -> AsyncIterator[Connection]:
    """A connection to the database in which all of it lies."""
    catalogue = a_catalogue()
    await month.seal(pool, a_scenario(catalogue), catalogue, {})
    async with pool.acquire() as conn:
        yield conn


async def test_what_is_stored_is_what_a_replay_in_memory_shows_and_the_outage_is_found(
    sealed: Connection,
) -> None:
    stored = {(row[0], row[1]): row[2] for row in await sealed.fetch(OUTCOMES)}
    assert stored == in_memory()
    (told,) = await incidents.newest(sealed, True, 10)
    assert told.component == "platform:kakaotalk"
    assert told.detected_at - ONSET < timedelta(minutes=2)


async def test_all_is_known_when_it_would_have_been_and_months_are_sealed_when_due(
    sealed: Connection,
) -> None:
    assert await months.now(sealed) == CLOSES
    notices = await planned.notices(sealed)
    assert [one.known_at for one in notices] == [one.said_at for one in notices]
    assert await sealed.fetchval("SELECT bool_and(known_at = at) FROM incident_event")
    revisions = await months.revisions(sealed)
    assert [(one.state, one.cutoff) for one in revisions] == [
        ("preliminary", SUNDAY_6AM), ("closed", CLOSES),
    ]  # fmt: skip
    (item,) = orjson.loads(await months.content(sealed, "eumseong", "2022-10", 1) or b"")["items"]
    assert abs(item["minutes"]["down"] - 150) <= 2, "each edge may differ by a minute"
    assert abs(item["minutes"]["unmeasured"] - (24 - 4) * 60) <= 2, "of that day nobody probed more"
    assert item["verdict"] == "missed"
