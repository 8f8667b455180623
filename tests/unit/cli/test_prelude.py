"""What the local stack's detector knows before its first second."""

from pathlib import Path
from uuid import UUID

from services.alerting.detection.law import HEARTBEAT, SECOND, Row
from services.catalogue.load import load
from services.cli.prelude import learnt

NOW = 1_800_000_000 * SECOND + 5


def test_every_route_that_sends_has_been_learnt_and_nothing_was_lost_in_health() -> None:
    catalogue = load(Path(__file__).parents[3] / "catalogue").catalogue(UUID(int=1))
    memory = learnt(catalogue, NOW)
    assert memory.at == memory.learnt_at == NOW - 5
    sending = [r for r in catalogue.routes.values() if r.enabled and not r.observed]
    for route in sending:
        seen = memory.learnt[Row(str(route.channel), route.id)]
        assert seen.learnt
        assert seen.lost < 0.1 * seen.total
    assert memory.learnt[Row(HEARTBEAT)].learnt
