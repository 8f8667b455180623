"""The local stack: real Kafka and Postgres, a simulated outside world, every process of bongsu.

`start` is told in order; `stop` is its reverse. State stays in the data folder, so a second start
goes on where the first ended. Every child dies with this process, whatever ends it.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from services.adapters import discover, known_codes
from services.contracts import topics
from services.contracts.catalogue import Catalogue
from services.local import keys, outside
from services.local.child import HOST, Child, Server, ServerStartError, require_free_port
from services.local.jars import Progress
from services.local.kafka import EmbeddedKafka
from services.local.mail import EmbeddedImap
from services.local.postgres import EmbeddedPostgres
from services.local.prometheus import (
    PACKAGES,
    EmbeddedAlertmanager,
    EmbeddedPrometheus,
    Targets,
    programs,
)
from services.local.settings import MONITORS, LocalSettings
from services.runtime import retry
from services.runtime.errors import Retry
from services.runtime.kafka import Address, create_topics
from services.runtime.secrets import SecretFolder
from services.storage import migrate

READY_WITHIN_S = 45.0
INIT_WITHIN_S = 30.0
# A stop ends within 14 s: Postgres may take a second more than it is given.
PROCESS_STOP_S, WORLD_STOP_S, STOP_S = 10.0, 1.5, 13.0
DATABASE, WORLD = "bongsu", "simulators"
ADDRESSES = "stack.json"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One process: its module, its instance id, its ops port, and what else it is told."""

    module: str
    instance: str
    ops_port: int
    env: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`probe-w1` and so on: for logs and messages."""
        return f"{self.kind}-{self.instance}"

    @property
    def kind(self) -> str:
        """`probe` and so on; its job in Prometheus."""
        return self.module.rsplit(".", 1)[-1]


class Stack:
    """The servers and processes of one data folder."""

    def __init__(self, data: Path, settings: LocalSettings, tell: Tell, fetched: Progress) -> None:
        self.data, self.settings = data.absolute(), settings
        self._tell, self._fetched = tell, fetched
        self.secrets = self.data / "secrets"
        self.kafka = EmbeddedKafka(
            self.data / "kafka",
            settings.kafka_port,
            settings.kafka_controller_port,
            settings.cache,
        )
        self.postgres: EmbeddedPostgres | None = None
        self.mail: EmbeddedImap | None = None
        self.monitors: dict[str, EmbeddedAlertmanager | EmbeddedPrometheus] = {}
        self.children: dict[str, Child] = {}
        self.destinations: dict[str, dict[str, str]] = {}

    @property
    def address(self) -> Address:
        """Kafka as the command line reaches it."""
        return Address(
            {"bootstrap_servers": self.kafka.bootstrap}, prefix="bongsu", development=True
        )

    @property
    def simulators_url(self) -> str:
        """The outside world: provider front ends and its control."""
        return f"http://{HOST}:{self.settings.simulators_port}"

    @property
    def ingest_url(self) -> str:
        """Where handsets send receipts."""
        return f"http://{HOST}:{self.settings.ingest_port}"

    @property
    def answers_url(self) -> str:
        """Where a link of a page leads."""
        return f"http://{HOST}:{self.settings.answers_port}"

    def dsn(self, role: str) -> str:
        """The product's database for `owner`, `sink`, `report` or `grafana`."""
        password = keys.shared_key(self.secrets, f"postgres-{role}")
        user = "bongsu" if role == "owner" else f"bongsu_{role}"
        return f"postgresql://{user}:{password}@{HOST}:{self.settings.postgres_port}/{DATABASE}"

    async def start(self, catalogue: Catalogue) -> None:
        """Everything up to processes that answer; they are ready once a catalogue is applied.

        Raises ServerStartError with one sentence; what was started is then stopped by `stop`.
        """
        monitoring = programs()
        for name, port in self.settings.ports().items():
            if monitoring or name not in MONITORS:
                require_free_port(port)
        self.destinations = outside.destinations(catalogue, self.simulators_url, self.settings)
        keys.make_secrets(self.secrets, catalogue, discover())
        await self._start_servers(catalogue)
        await self._init()
        self._start_world(catalogue)
        for part in self.parts():
            self.start_part(part)
        await self._start_monitors(monitoring, catalogue)
        self._start_preview()
        self._write_addresses()

    async def ready(self) -> None:
        """Wait until everything says it is ready. Raises ServerStartError with who is not."""
        self._tell("waiting until every process is ready")
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            for part in self.parts():
                await self._ready_part(session, part)
        await _both(*(monitor.ready() for monitor in self.monitors.values()))

    async def stop(self) -> None:
        """Processes first, all at once, then the outside world, then the servers; each by force
        when its time is over, so that all is gone within 14 s."""
        ends = time.monotonic() + STOP_S
        (self.data / ADDRESSES).unlink(missing_ok=True)
        world = [self.children[name] for name in self.children if name == WORLD]
        await _stop_all([c for c in self.children.values() if c not in world], PROCESS_STOP_S)
        await _stop_all(world, WORLD_STOP_S)
        left = max(1.0, ends - time.monotonic())
        await asyncio.gather(*(server.stop(left) for server in self._servers()))

    async def watch(self) -> None:
        """Return never; raises ServerStartError as soon as anything has ended by itself."""
        while True:
            for child in (*self.children.values(), *(s.child for s in self._servers())):
                child.raise_if_ended()
            await asyncio.sleep(0.5)

    def _servers(self) -> list[Server]:
        started = [server for server in (self.postgres, self.mail) if server]
        return [self.kafka, *started, *self.monitors.values()]

    def addresses(self) -> list[str]:
        """What listens where, for people."""
        ports = self.settings
        monitors = [f"{m.child.name} {m.url}" for m in self.monitors.values()]
        return [
            f"boards http://{HOST}:{ports.preview_port}/ (a preview, not Grafana)",
            f"Kafka {self.kafka.bootstrap}, Postgres {HOST}:{ports.postgres_port}",
            f"ingest {self.ingest_url}, outside world {self.simulators_url}",
            f"mail: relay {HOST}:{ports.smtp_port}, mailboxes {HOST}:{ports.imap_port}",
            f"health and metrics: alerting {HOST}:{ports.alerting_ops_port},"
            f" reporting :{ports.reporting_ops_port}, ingest :{ports.ingest_ops_port},"
            f" probe :{ports.probe_ops_port} and :{ports.probe_2_ops_port}",
            *([", ".join(monitors)] if monitors else []),
            f"logs in {self.data / 'logs'}",
        ]

    def parts(self) -> list[Part]:
        """The processes of the stack: two probe workers, one of each other kind."""
        ports = self.settings
        keys_env = {
            "BONGSU_SECRETS_DIR": str(self.secrets),
            "BONGSU_ID_KEY_FILE": str(self.secrets / "id-key"),
            "BONGSU_CONTENT_KEY_FILE": str(self.secrets / "content-key"),
        }
        probe_env = keys_env | {
            "BONGSU_CONTROL_URL": f"{self.simulators_url}/control",
            "BONGSU_PUBLIC_URL": self.ingest_url,
        }
        one, two = (
            probe_env | _ways(outside.through(f"http://{HOST}:{port}", self.destinations))
            for port in ports.proxies().values()
        )
        ingest_env = keys_env | _ways(self.destinations) | {"BONGSU_PORT": str(ports.ingest_port)}
        alerting_env = (
            keys_env
            | _ways(self.destinations)
            | {
                "BONGSU_POSTGRES": self.dsn("sink"),
                "BONGSU_ANSWERS_PORT": str(ports.answers_port),
                "BONGSU_PUBLIC_URL": self.answers_url,
            }
        )
        reporting_env = _ways(self.destinations) | {
            "BONGSU_POSTGRES": self.dsn("report"),
            "BONGSU_SECRETS_DIR": str(self.secrets),
        }
        return [
            Part("services.alerting", "a1", ports.alerting_ops_port, alerting_env),
            Part("services.reporting", "r1", ports.reporting_ops_port, reporting_env),
            Part("services.ingest", "i1", ports.ingest_ops_port, ingest_env),
            Part("services.probe", "w1", ports.probe_ops_port, one),
            Part("services.probe", "w2", ports.probe_2_ops_port, two),
        ]

    def start_part(self, part: Part) -> None:
        """Start (again) one process; its output goes to `logs/<name>.log` in the data folder."""
        told = {
            "BONGSU_KAFKA": self.kafka.bootstrap,
            "BONGSU_DEVELOPMENT": "true",
            "BONGSU_INSTANCE": part.instance,
            "BONGSU_OPS_PORT": str(part.ops_port),
        }
        self._start_child(part.name, [sys.executable, "-m", part.module], told | part.env)

    async def _start_servers(self, catalogue: Catalogue) -> None:
        self._tell("starting Kafka, Postgres and a mail server")
        password = keys.shared_key(self.secrets, "postgres-owner")
        self.postgres = EmbeddedPostgres(
            self.data / "postgres", self.settings.postgres_port, password
        )
        logins = outside.mail_users(catalogue, SecretFolder(self.secrets))
        self.mail = EmbeddedImap(self.data / "mail", self.settings.imap_port, logins)
        await _both(
            self.kafka.start(progress=self._fetched), self.postgres.start(), self.mail.start()
        )
        await _both(self.kafka.ready(), self.postgres.ready(), self.mail.ready())

    async def _init(self) -> None:
        """Topics, database, roles. Kafka may still refuse for a moment after it listens."""
        self._tell("making topics, schema and roles")
        assert self.postgres is not None
        passwords = {
            f"bongsu_{role}": keys.shared_key(self.secrets, f"postgres-{role}")
            for role in ("sink", "report", "grafana")
        }
        await migrate.init_database(self.postgres.dsn, DATABASE, passwords, known_codes())
        backoff, clock = retry.Backoff(cap_s=1.0), asyncio.get_running_loop()
        deadline = clock.time() + INIT_WITHIN_S
        while True:
            try:
                await create_topics(self.address, topics.ALL)
                return
            except Retry as error:
                if clock.time() > deadline:
                    raise ServerStartError(f"topics cannot be made: {error}") from None
                await asyncio.sleep(backoff.next_s())

    def _start_world(self, catalogue: Catalogue) -> None:
        self._tell("starting the simulated outside world and the processes")
        config = self.data / "secrets" / "world.json"
        secrets = SecretFolder(self.secrets)
        outside.write_world(config, catalogue, secrets, self.ingest_url, self.settings)
        told = {
            "BONGSU_SIM_CONFIG": str(config),
            "BONGSU_SIM_PORT": str(self.settings.simulators_port),
        }
        self._start_child(WORLD, [sys.executable, "-m", "simulators"], told)

    async def _start_monitors(
        self, installed: tuple[str, str] | None, catalogue: Catalogue
    ) -> None:
        if installed is None:
            self._tell(
                "no Prometheus and no Alertmanager, whose path is left out of the on-call file:"
                f" apt-get install {PACKAGES}"
            )
            return
        self._tell("starting Prometheus and Alertmanager")
        ports, words = self.settings, outside.proof_words(catalogue, SecretFolder(self.secrets))
        self.monitors = {
            "prometheus": EmbeddedPrometheus(
                installed[0], self.data / "prometheus", ports.prometheus_port,
                self._targets(), ports.alertmanager_port,
            ),
            "alertmanager": EmbeddedAlertmanager(
                installed[1], self.data / "alertmanager", ports.alertmanager_port,
                self.ingest_url, words.get("alertmanager", ""),
            ),
        }  # fmt: skip
        await _both(*(monitor.start() for monitor in self.monitors.values()))

    def _start_preview(self) -> None:
        """The boards for a browser; it asks as Grafana would, with Grafana's login."""
        told = {
            "BONGSU_PREVIEW_PORT": str(self.settings.preview_port),
            "BONGSU_PREVIEW_POSTGRES": self.dsn("grafana"),
        }
        if "prometheus" in self.monitors:
            told["BONGSU_PREVIEW_PROMETHEUS"] = self.monitors["prometheus"].url
        self._start_child("preview", [sys.executable, "-m", "dashboards.preview"], told)

    def _targets(self) -> Targets:
        found: dict[str, dict[str, int]] = {}
        for part in self.parts():
            found.setdefault(part.kind, {})[part.instance] = part.ops_port
        return found

    def _start_child(self, name: str, command: list[str], told: dict[str, str]) -> None:
        logs = self.data / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        child = Child(name, logs / f"{name}.log", signal.SIGTERM)
        child.start(command, cwd=self.data, env=_environment() | told)
        self.children[name] = child

    async def _ready_part(self, session: aiohttp.ClientSession, part: Part) -> None:
        deadline = asyncio.get_running_loop().time() + READY_WITHIN_S
        url = f"http://{HOST}:{part.ops_port}/readyz"
        while (why := await _not_ready(session, url)) is not None:
            self.children[part.name].raise_if_ended()
            if asyncio.get_running_loop().time() > deadline:
                raise ServerStartError(
                    f"{part.name} is not ready after {READY_WITHIN_S:g} s: {why};"
                    f" see {self.children[part.name].log}"
                )
            await asyncio.sleep(0.1)

    def _write_addresses(self) -> None:
        """What another terminal's `bongsu` needs to find this stack."""
        found = {
            "kafka": self.kafka.bootstrap,
            "postgres_port": self.settings.postgres_port,
            "simulators": self.simulators_url,
            "answers": self.answers_url,
            "ops": {part.name: f"http://{HOST}:{part.ops_port}" for part in self.parts()},
            **{name: monitor.url for name, monitor in self.monitors.items()},
        }
        (self.data / ADDRESSES).write_text(json.dumps(found), encoding="utf-8")


async def _both(*works: Coroutine[Any, Any, None]) -> None:
    """Wait for all, also when one fails, so that a stop meets nothing that still starts."""
    for result in await asyncio.gather(*works, return_exceptions=True):
        if result is not None:
            raise result


def _ways(destinations: dict[str, dict[str, str]]) -> dict[str, str]:
    return {"BONGSU_DESTINATIONS": json.dumps(destinations)}


def _environment() -> dict[str, str]:
    """Ours without BONGSU_ settings: a stack is told everything by its own options."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BONGSU_")}


async def _not_ready(session: aiohttp.ClientSession, url: str) -> str | None:
    try:
        async with session.get(url) as response:
            return None if response.status == 200 else await response.text()
    except (aiohttp.ClientError, TimeoutError):
        return "it does not answer yet"


async def _stop_all(children: list[Child], within_s: float) -> None:
    await asyncio.gather(*(child.stop(signal.SIGTERM, within_s) for child in children))
