"""A worker on memory: a publisher without a broker, a scripted adapter, a clock that is moved."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.contracts.catalogue import Catalogue
from services.contracts.evidence import CanaryAnnounced, ProbeAnswered, ProbeSent
from services.probe.accounts import Accounts
from services.probe.metrics import Metrics
from services.probe.reach import Reach
from services.probe.schedule import PlannedProbe
from services.probe.worker import Worker
from services.runtime.ops import Health
from services.runtime.secrets import SecretFolder
from tests.support.memory import MemoryPublisher
from tests.support.probing import (
    ADAPTER,
    KEYS,
    MovedClock,
    Script,
    a_catalogue,
    scripted,
    write_secrets,
)


@dataclass
class Bench:
    """A worker and everything round it."""

    worker: Worker
    accounts: Accounts
    script: Script
    secrets: Path
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    clock: MovedClock = field(default_factory=MovedClock)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def planned(self, catalogue: Catalogue | None = None, **over: Any) -> PlannedProbe:
        """The first route's probe of this moment."""
        catalogue = catalogue or self.worker.catalogue
        assert catalogue is not None
        route = over.pop("route", None) or next(iter(catalogue.routes.values()))
        return PlannedProbe(catalogue, route, over.pop("receiver", "skt-01"), self.clock.at, **over)

    @property
    def sent(self) -> list[ProbeSent]:
        """The announcements that Kafka has."""
        return [r for r in self.publisher.records if isinstance(r, ProbeSent)]

    @property
    def answers(self) -> list[ProbeAnswered]:
        """The answers that Kafka has."""
        return [r for r in self.publisher.records if isinstance(r, ProbeAnswered)]

    @property
    def canaries(self) -> list[CanaryAnnounced]:
        """Those that Kafka has."""
        return [r for r in self.publisher.records if isinstance(r, CanaryAnnounced)]

    def value(self, name: str, **labels: str) -> float:
        """A metric's value; 0 while it has none."""
        return self.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
async def bench_of(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Makes a bench whose adapter gives these answers."""
    async with AsyncExitStack() as stack:

        async def make(*answers: Any, catalogue: Catalogue | None = None) -> Bench:
            script, registry = Script(*answers), CollectorRegistry()
            metrics, publisher, clock = Metrics(registry), MemoryPublisher(), MovedClock()
            secrets = write_secrets(tmp_path)
            accounts = await stack.enter_async_context(
                Accounts(
                    {ADAPTER: scripted(script)}, SecretFolder(secrets), {}, Reach(metrics).exchanged
                )
            )
            worker = Worker(KEYS, accounts, publisher, clock, metrics, Health())
            worker.change(catalogue or a_catalogue())
            worker.own({0}, 1)
            return Bench(worker, accounts, script, secrets, publisher, clock, registry)

        yield make
