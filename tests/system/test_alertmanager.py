"""The shipped configuration of Alertmanager: who is told of what, and what is not told twice."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from services.local.kafka import free_ports
from services.local.prometheus import ALERTMANAGER_CONFIG, EmbeddedAlertmanager, programs
from tests.support.waiting import eventually

ROUTED = [
    ("watchdog", "alertname=BongsuWatchdog", "severity=none"),
    ("proofs", "alertname=BongsuProof", "path=alertmanager", "probe=BSP", "severity=none"),
    ("operators", "alertname=BongsuPartDown", "job=probe", "severity=critical"),
    ("operators", "alertname=BongsuReceiverSilent", "severity=warning"),
    ("incidents", "alertname=BongsuIncident", "kind=outage", "incident=one", "severity=critical"),
    ("operators", "alertname=BongsuIncident", "kind=monitor", "incident=two", "severity=warning"),
]
# What is told, and what it stands for.
MUTED = [
    ({"alertname": "BongsuPartDown", "job": "probe"}, "BongsuNoProbeSent"),
    ({"alertname": "BongsuStoringStopped"}, "BongsuNobodyLeads"),
    ({"alertname": "BongsuNobodyLeads"}, "BongsuCanaryLost"),
    ({"alertname": "BongsuNoProbeSent"}, "BongsuProbesNotSent"),
]
NEVER_MUTED = (
    *("BongsuWatchdog", "BongsuProof", "BongsuIncident"),
    *("BongsuStoringStopped", "BongsuPartDown"),
)


@pytest.mark.parametrize(("receiver", "labels"), [(to, labels) for to, *labels in ROUTED])
def test_each_alert_goes_to_those_whom_it_concerns(receiver: str, labels: list[str]) -> None:
    routed = subprocess.run(
        ["amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER_CONFIG}", *labels],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert routed.returncode == 0, routed.stderr
    assert routed.stdout.split() == [receiver]


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[EmbeddedAlertmanager]:
    found = programs()
    assert found is not None
    async with EmbeddedAlertmanager(found[1], tmp_path, free_ports(1)[0]) as running:
        yield running


async def test_what_follows_from_a_fault_that_is_told_is_not_told_besides(
    alertmanager: EmbeddedAlertmanager,
) -> None:
    url = f"{alertmanager.url}/api/v2/alerts"
    async with aiohttp.ClientSession() as session:
        for cause, follows in MUTED:
            names = {"alertname": follows}
            told = [{"labels": labels} for labels in (cause, names)]
            async with session.post(url, json=told) as answer:
                assert answer.status == 200

        async def states() -> dict[str, str]:
            async with session.get(url) as answer:
                alerts: list[Any] = await answer.json()
            return {a["labels"]["alertname"]: a["status"]["state"] for a in alerts}

        for name in NEVER_MUTED:
            async with session.post(url, json=[{"labels": {"alertname": name}}]) as answer:
                assert answer.status == 200
        expected = {follows: "suppressed" for _, follows in MUTED}
        expected |= dict.fromkeys(NEVER_MUTED, "active")
        await eventually(lambda: _all(states, expected), within=20)


async def _all(states: Any, expected: dict[str, str]) -> bool:
    found = await states()
    return {name: found.get(name) for name in expected} == expected
