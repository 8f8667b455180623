"""The first hour of a new user: `bongsu up`, one probe, one fault, one repair, the end."""

import json

import pytest

from services.catalogue.load import load
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
    assert "Traceback" not in nowhere.err + unknown.err


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
    assert second["ready_s"] <= 10
    assert is_down(up.data)
