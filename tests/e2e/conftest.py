"""One local stack, started as a user starts it, for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Up, local_ports


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`bongsu up` with the shipped catalogue, ready."""
    folder = tmp_path_factory.mktemp("up")
    folder.chmod(0o711)
    for parent in folder.parents:  # PostgreSQL may have to run as nobody
        if parent.is_relative_to(Path(tmp_path_factory.getbasetemp()).parent):
            parent.chmod(0o711)
    running = Up(folder / "data", folder / "summary.json", ports=local_ports())
    try:
        running.wait_ready()
        yield running
    finally:
        running.end()
