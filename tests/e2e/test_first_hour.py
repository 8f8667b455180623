"""The first hour of a new user: `bongsu up`, one probe, one fault, one repair, the end."""

import json
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg
import pytest

from services.catalogue.load import load
from services.cli.context import context
from tests.support.commands import ROOT, Up, bongsu
from tests.support.waiting import eventually
from tests.support.world import is_down

pytestmark = pytest.mark.timeout(400)


def routes(up: Up) -> list[dict[str, object]]:
    done = bongsu("status", "--json", data=up.data)
    assert done.code == 0, done.err
    found: list[dict[str, object]] = json.loads(done.out)
    return found


async def test_every_enabled_route_has_a_seen_probe_within_three_minutes(up: Up) -> None:
    def unseen() -> list[object]:
        rows = [r for r in routes(up) if r["enabled"] and not r["restricted"]]
        assert len(rows) >= 9
        return [r["route"] for r in rows if not r["last_seen_at"]]

    await eventually(lambda: not unseen(), within=180, every=3)


async def test_a_scenario_stops_its_own_routes_for_its_time_and_no_others(up: Up) -> None:
    up.wait_for(lambda lines: any(" ends: platform:kakaotalk: down" in line for line in lines), 60)
    begins, ends = told_times(up)
    catalogue = load(ROOT / "catalogue").catalogue(UUID(int=0))
    over_kakaotalk = {r.id for r in catalogue.routes.values() if r.platform == "kakaotalk"}

    async def seen(since: datetime, until: datetime) -> dict[bool, dict[str, bool]]:
        """Whether probes sent then were seen: by route, of those over KakaoTalk and the others."""
        query = "SELECT route, seen_at FROM attempts WHERE sent_at >= $1 AND sent_at < $2"
        rows = await asked(up, query, since, until)
        return {
            kakaotalk: {
                row["route"]: bool(row["seen_at"])
                for row in rows
                if (row["route"] in over_kakaotalk) is kakaotalk
            }
            for kakaotalk in (True, False)
        }

    async def back() -> bool:
        hit = await seen(begins + timedelta(seconds=1), ends - timedelta(seconds=5))
        later = await seen(ends, datetime.now(UTC))
        assert hit[True]
        assert not any(hit[True].values())
        return all(hit[False].values()) and all(later[True].get(route) for route in hit[True])

    await eventually(back, within=90, every=2)


def test_a_doctor_finds_everything_well(up: Up) -> None:
    done = bongsu("doctor", data=up.data)
    assert done.code == 0, done.out + done.err
    for said in ("Kafka: answers", "probe-w2: is ready", "answers links", "are in order"):
        assert said in done.out


async def test_a_browser_finds_the_boards_where_the_screen_says(up: Up) -> None:
    (line,) = [line for line in up.lines if "(a preview, not Grafana)" in line]
    (boards,) = re.findall(r"boards (http://127\.0\.0\.1:\d+/) ", line)
    async with aiohttp.ClientSession() as session, session.get(f"{boards}d/bongsu-body") as answer:
        page = await answer.text()
    assert answer.status == 200
    assert '<option value="geoje"' in page  # who was probed so far
    assert "답을 얻지 못했습니다" not in page


def told_times(up: Up) -> tuple[datetime, datetime]:
    """When the outage began and ended, as the screen says it: in Korean time, without the year."""
    (line,) = [line for line in up.lines if " begins: platform:kakaotalk: down" in line]
    korea = ZoneInfo("Asia/Seoul")
    year = datetime.now(korea).year
    found = re.findall(r"\d\d-\d\d \d\d:\d\d:\d\d", line)
    begins, ends = (datetime.fromisoformat(f"{year}-{at}").replace(tzinfo=korea) for at in found)
    return begins, ends


async def asked(up: Up, query: str, *values: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(context(up.data).postgres, timeout=5, command_timeout=10)
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close(timeout=2)


def test_a_probe_prints_its_stages_and_ends_well(up: Up) -> None:
    done = bongsu("probe", "geoje.alimtalk.sens", "--wait", "60s", data=up.data)
    assert done.code == 0, done.err
    stages = [line.split()[0] for line in done.out.splitlines()]
    assert stages[:2] == ["sent", "accepted"]
    assert "seen" in stages


def test_a_broken_platform_is_named_by_the_missing_stage_and_sms_still_arrives(up: Up) -> None:
    broken = bongsu("break", "platform:kakaotalk", data=up.data)
    assert broken.code == 0, broken.err
    try:
        lost = bongsu("probe", "geoje.alimtalk.sens", "--wait", "15s", data=up.data)
        assert lost.code == 1
        assert "not seen within 15 s; the last stage reached was accepted" in lost.err
        other = bongsu("probe", "geoje.sms.sens", "--wait", "60s", data=up.data)
        assert other.code == 0, other.err
    finally:
        repaired = bongsu("repair", "platform:kakaotalk", data=up.data)
    assert repaired.code == 0, repaired.err
    again = bongsu("probe", "geoje.alimtalk.sens", "--wait", "60s", data=up.data)
    assert again.code == 0, again.err


def test_what_cannot_be_tried_is_said_in_one_sentence(up: Up) -> None:
    nowhere = bongsu("probe", "geoje.pigeon.sens", data=up.data)
    assert nowhere.code == 3
    assert nowhere.err.startswith("bongsu: there is no route geoje.pigeon.sens; there is geoje.")
    unknown = bongsu("break", "platform:kakaotak", data=up.data)
    assert unknown.code == 4
    assert "platform:kakaotalk" in unknown.err
    slow = ("break", "carrier:kt", "--state", "delayed", "--delay-median", "9m")
    impossible = bongsu(*slow, "--delay-p95", "8m", data=up.data)
    assert impossible.code == 4
    assert "delay_s: p95 must not be below median" in impossible.err
    endless = bongsu("break", "carrier:kt", "--state", "loaded", "--factor", "1e9", data=up.data)
    assert endless.code == 4
    assert endless.err.startswith("bongsu: factor: ")
    assert "Traceback" not in nowhere.err + unknown.err + impossible.err + endless.err


def test_status_shows_every_route_of_the_catalogue(up: Up) -> None:
    loaded = load(ROOT / "catalogue")
    wanted = {item.id for item in loaded.items if item.kind == "route"}
    assert {row["route"] for row in routes(up)} == wanted


def test_a_port_in_use_is_one_clear_sentence(
    up: Up, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("second")
    second = Up(folder / "data", folder / "summary.json", ports=up.ports)
    try:
        assert second.process.wait(30) == 4
    finally:
        second.end()
    assert "already in use" in second.text
    assert "Traceback" not in second.text


def test_a_second_stack_on_the_same_data_is_refused_and_the_first_goes_on(up: Up) -> None:
    second = bongsu("up", data=up.data)
    assert second.code == 4
    assert second.err.startswith("bongsu: a stack already runs on ")
    assert bongsu("status", data=up.data).code == 0


def test_the_end_leaves_nothing_behind_and_a_second_start_goes_on(up: Up) -> None:
    """Last in this file: it stops the stack of the others and starts it once more."""
    first = up.finish(within=15)
    assert first["ready_s"] is not None
    assert first["first_seen_s"] is not None
    assert is_down(up.data)
    again = Up(up.data, up.data.parent / "again.json", "--for", "1s", ports=up.ports)
    try:
        again.wait_ready(60)
        assert "the catalogue in force is this one" in again.text
        second = again.finish()
    finally:
        again.end()
    assert second["ready_s"] <= 30  # idle machines take 5 to 10 s; tests run beside others
    assert is_down(up.data)
