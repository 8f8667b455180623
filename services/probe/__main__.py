"""`python -m services.probe`: wiring only. Order of the stop: no new slots, calls end, flush."""

import asyncio
import sys

from prometheus_client import CollectorRegistry

from services.adapters import discover
from services.catalogue.publish import Follower
from services.contracts.topics import COMMANDS
from services.probe.accounts import Accounts
from services.probe.commands import Commands, read_commands
from services.probe.message import Keys
from services.probe.metrics import Metrics
from services.probe.reach import CONTROL, Reach, ask_control
from services.probe.settings import ProbeSettings
from services.probe.worker import Worker
from services.runtime import logs, ops, process
from services.runtime.clock import SystemClock
from services.runtime.heartbeat import beat
from services.runtime.http import Destination
from services.runtime.kafka import Producer, address_of, partition_count
from services.runtime.retry import until
from services.runtime.secrets import SecretFolder
from services.runtime.serve import serve
from services.runtime.settings import load

FINISH_WITHIN_S = 6.0


async def probe(stopping: asyncio.Event) -> None:
    """The process from start to stop."""
    settings = load(ProbeSettings)
    logs.configure("probe", settings.instance, settings.log_level)
    registry, health, clock = CollectorRegistry(), ops.Health(), SystemClock()
    metrics, address, drained = Metrics(registry), address_of(settings), asyncio.Event()
    reach, adapters = Reach(metrics), discover()
    producer = Producer(address, health, registry)
    follower = Follower(address, health, registry)
    keys = Keys.of(settings)
    control = settings.destinations.get(CONTROL, Destination())
    secrets = SecretFolder(settings.secrets_dir)
    async with (
        Accounts(adapters, secrets, settings.destinations, reach.exchanged) as accounts,
        asyncio.TaskGroup() as tasks,
    ):
        worker = Worker(keys, accounts, producer, clock, metrics, health)
        commands = Commands(
            worker, lambda: partition_count(address, COMMANDS), settings.extra_probes_a_day,
            adapters, clock, metrics,
        )  # fmt: skip
        loops = {
            "ops": serve(ops.app(health, registry), settings.ops_host, settings.ops_port, stopping),
            "kafka": producer.run(drained),
            "catalogue": until(stopping, follower.follow(stopping, worker.change)),
            "commands": until(
                stopping, read_commands(address, commands, health, stopping), FINISH_WITHIN_S
            ),
            "heartbeat": beat(
                f"worker/{settings.instance}",
                reach.take,
                producer,
                clock,
                health,
                metrics.selfcheck.labels("worker_heartbeat").set_to_current_time,
                stopping,
                settings.heartbeat_s,
            ),
            "control": ask_control(settings.control_url, control, reach.exchanged, stopping),
            "schedule": worker.run(stopping),
        }
        for name, loop in loops.items():
            tasks.create_task(loop, name=name)
        await stopping.wait()
        await worker.drain(FINISH_WITHIN_S)
        drained.set()


def main() -> int:
    """Run until told to stop; the exit code."""
    return process.run(probe)


if __name__ == "__main__":
    sys.exit(main())
