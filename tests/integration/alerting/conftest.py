"""What storing is tested with: a consumer and a sweep on a real database."""

import pytest

from services.storage.pool import Pool
from tests.integration.alerting.scene import Scene, a_scene


@pytest.fixture
def scene(pool: Pool) -> Scene:
    """A consumer and a sweep without Kafka, on a real database."""
    return a_scene(pool)
