"""`python -m services.alerting`: wiring only."""

import asyncio
import sys

from prometheus_client import CollectorRegistry

from services.alerting.database import database
from services.alerting.metrics import Metrics
from services.alerting.settings import AlertingSettings
from services.alerting.storing.consumer import Consumer
from services.alerting.storing.revisions import keep_revisions
from services.alerting.storing.sweep import Sweep
from services.alerting.storing.upkeep import keep_partitions
from services.catalogue.publish import Follower
from services.contracts import topics
from services.runtime import logs, ops, process
from services.runtime.kafka import Producer, address_of
from services.runtime.kafka_readers import GroupReader
from services.runtime.serve import serve
from services.runtime.settings import load


async def alerting(stopping: asyncio.Event) -> None:
    """The process from start to stop."""
    settings = load(AlertingSettings)
    logs.configure("alerting", settings.instance, settings.log_level)
    dsn = settings.postgres.get_secret_value()
    logs.register_secrets([dsn, settings.content_key.get_secret_value()])
    registry, health = CollectorRegistry(), ops.Health()
    address, metrics = address_of(settings), Metrics(registry)
    producer = Producer(address, health, registry)
    follower = Follower(address, health, registry)
    async with asyncio.TaskGroup() as outer:
        endpoints = ops.app(health, registry)
        outer.create_task(serve(endpoints, settings.ops_host, settings.ops_port, stopping))
        outer.create_task(producer.run(stopping), name="kafka")
        async with database(dsn, health, stopping) as pool, asyncio.TaskGroup() as tasks:
            if pool is None:
                return
            consumer = Consumer(address, pool, producer, metrics, health, settings)
            sources = (topics.EVIDENCE, topics.HEARTBEATS)
            loops = {
                "storing": GroupReader(address, "store", sources, consumer, health).run(stopping),
                "sweep": Sweep(address, pool, consumer.owned, metrics, health).run(stopping),
                "revisions": keep_revisions(follower, pool, stopping),
                "upkeep": keep_partitions(pool, settings.retention_days, metrics, stopping),
            }
            for name, loop in loops.items():
                tasks.create_task(loop, name=name)


def main() -> int:
    """Run until told to stop; the exit code."""
    return process.run(alerting)


if __name__ == "__main__":
    sys.exit(main())
