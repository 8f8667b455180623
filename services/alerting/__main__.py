"""`python -m services.alerting`: wiring only. Dead letters can be sent until storing has ended."""

import asyncio
import sys

from prometheus_client import CollectorRegistry

from services.alerting.answers import openapi
from services.alerting.answers.api import Api
from services.alerting.answers.failures import Failures
from services.alerting.answers.run import answer
from services.alerting.database import database
from services.alerting.detection.run import detect
from services.alerting.metrics import Metrics
from services.alerting.settings import AlertingSettings
from services.alerting.storing.run import store
from services.runtime import logs, ops, process
from services.runtime.kafka import Producer, address_of
from services.runtime.serve import serve
from services.runtime.settings import load


async def alerting(stopping: asyncio.Event) -> None:
    """The process from start to stop."""
    settings, ended = load(AlertingSettings), asyncio.Event()
    logs.configure("alerting", settings.instance, settings.log_level)
    registry, health = CollectorRegistry(), ops.Health()
    address, metrics = address_of(settings), Metrics(registry)
    producer = Producer(address, health, registry)
    api, dsn = Api(metrics, Failures()), settings.postgres.get_secret_value()
    endpoints = ops.app(health, registry, [*api.routes(), openapi.route()])
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            serve(endpoints, settings.ops_host, settings.ops_port, stopping), name="ops"
        )
        tasks.create_task(producer.run(ended), name="kafka")
        tasks.create_task(answer(settings, api, metrics, health, stopping), name="answers")
        async with (
            database(dsn, health, stopping) as pool,
            # Storing that waits for Postgres with all its connections delays no incident.
            database(dsn, health, stopping, role_label="detecting", max_size=3) as own,
        ):
            if pool is not None and own is not None:
                told = (producer, metrics)
                # Neither half waits for the other; only one that cannot go on ends both.
                async with asyncio.TaskGroup() as halves:
                    halves.create_task(
                        store(settings, address, pool, *told, health, stopping), name="store"
                    )
                    halves.create_task(
                        detect(settings, address, own, *told, registry, health, stopping),
                        name="detect",
                    )
        ended.set()


def main() -> int:
    """Run until told to stop; the exit code."""
    return process.run(alerting)


if __name__ == "__main__":
    sys.exit(main())
