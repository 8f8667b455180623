"""The distribution's Prometheus and Alertmanager: our files, and the stack beside them."""

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from services.local.child import HOST
from services.local.prometheus import DEPLOY, PACKAGES, alertmanager_text, configuration
from services.storage.pool import open_pool
from tests.support.chain import Chain, let_through, probed, running, shipped, with_routes
from tests.support.commands import ROOT, Up, bongsu, local_ports
from tests.support.waiting import eventually

RULES = sorted((DEPLOY / "prometheus").glob("*.yml"))
ASK_WITHIN = aiohttp.ClientTimeout(total=5)


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=110)


def test_the_rules_are_valid_and_each_alert_fires_for_its_fault_alone() -> None:
    checked = _run("promtool", "check", "rules", *RULES)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tested = _run("promtool", "test", "rules", *sorted((ROOT / "tests" / "rules").glob("*.yml")))
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_the_generated_and_the_shipped_configuration_are_valid(tmp_path: Path) -> None:
    config, alerts = tmp_path / "prometheus.yml", tmp_path / "alertmanager.yml"
    alerts.write_text(alertmanager_text("http://ingest:8471"))
    config.write_text(configuration({"probe": {"w1": 8472, "w2": 8482}}, RULES, 19093))
    for checked in (
        _run("promtool", "check", "config", config),
        _run("promtool", "check", "config", DEPLOY / "prometheus" / "production.yaml"),
        _run("promtool", "check", "config", DEPLOY / "prometheus" / "containers.yaml"),
        _run("amtool", "check-config", alerts),
        _run("amtool", "check-config", DEPLOY / "alertmanager" / "alertmanager.yml"),
    ):
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_packages_named_to_people_are_those_of_the_list() -> None:
    listed = (ROOT / "deploy" / "debian-packages.txt").read_text().split()
    assert set(PACKAGES.split()) <= set(listed)


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    """The stack, with every route once in 2 s."""
    chain, whole = Chain(tmp_path), shipped()
    async with running(chain, with_routes(whole, probed(whole), interval_s=2, late_s=8)):
        yield chain


@pytest.mark.timeout(180)
async def test_the_stack_is_scraped_judged_by_its_rules_and_heard_by_alertmanager(
    chain: Chain,
) -> None:
    told = json.loads((chain.data / "stack.json").read_text())
    prometheus, alertmanager = told["prometheus"], told["alertmanager"]
    assert any(prometheus in line and alertmanager in line for line in chain.addresses())

    async def every_target_is_up() -> bool:
        found = await _get(f"{prometheus}/api/v1/targets?state=active")
        health = {t["labels"]["instance"]: t["health"] for t in found["data"]["activeTargets"]}
        return health == {part.instance: "up" for part in chain.parts()}

    async def sent_probes_have_series() -> bool:
        return bool(await _query(prometheus, "bongsu_probe_sent_total > 0"))

    async def outcomes_make_an_sli() -> bool:
        return bool(await _query(prometheus, "bongsu:sli_valid:increase1h > 0"))

    async def the_watchdog_is_heard() -> bool:
        return await _heard(alertmanager) == {"BongsuWatchdog", "BongsuProof"}

    await eventually(every_target_is_up, within=30)
    await eventually(sent_probes_have_series, within=30)
    await eventually(outcomes_make_an_sli, within=60)
    await eventually(the_watchdog_is_heard, within=30)
    seen = 'bongsu_probe_stage_seconds_bucket{stage="seen"}'
    span = {"start": str(time.time() - 120), "end": str(time.time())}
    exemplars = (await _get(f"{prometheus}/api/v1/query_exemplars", query=seen, **span))["data"]
    probe = UUID(exemplars[0]["exemplars"][0]["labels"]["probe_id"])
    async with open_pool(chain.dsn("grafana"), role_label="test", max_size=1) as boards:
        query = "SELECT outcome FROM dash.probe WHERE probe_id = $1"
        assert await boards.fetchval(query, probe) == "delivered"
        (receiver,) = await boards.fetch("SELECT * FROM dash.receiver ORDER BY 1, 2 LIMIT 1")
        assert receiver["last_seen_at"] is not None
    rules = await _get(f"{prometheus}/api/v1/rules")
    health = {g["name"]: {r["health"] for r in g["rules"]} for g in rules["data"]["groups"]}
    slow = health.pop("bongsu-sli-days")  # its first turn may be 5 minutes away
    quick = ("bongsu-sli", "bongsu-budgets", "bongsu-itself")
    assert health == {name: {"ok"} for name in quick}
    assert slow <= {"ok", "unknown"}
    await eventually(lambda: _every_board_is_answered(chain), within=60)


def test_without_the_packages_the_stack_says_how_to_get_them_and_needs_no_ports_for_them(
    tmp_path: Path,
) -> None:
    let_through(tmp_path)
    programs, ports = tmp_path / "bin", local_ports()
    programs.mkdir()
    if unshare := shutil.which("unshare"):  # PostgreSQL as root asks for it
        (programs / "unshare").symlink_to(unshare)
    with socket.create_server((HOST, int(ports["BONGSU_LOCAL_PROMETHEUS_PORT"]))):
        up = Up(
            tmp_path / "data", tmp_path / "summary.json", "--for", "1s",
            ports=ports | {"PATH": str(programs)},
        )  # fmt: skip
        try:
            up.wait_ready()
            up.finish()
        finally:
            up.end()
    assert f"apt-get install {PACKAGES}" in up.text
    assert "Prometheus http" not in up.text


async def _every_board_is_answered(chain: Chain) -> bool:
    done = await asyncio.to_thread(bongsu, "dashboards", "check", data=chain.data)
    assert done.code == 0, done.err
    return True


async def _query(prometheus: str, expression: str) -> list[Any]:
    found = await _get(f"{prometheus}/api/v1/query", query=expression)
    return list(found["data"]["result"])


async def _heard(alertmanager: str) -> set[str]:
    return {alert["labels"]["alertname"] for alert in await _get(f"{alertmanager}/api/v2/alerts")}


async def _get(url: str, **params: str) -> Any:
    async with (
        aiohttp.ClientSession(timeout=ASK_WITHIN) as session,
        session.get(url, params=params) as answer,
    ):
        answer.raise_for_status()
        return await answer.json()
