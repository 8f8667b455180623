"""`python -m services.reporting`: wiring only."""

import asyncio
import sys

from prometheus_client import CollectorRegistry

from services.reporting.metrics import Metrics
from services.reporting.run import pulse, rounds
from services.reporting.settings import ReportingSettings
from services.runtime import logs, ops, process
from services.runtime.kafka import address_of
from services.runtime.serve import serve
from services.runtime.settings import load


async def reporting(stopping: asyncio.Event) -> None:
    """The process from start to stop. What is counted when it stops is counted again later."""
    settings = load(ReportingSettings)
    logs.configure("reporting", settings.instance, settings.log_level)
    registry, health = CollectorRegistry(), ops.Health()
    endpoints = ops.app(health, registry)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            serve(endpoints, settings.ops_host, settings.ops_port, stopping), name="ops"
        )
        tasks.create_task(pulse(settings, health, stopping), name="pulse")
        sealing = tasks.create_task(
            rounds(settings, address_of(settings), Metrics(registry), stopping), name="rounds"
        )
        await stopping.wait()
        sealing.cancel()


def main() -> int:
    """Run until told to stop; the exit code."""
    return process.run(reporting)


if __name__ == "__main__":
    sys.exit(main())
