"""Rows of days and months are what raw evidence says, however and whenever it came."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import orjson
import pytest

from dashboards import queries
from dashboards.build import rendered
from services.contracts.evidence import Evidence
from services.reporting import rollups
from services.storage import rollups as stored
from services.storage import sink
from services.storage.pool import transaction
from services.storage.rollups import Day, MonthSoFar
from tests.support import builders
from tests.support.builders import MINUTE
from tests.support.sealed_months import (
    CLOSED,
    END,
    KNOWN,
    LOST,
    World,
    a_catalogue,
    a_sighting,
    probes,
)

HOUR = timedelta(hours=1)
LATER = END + 3 * HOUR


async def _kept(world: World, at: datetime) -> tuple[list[Day], list[MonthSoFar]]:
    """The rows once it is that time."""
    await world.at(at)
    async with world.report.acquire() as conn:
        await rollups.keep(conn, at)
        days = [await stored.of_day(conn, day) for day in await stored.known_days(conn)]
        return [row for rows in days for row in rows], await stored.months(conn, "2026-10")


async def _anew(world: World, at: datetime) -> tuple[list[Day], list[MonthSoFar]]:
    """The same without what was kept before."""
    async with transaction(world.owner) as conn:
        await conn.execute("TRUNCATE rollup_day, rollup_month")
    return await _kept(world, at)


async def _differences(world: World, seed: int = 0) -> list[str]:
    async with world.report.acquire() as conn:
        return [change.path for change in await rollups.check(conn, seed)]


async def test_days_of_the_contract_have_a_row_and_add_up(world: World) -> None:
    await world.begin("geoje")
    days, [month] = await _kept(world, LATER)
    assert [(row.body, row.channel, row.day) for row in days[-3:]] == [
        ("geoje", "alimtalk", date(2026, 10, 30)),
        ("geoje", "alimtalk", date(2026, 10, 31)),
        ("geoje", "alimtalk", date(2026, 11, 1)),
    ]
    sums = orjson.loads(month.totals)["sums"]
    assert (month.objective_ppm, month.known_until) == (999_000, LATER)
    assert (sums["down"], sums["service"], sums["not_in_force"]) == (180, 2 * 1440, 29 * 1440)
    assert days[-3].evidence_count == 144


async def test_late_evidence_changes_its_day_and_what_nothing_touched_stays(world: World) -> None:
    await world.begin("geoje")
    before, _ = await _kept(world, LATER)
    late = [a_sighting(sent) for sent in probes() if LOST[0] <= sent.slot < LOST[1]]
    await world.tell(late, LATER + MINUTE)
    after, [month_after] = await _kept(world, LATER + HOUR)
    changed = [b.day for b, a in zip(before, after, strict=True) if b.evidence != a.evidence]
    assert changed == [date(2026, 10, 30)]
    assert {row.known_until for row in after} == {LATER + HOUR}
    assert "down" not in orjson.loads(month_after.totals)["sums"]
    assert (after, [month_after]) == await _anew(world, LATER + HOUR)


async def test_a_body_that_fails_keeps_no_other_from_its_rows(world: World) -> None:
    await world.begin("gangnam", "geoje")
    await _kept(world, LATER)
    async with transaction(world.owner) as conn:
        await conn.execute("UPDATE rollup_day SET totals = '{}' WHERE body = 'gangnam'")
    _, months = await _kept(world, LATER + HOUR)
    assert {row.body: row.known_until for row in months} == {
        "gangnam": LATER, "geoje": LATER + HOUR
    }  # fmt: skip


async def test_late_evidence_of_the_month_before_changes_the_days_its_outage_reached(
    world: World,
) -> None:
    """Six slots are lost around midnight; the four before it were seen, as is known three days
    later. Two are no outage."""
    lost = END - 40 * MINUTE, END + 20 * MINUTE
    async with transaction(world.owner) as conn:
        await sink.store_catalogue(conn, a_catalogue("geoje"), "kim", KNOWN)
        alive = [END + n * 5 * MINUTE for n in range(-24, 24)]
        source = "observer/skt-01/smsforwarder"
        await sink.touch_liveness(conn, [sink.Sign(source, at, at) for at in alive])
    around = [sent for sent in probes(END + 4 * HOUR) if sent.slot >= END - 24 * HOUR]
    for sent in around:
        answer = builders.an_answer(sent, provider_message_id=str(sent.probe_id))
        seen = [] if lost[0] <= sent.slot < lost[1] else [a_sighting(sent)]
        await world.tell([sent, answer, *seen], sent.slot + MINUTE)
    await _kept(world, END + 55 * HOUR)
    told = [a_sighting(sent) for sent in around if lost[0] <= sent.slot < END]
    await world.tell(told, END + 55 * HOUR + MINUTE)
    kept = await _kept(world, END + 56 * HOUR)
    assert kept == await _anew(world, END + 56 * HOUR)


async def test_what_people_enter_has_the_month_counted_anew(world: World) -> None:
    await world.begin("geoje")
    _, [before] = await _kept(world, LATER)
    async with transaction(world.owner) as conn:
        await conn.execute(
            "INSERT INTO monitor_fault VALUES ('receiver:skt-01', $1, $2, 'account', 'kim', $3)",
            *LOST, LATER + MINUTE,
        )  # fmt: skip
    _, [after] = await _kept(world, LATER + HOUR)
    found = [orjson.loads(row.totals)["sums"] for row in (before, after)]
    assert [sums.get("down", 0) for sums in found] == [180, 0]
    assert [sums.get("unmeasured", 0) for sums in found] == [0, 180]


def _history(draw: Random) -> list[tuple[Evidence, datetime]]:
    """Outages and losses; each event one to five times, in any order, some of it days late."""
    outages = [(KNOWN + draw.randint(0, 4000) * MINUTE, draw.randint(10, 500)) for _ in range(3)]
    told: list[tuple[Evidence, datetime]] = []
    for sent in probes():
        answer = builders.an_answer(sent, provider_message_id=str(sent.probe_id))
        down = any(at <= sent.slot < at + length * MINUTE for at, length in outages)
        seen = draw.random() < (0.1 if down else 0.98)
        events = [sent, answer, *([a_sighting(sent)] if seen else [])]
        late = draw.choice([0] * 20 + [1500, 3000])
        told += (
            (each, sent.slot + draw.randint(1, 5 + late) * MINUTE)
            for each in events
            for _ in range(draw.choice([1, 1, 1, 5]))
        )
    draw.shuffle(told)
    return told


@pytest.mark.parametrize("seed", range(2))
async def test_kept_hour_by_hour_it_is_what_a_full_rebuild_makes(world: World, seed: int) -> None:
    draw = Random(seed)
    async with transaction(world.owner) as conn:
        await sink.store_catalogue(conn, a_catalogue("geoje"), "kim", KNOWN)
        alive = [KNOWN + n * 5 * MINUTE for n in range(900) if draw.random() < 0.98]
        source = "observer/skt-01/smsforwarder"
        await sink.touch_liveness(conn, [sink.Sign(source, at, at) for at in alive])
    told, at = _history(draw), KNOWN + 30 * HOUR
    while at < LATER + 60 * HOUR:
        by_time: dict[datetime, list[Evidence]] = {}
        for event, known_at in told:
            if at - 11 * HOUR <= known_at < at:
                by_time.setdefault(known_at, []).append(event)
        for known_at, events in by_time.items():
            await world.tell(events, known_at)
        kept = await _kept(world, at)
        at += 11 * HOUR
    assert kept == await _anew(world, at - 11 * HOUR)
    assert [await _differences(world, n) for n in range(3)] == [[], [], []]


async def test_a_row_that_somebody_changed_is_found(world: World) -> None:
    await world.begin("geoje")
    await _kept(world, LATER)
    assert [await _differences(world, seed) for seed in range(4)] == [[]] * 4
    async with transaction(world.owner) as conn:
        await conn.execute(
            "UPDATE rollup_day SET totals = replace(totals::text, $1, $2)::json",
            *('"down":180', '"down":179'),
        )
        await conn.execute("UPDATE rollup_month SET objective_ppm = 990000")
    found = [path for seed in range(40) for path in await _differences(world, seed)]
    assert {path.rsplit(".", 1)[-1] for path in found} == {"totals", "objective_ppm"}


async def _told(world: World, view: str) -> list[dict[str, object]]:
    """What boards read of the month."""
    async with transaction(world.owner) as conn:
        found = await conn.fetch(
            f"SELECT * FROM dash.{view} WHERE body = 'geoje'"
            f" AND {'day' if view == 'sla_day' else 'month'} BETWEEN '2026-10-01' AND '2026-10-31'"
            " ORDER BY 1, 2, 3"
        )
    return [dict(row) for row in found]


async def test_boards_read_the_month_so_far_and_then_what_is_sealed(world: World) -> None:
    await world.begin("geoje")
    await _kept(world, LATER)
    [so_far], days = await _told(world, "sla_month"), await _told(world, "sla_day")
    assert (so_far["state"], so_far["verdict"], so_far["frozen_at"]) == ("open", None, None)
    assert (so_far["objective"], so_far["measured"]) == (Decimal("0.999"), Decimal("0.937500"))
    assert (so_far["down_minutes"], so_far["budget_used"]) == (180, Decimal("62.5"))
    assert [day["measured"] for day in days[-2:]] == [Decimal("0.875"), 1]
    assert days[0]["measured"] is None
    await world.at(CLOSED + HOUR)
    await world.round()
    [sealed], sealed_days = await _told(world, "sla_month"), await _told(world, "sla_day")
    assert (sealed["state"], sealed["revision"], sealed["verdict"]) == ("closed", 1, "missed")
    assert (sealed["outages"], sealed["longest_fix_min"]) == (1, 180)
    assert sealed["frozen_at"] is not None
    of_seal = {"state", "revision", "verdict", "frozen_at", "outages", "longest_fix_min"}
    assert {k: v for k, v in sealed.items() if k not in of_seal} == {
        k: v for k, v in so_far.items() if k not in of_seal
    }
    assert [{**day, "state": "open", "revision": None} for day in sealed_days] == days


async def test_a_day_of_an_open_month_begins_at_midnight_of_its_contract(world: World) -> None:
    made, zone = a_catalogue("geoje"), "America/New_York"
    abroad = {name: one.model_copy(update={"tz": zone}) for name, one in made.contracts.items()}
    await world.begin(catalogue=made.model_copy(update={"contracts": abroad}))
    await _kept(world, LATER)
    last = (await _told(world, "sla_day"))[-1]
    assert last["starts_at"] == datetime(2026, 10, 31, tzinfo=ZoneInfo(zone))


async def _on_board(world: World, month: str = "2026-10-01") -> dict[str, list[tuple[object, ...]]]:
    """What the board of months shows, by panel; what shows nothing is missing."""
    values = {"month": [month], "body": ["geoje"], "channel": ["alimtalk"]}
    asked = {
        q.key.removeprefix("bongsu-sla/"): q for q in queries.queries(rendered()["bongsu-sla"])
    }
    found: dict[str, list[tuple[object, ...]]] = {}
    async with transaction(world.owner) as conn:
        for name in ("$month", *"1234567"):
            rows = await conn.fetch(queries.sql(asked[name], values, CLOSED))
            told = [tuple(row) for row in rows if set(row) != {None}]
            found |= {name: told} if told else {}
    return found


async def test_the_board_of_months_tells_of_what_is_sealed_and_of_nothing_else(
    world: World,
) -> None:
    await world.begin("geoje")
    await _kept(world, LATER)
    assert await _on_board(world) == {}
    assert await _on_board(world, month="") == {}, "before the first report there is none to choose"
    await world.at(END + 7 * HOUR)
    await world.round()
    told = await _on_board(world)
    assert (told["$month"], told["1"], told["2"]) == ([("2026-10-01",)], [(0,)], [(1,)])
    await world.at(CLOSED)
    await world.round()
    assert (await _on_board(world))["2"] == [(0,)]
