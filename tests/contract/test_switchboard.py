"""The switchboard of the simulated world over HTTP: a timetable of faults, given in one call, and
a scenario that becomes one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from services.catalogue.load import load as load_catalogue
from services.cli.play import begin
from services.replay.scenario import load
from simulators.carriage import utc_now
from tests.support.commands import ROOT
from tests.support.simulated import simulating, world_of
from tests.support.waiting import eventually

KAKAOTALK = "platform:kakaotalk"


@dataclass
class Switchboard:
    session: aiohttp.ClientSession
    url: str

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        address = f"{self.url}/world/{path}"
        async with self.session.request(method, address, json=body) as answer:
            return answer.status, await answer.json()

    async def follow(self, *faults: dict[str, Any]) -> tuple[int, Any]:
        return await self.call("PUT", "timetable", {"faults": faults})

    async def in_force(self) -> list[str]:
        _, answer = await self.call("GET", "faults")
        return [fault["component"] for fault in answer["faults"]]


@pytest.fixture
async def switchboard() -> AsyncIterator[Switchboard]:
    async with simulating(world_of("sens_sms")) as url, aiohttp.ClientSession() as session:
        yield Switchboard(session, url)


def down(component: str, since_s: float, until_s: float) -> dict[str, Any]:
    since, until = (utc_now() + timedelta(seconds=s) for s in (since_s, until_s))
    return {
        "component": component, "state": "down",
        "since": since.isoformat(), "until": until.isoformat(),
    }  # fmt: skip


async def test_a_timetable_comes_to_pass_by_itself(switchboard: Switchboard) -> None:
    given = down(KAKAOTALK, 0.3, 0.7), down(KAKAOTALK, 1.0, 60)
    assert await switchboard.follow(*given) == (200, {"set": 2})
    assert await switchboard.in_force() == []
    for expected in ([KAKAOTALK], [], [KAKAOTALK]):

        async def as_expected(wanted: list[str] = expected) -> bool:
            return await switchboard.in_force() == wanted

        await eventually(as_expected, within=2, every=0.02)


@pytest.mark.parametrize(
    ("wrong", "status", "says"),
    [
        ({"component": "platform:kakaotak"}, 404, KAKAOTALK),
        ({"component": "receiver:skt-01", "state": "degraded"}, 400, "can only be down"),
        ({"function": "fax"}, 400, "has no function fax"),
        ({"since": "2026-01-01T00:00:00"}, 400, "faults.1.since"),
        ({"delay_s": {"median": 9, "p95": 1}}, 400, "faults.1.delay_s: p95 must not be below"),
        ({"colour": "red"}, 400, "faults.1.colour"),
    ],
)
async def test_with_one_wrong_fault_none_is_set(
    switchboard: Switchboard, wrong: dict[str, Any], status: int, says: str
) -> None:
    await switchboard.follow(down("carrier:kt", -1, 60))
    answer = await switchboard.follow(down(KAKAOTALK, -1, 60), down(KAKAOTALK, 0, 60) | wrong)
    assert (answer[0], says in answer[1]["error"]) == (status, True)
    assert await switchboard.in_force() == ["carrier:kt"]


async def test_a_single_fault_and_a_timetable_leave_each_other_alone(
    switchboard: Switchboard,
) -> None:
    await switchboard.call("PUT", "faults", {"component": KAKAOTALK, "state": "down"})
    await switchboard.follow(down(KAKAOTALK, -1, 60))
    assert await switchboard.in_force() == [KAKAOTALK, KAKAOTALK]
    await switchboard.call("PUT", "faults", {"component": KAKAOTALK, "state": "down"})
    assert await switchboard.in_force() == [KAKAOTALK, KAKAOTALK]
    await switchboard.follow()
    assert await switchboard.in_force() == [KAKAOTALK]


async def test_a_repair_ends_what_is_in_force_and_what_is_to_come(
    switchboard: Switchboard,
) -> None:
    given = down(KAKAOTALK, -1, 60), down(KAKAOTALK, 90, 99), down("carrier:kt", -1, 60)
    await switchboard.follow(*given)
    answer = await switchboard.call("DELETE", f"faults?component={KAKAOTALK}")
    assert answer == (200, {"cleared": 2})
    assert await switchboard.in_force() == ["carrier:kt"]


async def test_a_scenario_is_played_but_for_what_the_world_does_not_have(
    switchboard: Switchboard, tmp_path: Path
) -> None:
    (file := tmp_path / "push.yaml").write_text(
        """\
id: push
span: {from: 2020-01-01, to: 2020-01-02}
segments:
  - {component: platform:fcm, state: down, from: 2024-05-13T13:44, to: 2024-05-13T13:50}
  - {component: "platform:*", state: down, from: 2024-05-13T13:44, to: 2024-05-13T13:50}
  - {component: carrier:kt, function: data, state: down, from: 2024-05-13T14, to: 2024-05-13T15}
""",
        encoding="utf-8",
    )
    catalogue = load_catalogue(ROOT / "catalogue").catalogue(UUID(int=0))
    play = await begin(load(file, catalogue, ()), catalogue, switchboard.url, utc_now())
    assert await switchboard.in_force() == [KAKAOTALK]
    assert play.useless == (
        "the simulated world has no platform:fcm: it hits nothing",
        "the simulated world has no platform:daum-mail: it hits nothing",
        "the simulated world has no platform:naver-mail: it hits nothing",
        "the simulated world has no platform:webpush: it hits nothing",
        "no route uses data of carrier:kt: it hits nothing",
    )
