"""Real Kafka and PostgreSQL for tests: an address that was given, a container, or embedded servers.

In: `BONGSU_TEST_KAFKA` and `BONGSU_TEST_POSTGRES` (addresses of running servers),
`BONGSU_TEST_SERVERS=containers`. Out: addresses. Nothing is ever skipped for want of a server.

A server starts when the first test asks for it, and once per run: under pytest-xdist the
controlling process owns the servers, and its workers ask it over a local socket.
"""

import asyncio
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.connection import Client, Listener
from pathlib import Path

from services.local.kafka import EmbeddedKafka, free_ports
from services.local.postgres import EmbeddedPostgres
from tests.support import contained

GIVEN = {"kafka": "BONGSU_TEST_KAFKA", "postgres": "BONGSU_TEST_POSTGRES"}
CONTAINERS = "containers"
STARTING_S = 300.0
ENOUGH = "stop"


def in_containers() -> bool:
    """Were containers asked for?"""
    return os.environ.get("BONGSU_TEST_SERVERS") == CONTAINERS


class Servers:
    """The servers of one test run; `address` starts what is not there yet."""

    def __init__(self) -> None:
        self._addresses: dict[str, str] = {}
        self._stops: list[Callable[[], object]] = []

    def address(self, name: str) -> str:
        """`host:port` of `kafka`, or the administrator's DSN of `postgres`."""
        if name not in self._addresses:
            self._addresses[name] = os.environ.get(GIVEN[name]) or self._start(name)
        return self._addresses[name]

    def _start(self, name: str) -> str:
        if in_containers():
            return self._start_container(name)
        folder = Path(tempfile.mkdtemp(prefix=f"bongsu-test-{name}-"))
        # PostgreSQL may have to run as nobody, who must get through to its data.
        folder.chmod(0o711)
        self._stops.append(lambda: shutil.rmtree(folder, ignore_errors=True))
        return asyncio.run(self._start_embedded(name, folder))

    async def _start_embedded(self, name: str, folder: Path) -> str:
        server: EmbeddedKafka | EmbeddedPostgres
        if name == "kafka":
            port, controller_port = free_ports(2)
            server = EmbeddedKafka(folder / name, port, controller_port)
        else:
            server = EmbeddedPostgres(folder / name, free_ports(1)[0], secrets.token_urlsafe(12))
        self._stops.append(lambda: asyncio.run(server.stop()))
        await server.start()
        await server.ready()
        return server.bootstrap if isinstance(server, EmbeddedKafka) else server.dsn

    def _start_container(self, name: str) -> str:
        container, address = contained.start(name)
        self._stops.append(container.stop)
        return address

    def stop(self) -> None:
        """Stop what was started, last first."""
        while self._stops:
            self._stops.pop()()


class Desk:
    """In the controlling process of a parallel run: a thread that owns the servers and answers.

    The thread starts the servers itself and outlives them: their parent, to Linux, is the thread.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._listener = Listener(authkey=self._key)
        self._thread = threading.Thread(target=self._serve, name="test-servers", daemon=True)
        self._thread.start()

    @property
    def card(self) -> tuple[str, bytes]:
        """What a worker needs to ask: the socket and its key."""
        return str(self._listener.address), self._key

    def _serve(self) -> None:
        servers = Servers()
        try:
            while self._answer(servers):
                pass
        finally:
            servers.stop()

    def _answer(self, servers: Servers) -> bool:
        """Answer one worker; False when told that it is enough."""
        try:
            with self._listener.accept() as line:
                if (name := line.recv()) == ENOUGH:
                    line.send(("", ""))
                    return False
                line.send(_address_or_error(servers, name))
        except (EOFError, OSError):
            pass  # the worker died while it asked: the others still need their servers
        return True

    def close(self) -> None:
        """Stop the servers and the thread."""
        ask(self.card, ENOUGH)
        self._thread.join(STARTING_S)
        self._listener.close()


def _address_or_error(servers: Servers, name: str) -> tuple[str, str]:
    try:
        return servers.address(name), ""
    except Exception as error:
        return "", f"{type(error).__name__}: {error}"


def ask(card: tuple[str, bytes], name: str) -> str:
    """The worker's side: the address of a server, started now if need be."""
    address, key = card
    with Client(address, authkey=key) as line:
        line.send(name)
        if not line.poll(STARTING_S):
            raise TimeoutError(f"{name} did not start within {STARTING_S:g} s")
        found, error = line.recv()
    if error:
        raise RuntimeError(error)
    return str(found)
