"""An ingest for each test, and no line of a log unseen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.unit.ingest.handset import Ingest, write_secrets


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    """The application with a handset `skt-1` in its catalogue."""
    return Ingest(write_secrets(tmp_path))


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """Everything that is logged, before redaction."""
    with structlog.testing.capture_logs() as captured:
        yield captured
