"""Which routes a scenario hits, and what of it hits nothing, so that a replay says so instead of
looking healthy.

In:  a scenario and the catalogue it is played on. Out: routes by fault; a sentence for each idle
part. Pure. Before: `scenario.load`. After: `judging.py`; the commands print the sentences.
"""

from collections.abc import Iterator

from services.catalogue.components import components_of
from services.contracts.catalogue import Catalogue, Route
from services.replay.known import PASSED_BY_MESSAGES
from services.replay.scenario import Scenario, Segment, faults
from simulators.faults import Fault


def idle(scenario: Scenario, catalogue: Catalogue) -> list[str]:
    """Faults that no message of any route can meet (`login` of KakaoTalk), and segments outside
    the span. A phone, an app, a site or a worker without a route still has its heartbeat."""
    found = [
        f"no route uses {_named(fault)}: it hits nothing"
        for fault, routes in hit(scenario, catalogue)
        if fault.component.partition(":")[0] in PASSED_BY_MESSAGES and not routes
    ]
    found += [
        f"{' and '.join(segment.components)} lies outside the span: it hits nothing"
        for segment in scenario.segments
        if _outside(segment, scenario)
    ]
    return list(dict.fromkeys(found))


def hit(scenario: Scenario, catalogue: Catalogue) -> list[tuple[Fault, frozenset[str]]]:
    """Each fault with the routes of which a message can meet it."""
    passed = list(_passed(catalogue))
    return [
        (fault, frozenset(route for route, components in passed if _meets(fault, components)))
        for fault in faults(scenario)
    ]


def _passed(catalogue: Catalogue) -> Iterator[tuple[str, frozenset[str]]]:
    """Of each message there can be: route and components. Substitutes and drills are included."""
    for route in catalogue.routes.values():
        drilled = (route.ladder_probe.receiver,) if route.ladder_probe else ()
        for receiver in (*route.receivers, *drilled):
            for leg in _legs(catalogue, route):
                components = f"body:{leg.body}", *components_of(catalogue, leg, receiver)
                yield route.id, frozenset(components)


def _legs(catalogue: Catalogue, route: Route) -> Iterator[Route]:
    yield route
    if route.failover:
        sender = catalogue.senders[route.failover.sender]
        yield route.model_copy(
            update={"channel": sender.channel, "sender": sender.id, "platform": None}
        )


def _meets(fault: Fault, components: frozenset[str]) -> bool:
    if fault.component not in components:
        return False
    start = f"{fault.component}/"
    used = {each.removeprefix(start) for each in components if each.startswith(start)}
    return fault.concerns(frozenset(used))


def _named(fault: Fault) -> str:
    return f"{fault.function} of {fault.component}" if fault.function else fault.component


def _outside(segment: Segment, scenario: Scenario) -> bool:
    return segment.until <= scenario.span.since or segment.since >= scenario.span.until
