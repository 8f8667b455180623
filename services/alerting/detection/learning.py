"""What may be learnt: nothing of what fell into an incident, for an outage must not become normal.

In:  observations a quarter of an hour old, the state. Out: classes and bins for `law.learn`, in
order. Pure. Before: `items.py`, whose `ripe` gives them. After: `law.py`.
"""

from collections.abc import Iterable, Iterator

from services.alerting.detection.items import Observation
from services.alerting.detection.law import SECOND, Row
from services.alerting.detection.state import Incident, State

BEFORE_ONSET = 60 * SECOND


def admitted(observed: Iterable[Observation], state: State) -> Iterator[tuple[Row, int | None]]:
    """Observations of messages that passed no component while it was broken, bongsu's own
    included. The others are dropped: counts do not age by them."""
    incidents = (*state.open, *state.closed)
    for observation in observed:
        item = observation.item
        if not any(i.component in item.path and _spans(i, item.start) for i in incidents):
            yield item.row, observation.bin


def _spans(incident: Incident, start: int) -> bool:
    begun = incident.onset - BEFORE_ONSET <= start
    return begun and (incident.closed is None or start <= incident.closed)
