"""Paths: what an event says of itself is what the catalogue says of the route."""

from functools import cache
from pathlib import Path
from uuid import UUID

from services.alerting.detection.paths import delivery_path, inventory
from services.alerting.detection.window import DELIVERY
from services.catalogue.components import components_of
from services.catalogue.load import load
from services.contracts.catalogue import Catalogue, Route
from services.contracts.evidence import ProbeSent
from tests.support.builders import a_probe_sent

SHIPPED = Path(__file__).parents[4] / "catalogue"


@cache
def _shipped() -> Catalogue:
    return load(SHIPPED).catalogue(UUID(int=0))


def _sent(route: Route) -> ProbeSent:
    catalogue, phone = _shipped(), _shipped().receivers[route.receivers[0]]
    return a_probe_sent(
        route=route.id,
        channel=route.channel,
        account=route.account,
        provider=catalogue.accounts[route.account].provider,
        sender=route.sender,
        platform=catalogue.platform_of(route, phone),
        carrier=phone.carrier,
        receiver=phone.id,
        site=phone.site,
        observers=catalogue.observers_of(route, phone),
    )


def test_a_messages_path_is_that_of_the_catalogue_with_worker_ingest_and_reach() -> None:
    functions = inventory(_shipped()).functions
    for route in _shipped().routes.values():
        if not route.observed:
            path = delivery_path(_sent(route), "w", functions[route.id])
            own = {part for part in path if not part.startswith(("worker:", "self:", "reach:"))}
            assert own == set(components_of(_shipped(), route, route.receivers[0])), route.id


def test_some_route_of_the_shipped_catalogue_shows_images() -> None:
    functions = inventory(_shipped()).functions.values()
    assert any("platform:kakaotalk/media" in own for own in functions)


def test_every_app_of_every_receiver_is_waited_for() -> None:
    known = inventory(_shipped())
    phone = _shipped().receivers["skt-01"]
    beat = known.beat(f"observer/skt-01/{phone.observers[0].kind}")
    assert beat is not None
    assert beat.plane == DELIVERY
    assert {"receiver:skt-01", f"site:{phone.site}", "self:ingest"} < set(beat.path)
