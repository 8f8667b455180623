"""`BONGSU_TEST_SERVERS=containers`: what is started, and what is said where nothing can be."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import contained
from tests.support.brokers import Servers
from tests.support.commands import ROOT, clean_environment
from tests.support.compose import read
from tests.support.engine import engine


def test_without_an_engine_the_run_ends_with_one_sentence_and_no_test(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path / 'no.sock'}"
    told = {"BONGSU_TEST_SERVERS": "containers", "DOCKER_HOST": nowhere}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/integration/storage"],
        cwd=ROOT, env=clean_environment() | told, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stdout.strip() == ""
    assert done.stderr.strip() == (
        f"ERROR: BONGSU_TEST_SERVERS=containers, but no container engine answers ({nowhere}):"
        " start one or name it in DOCKER_HOST; without the variable the tests start their own"
        " servers"
    )


def test_the_servers_are_those_of_the_compose_file(monkeypatch: pytest.MonkeyPatch) -> None:
    services, servers = read().services, Servers()
    monkeypatch.setenv("BONGSU_TEST_SERVERS", "containers")
    with engine() as (address, created):
        monkeypatch.setenv("DOCKER_HOST", address)
        assert contained.why_not() is None
        kafka, postgres = servers.address("kafka"), servers.address("postgres")
        servers.stop()
    asked = created[services["kafka"].told["image"]]
    told = dict(variable.split("=", 1) for variable in asked["Env"])
    changed = {name for name, value in services["kafka"].environment.items() if told[name] != value}
    assert changed == {"KAFKA_CONTROLLER_QUORUM_VOTERS", "KAFKA_ADVERTISED_LISTENERS"}
    assert told["KAFKA_ADVERTISED_LISTENERS"].endswith(f"HOST://{kafka}")
    (bound,) = asked["HostConfig"]["PortBindings"]["19092/tcp"]
    assert kafka == f"127.0.0.1:{bound['HostPort']}"
    assert services["postgres"].told["image"] in created
    assert postgres.startswith("postgresql://bongsu:")
    assert postgres.endswith("@127.0.0.1:54321/postgres")
