"""`bongsu health`, as a container's health check runs it."""

import asyncio
import sys

from prometheus_client import CollectorRegistry

from services.local.kafka import free_ports
from services.runtime import ops
from services.runtime.serve import serve
from tests.support.commands import ROOT, clean_environment
from tests.support.waiting import eventually


async def _asked(port: int) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cli.health", cwd=ROOT,
        env=clean_environment() | {"BONGSU_OPS_PORT": str(port)}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    return process.returncode, said.decode().strip()


async def test_a_process_is_healthy_when_it_says_that_it_is_ready_and_unwell_with_its_reason() -> (
    None
):
    (port,), health, stopping = free_ports(1), ops.Health(), asyncio.Event()
    assert await _asked(port) == (
        1, f"http://127.0.0.1:{port}/readyz does not answer (ConnectionRefusedError)"
    )  # fmt: skip
    health.needs("kafka")
    app = ops.app(health, CollectorRegistry())
    serving = asyncio.create_task(serve(app, "127.0.0.1", port, stopping))
    assert await eventually(lambda: _told(port), 5) == (1, '{"kafka":"no answer"}')
    health.answered("kafka")
    assert await _asked(port) == (0, "")
    stopping.set()
    await serving


async def _told(port: int) -> tuple[int | None, str] | None:
    """Once it listens."""
    code, said = await _asked(port)
    return None if "does not answer" in said else (code, said)
