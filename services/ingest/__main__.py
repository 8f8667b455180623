"""`python -m services.ingest`: wiring only. Order of the stop: no new requests, answer, flush."""

import asyncio
import sys
from functools import partial

from prometheus_client import CollectorRegistry

from services import adapters
from services.catalogue.publish import Follower
from services.contracts.topics import ALL, EVIDENCE
from services.ingest import app, receivers
from services.ingest.mailboxes import Mailboxes
from services.ingest.metrics import Metrics
from services.ingest.opened import Openings
from services.ingest.poll import Poller
from services.ingest.receive import Keeper, Receipts
from services.ingest.returned import Returns
from services.ingest.settings import IngestSettings
from services.ingest.watched import Directory
from services.ingest.webhooks import Webhooks
from services.runtime import logs, ops, process
from services.runtime.clock import SystemClock
from services.runtime.heartbeat import beat
from services.runtime.kafka import Producer, address_of, partition_count, wait_for_topics
from services.runtime.kafka_readers import GroupReader, offsets_since
from services.runtime.retry import until
from services.runtime.secrets import SecretFolder
from services.runtime.serve import serve
from services.runtime.settings import load

FINISH_WITHIN_S = 4.0


async def ingest(stopping: asyncio.Event) -> None:
    """The process from start to stop."""
    settings = load(IngestSettings)
    logs.configure("ingest", settings.instance, settings.log_level)
    registry, health, clock = CollectorRegistry(), ops.Health(), SystemClock()
    metrics, address, drained = Metrics(registry), address_of(settings), asyncio.Event()
    producer = Producer(address, health, registry)
    follower = Follower(address, health, registry)
    secrets = SecretFolder(settings.secrets_dir)
    keeper = Keeper(
        settings.instance, settings.id_key.get_secret_value().encode(),
        settings.content_key.get_secret_value().encode(),
    )  # fmt: skip
    receipts = Receipts(keeper, lambda: follower.catalogue, secrets, producer, metrics, clock)
    openings = Openings(
        keeper, adapters.discover(), lambda: follower.catalogue, secrets, settings.destinations,
        producer, clock,
    )  # fmt: skip
    webhooks = Webhooks(
        keeper, adapters.discover(), lambda: follower.catalogue, secrets, producer, metrics, clock
    )
    returns = Returns(keeper, lambda: follower.catalogue, secrets, producer, clock)
    apps = list(receivers.discover().values())
    public = app.create(receipts, apps, webhooks, returns, openings, metrics)
    poller = Poller(
        keeper, adapters.discover(), lambda: follower.catalogue, secrets, settings.destinations,
        producer, partial(offsets_since, address), metrics, clock,
    )  # fmt: skip
    mailboxes = Mailboxes(
        keeper, Directory(lambda: follower.catalogue, secrets, settings.destinations),
        lambda: partition_count(address, EVIDENCE), lambda: poller.pending.partitions,
        settings.spam_folders, producer, metrics, clock,
    )  # fmt: skip
    reader = GroupReader(address, "poll", [EVIDENCE], poller, health)
    answering = {
        "receipts": serve(public, settings.host, settings.port, stopping),
        "look-ups": until(stopping, poller.run(stopping), FINISH_WITHIN_S),
        "mailboxes": until(stopping, mailboxes.run(stopping), FINISH_WITHIN_S),
    }
    loops = {
        "ops": serve(ops.app(health, registry), settings.ops_host, settings.ops_port, stopping),
        "kafka": producer.run(drained),
        "topics": wait_for_topics(address, ALL, stopping),
        "catalogue": until(stopping, follower.follow(stopping, metrics.keep_only)),
        "evidence": reader.run(stopping),
        "heartbeat": beat(
            keeper.source,
            tuple,
            producer,
            clock,
            health,
            metrics.selfcheck.labels("ingest_heartbeat").set_to_current_time,
            stopping,
        ),
    }
    async with asyncio.TaskGroup() as tasks:
        for name, loop in loops.items():
            tasks.create_task(loop, name=name)
        finishing = [tasks.create_task(loop, name=name) for name, loop in answering.items()]
        await asyncio.wait(finishing)
        drained.set()


def main() -> int:
    """Run until told to stop; the exit code."""
    return process.run(ingest)


if __name__ == "__main__":
    sys.exit(main())
