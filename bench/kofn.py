"""What detection is measured against: a route pages when k of its last n messages failed.

In:  the messages of a run. Out: which route pages when. It knows routes, and no parts of them.
Pure. Before: `traffic.py`. After: `runs.py` sets it beside the detector.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from typing import NamedTuple

from bench.traffic import Message

K, N, OVERDUE_S = 3, 5, 40.0


class RoutePage(NamedTuple):
    """A page of one route at a second of the run."""

    second: float
    route: int


def pages(messages: Iterable[Message]) -> list[RoutePage]:
    """In order of time; a route pages again only after it was well."""
    last: defaultdict[int, deque[bool]] = defaultdict(lambda: deque(maxlen=N))
    paged: set[int] = set()
    found = []
    for second, route, bad in sorted(_settled(message) for message in messages):
        last[route].append(bad)
        failed = sum(last[route])
        if failed >= K and route not in paged:
            paged.add(route)
            found.append(RoutePage(second, route))
        elif failed == 0:
            paged.discard(route)
    return found


def _settled(message: Message) -> tuple[float, int, bool]:
    """When it was certain what became of the message, and whether that was bad."""
    call, limit = message.call, message.call.at + OVERDUE_S
    if message.refused and message.answered is not None:
        return min(message.answered, limit), call.route, True
    if message.arrived is not None and message.arrived <= limit:
        return message.arrived, call.route, False
    return limit, call.route, True
