"""One local stack, started as a user starts it, for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Up, local_ports

OUTAGE = """\
id: outage
segments:
  - {component: platform:kakaotalk, state: down, from: 2022-10-15T15:19:00, to: 2022-10-15T15:19:40}
"""


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`bongsu up` with the shipped catalogue, ready; its first minute is one without KakaoTalk."""
    folder = tmp_path_factory.mktemp("up")
    folder.chmod(0o711)
    for parent in folder.parents:  # PostgreSQL may have to run as nobody
        if parent.is_relative_to(Path(tmp_path_factory.getbasetemp()).parent):
            parent.chmod(0o711)
    (scenario := folder / "outage.yaml").write_text(OUTAGE, encoding="utf-8")
    plays = ("--scenario", str(scenario), "--scenario-after", "5s")
    running = Up(folder / "data", folder / "summary.json", *plays, ports=local_ports())
    try:
        running.wait_ready()
        yield running
    finally:
        running.end()
