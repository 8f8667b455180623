"""What of a scenario hits nothing, so that a replay says so instead of looking healthy.

In:  a scenario and the catalogue it is played on. Out: a sentence for each such part. Pure.
Before: `scenario.load`. After: the commands print the sentences.
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
    passed = list(_passed(catalogue))
    found = [
        f"no route uses {_named(fault)}: it hits nothing"
        for fault in faults(scenario)
        if fault.component.partition(":")[0] in PASSED_BY_MESSAGES
        and not any(_meets(fault, components) for components in passed)
    ]
    found += [
        f"{' and '.join(segment.components)} lies outside the span: it hits nothing"
        for segment in scenario.segments
        if _outside(segment, scenario)
    ]
    return list(dict.fromkeys(found))


def _passed(catalogue: Catalogue) -> Iterator[frozenset[str]]:
    """The components of each message there can be, substitutes and drills included."""
    for route in catalogue.routes.values():
        drilled = (route.ladder_probe.receiver,) if route.ladder_probe else ()
        for receiver in (*route.receivers, *drilled):
            for leg in _legs(catalogue, route):
                yield frozenset((f"body:{leg.body}", *components_of(catalogue, leg, receiver)))


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
