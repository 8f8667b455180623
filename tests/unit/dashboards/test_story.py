"""The story of an incident in words."""

from typing import get_args

from dashboards.boards.incident_story import EVENTS
from services.storage.incidents import EventKind


def test_every_kind_of_line_a_timeline_has_is_said_in_korean() -> None:
    assert set(EVENTS) == set(get_args(EventKind))
