"""Kafka and Postgres for tests in containers, by testcontainers, as `docker-compose.yml` has them.

In:  an engine. Out: a running container, and the address of its server. Before: `brokers.py` was
     asked for containers. After: tests, as with embedded servers.
Kafka's own image, not the one that testcontainers knows how to start: what runs in production is
tested, and is told what the compose file tells it but for its addresses.
"""

import gc
import os
import warnings
from typing import Any

from services.local.kafka import free_ports
from tests.support.compose import read

HOST, INSIDE, FOR_US = "127.0.0.1", 9092, 19092
NO_ENGINE = (
    "BONGSU_TEST_SERVERS=containers, but no container engine answers ({}): start one or name it in"
    " DOCKER_HOST; without the variable the tests start their own servers"
)


def why_not() -> str | None:
    """The sentence that says why no container can be started here; None when one can."""
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        answers = _engine_answers()
        gc.collect()  # docker leaves a socket open at which nobody answered
    if answers:
        return None
    return NO_ENGINE.format(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))


def _engine_answers() -> bool:
    import docker

    try:
        docker.from_env(timeout=5).close()
    except docker.errors.DockerException:
        return False
    return True


def start(name: str) -> tuple[Any, str]:
    """A running container, and `host:port` of `kafka` or the administrator's DSN of `postgres`."""
    # What is started here is stopped here, so its own reaper, one more image, is not needed.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    container, address = _kafka() if name == "kafka" else _postgres()
    container.start()
    return container, address or container.get_connection_url(host=HOST)


def _kafka() -> tuple[Any, str]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    service, (port,) = read().services["kafka"], free_ports(1)
    told = service.environment | {
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://localhost:{INSIDE},HOST://{HOST}:{port}",
    }
    container = DockerContainer(service.told["image"]).with_bind_ports(FOR_US, port)
    container.with_envs(**told).waiting_for(LogMessageWaitStrategy("Kafka Server started"))
    return container, f"{HOST}:{port}"


def _postgres() -> tuple[Any, str]:
    from testcontainers.community.postgres import PostgresContainer

    image = read().services["postgres"].told["image"]
    return PostgresContainer(image, username="bongsu", dbname="postgres", driver=None), ""
