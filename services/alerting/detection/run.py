"""Steps 7 and 8 in the process: the loops that detect, lead, write and tell the outside that they
do, each begun anew by itself.

In:  Kafka, the pool. Out: nothing of its own. Before: `services/alerting/__main__.py`.
After: `tail.py` reads and ticks, `incidents/writing.py` writes. What goes wrong in one loop is
counted and logged; the others go on, and storing does not notice.
"""

import asyncio
from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry

from services.alerting.detection.tail import LOOP, Tail
from services.alerting.incidents.writing import Writer
from services.alerting.leader import Leader
from services.alerting.metrics import Metrics
from services.alerting.paging.heartbeat import Heartbeat
from services.alerting.paging.notifiers import Notifiers
from services.alerting.paging.notifiers.base import Outside
from services.alerting.paging.proof import Keys, Prover
from services.alerting.paging.run import page
from services.alerting.settings import AlertingSettings
from services.catalogue.publish import Follower
from services.runtime.kafka import Address, Publisher
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause, until
from services.runtime.secrets import SecretFolder
from services.storage.pool import Pool

FINISH_WITHIN_S = 4.0
_log = structlog.get_logger()


async def detect(
    settings: AlertingSettings, address: Address, pool: Pool, publisher: Publisher,
    metrics: Metrics, registry: CollectorRegistry, health: Health, stopping: asyncio.Event,
) -> None:  # fmt: skip
    """Detect until `stopping`."""
    follower = Follower(address, health, registry)
    leader = Leader(settings.postgres.get_secret_value(), settings.instance, health)
    writer = Writer(pool, leader, metrics, health)
    one = Tail(settings, address, pool, publisher, metrics, health, follower, writer)
    switch = Heartbeat(settings, address, pool, metrics, health)
    prover = _prover(settings, pool, publisher, follower, metrics, health)
    loops = {
        "catalogue": lambda: follower.follow(stopping, lambda _: None),
        "leader": lambda: leader.run(stopping),
        "incidents": lambda: writer.run(stopping),
        LOOP: lambda: one.run(stopping),
        "heartbeat": lambda: switch.run(stopping),
        "proof": lambda: prover.run(stopping),
        "paging": lambda: page(settings, lambda: follower.catalogue, metrics, health, stopping),
    }

    async def anew(name: str) -> None:
        backoff = Backoff()
        while not stopping.is_set():
            try:
                await until(stopping, loops[name](), FINISH_WITHIN_S)
            except Exception as error:
                metrics.detection_crashes.inc()
                health.waits(LOOP, f"begun anew after {type(error).__name__}")
                _log.exception("detection begins anew after an error", part=name)
            health.turn(LOOP)
            await pause(stopping, backoff.next_s())

    async with asyncio.TaskGroup() as tasks:
        for name in loops:
            tasks.create_task(anew(name), name=name)


def _prover(
    settings: AlertingSettings, pool: Pool, publisher: Publisher, follower: Follower,
    metrics: Metrics, health: Health,
) -> Prover:  # fmt: skip
    outside = Outside(settings.destinations, timedelta(seconds=settings.alert_lasts_s))
    id_key, content_key = settings.id_key, settings.content_key
    keys = Keys(
        settings.instance,
        id_key.get_secret_value().encode(),
        content_key.get_secret_value().encode(),
        timedelta(seconds=settings.proof_every_s),
    )
    return Prover(
        pool, publisher, Notifiers(outside), SecretFolder(settings.secrets_dir),
        lambda: follower.catalogue, keys, metrics, health,
    )  # fmt: skip
