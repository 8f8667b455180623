"""What every test has: a mark by its folder, real servers on demand, no sockets in unit tests."""

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from tests.support import contained
from tests.support.brokers import Desk, Servers, ask, in_containers

HERE = Path(__file__).parent
KINDS = ("unit", "contract", "integration", "chaos", "e2e", "system")
CONNECT_S = 10

desk_key = pytest.StashKey[Desk]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folder is the kind: nobody has to remember a mark."""
    for item in items:
        if (
            item.path.is_relative_to(HERE)
            and (kind := item.path.relative_to(HERE).parts[0]) in KINDS
        ):
            item.add_marker(kind)


class SharedServers:
    """Hooks of the controlling process under pytest-xdist."""

    def __init__(self) -> None:
        self.desk: Desk | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Each worker gets told where to ask."""
        self.desk = self.desk or Desk()
        node.workerinput["servers"] = self.desk.card

    def pytest_unconfigure(self) -> None:
        if self.desk:
            self.desk.close()


def pytest_configure(config: pytest.Config) -> None:
    if in_containers() and (why := contained.why_not()):
        raise pytest.UsageError(why)
    config.pluginmanager.register(SharedServers(), "shared-servers")
    config.addinivalue_line(
        "markers", "long: takes minutes; `make chaos` runs it, or a page says how"
    )


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A function from a server's name to its address."""
    worker_input = getattr(request.config, "workerinput", None)
    if worker_input is not None:
        yield lambda name: ask(worker_input["servers"], name)
        return
    own = Servers()
    yield own.address
    own.stop()


@pytest.fixture(scope="session")
def kafka_address(servers: Any) -> str:
    """`host:port` of a real Kafka, one per run: take topics and groups with `topic_prefix`."""
    return str(servers("kafka"))


@pytest.fixture(scope="session")
def postgres_admin_dsn(servers: Any) -> str:
    """DSN of a real PostgreSQL's administrator, one per run: take an `empty_database` instead."""
    return str(servers("postgres"))


@pytest.fixture
def topic_prefix() -> str:
    """A word no other test has, for the names of topics and groups."""
    return f"t{uuid4().hex[:12]}."


@pytest.fixture
async def empty_database(postgres_admin_dsn: str) -> AsyncIterator[str]:
    """DSN of a new empty database of this test alone; dropped afterwards, whoever is connected."""
    name = f"test_{uuid4().hex}"
    await _execute(postgres_admin_dsn, f'CREATE DATABASE "{name}" TEMPLATE template0')
    yield urlunsplit(urlsplit(postgres_admin_dsn)._replace(path=f"/{name}"))
    await _execute(postgres_admin_dsn, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_S, command_timeout=60)
    try:
        await connection.execute(statement)
    finally:
        await connection.close(timeout=CONNECT_S)


@pytest.fixture(autouse=True)
def no_connections_in_unit_tests(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit test that connects to something is another kind of test."""
    if request.node.get_closest_marker("unit"):
        monkeypatch.setattr(socket.socket, "connect", _refuse)
        monkeypatch.setattr(socket.socket, "connect_ex", _refuse)


def _refuse(_socket: socket.socket, address: object) -> NoReturn:
    raise AssertionError(f"a unit test connects to {address}: move it to tests/integration")
