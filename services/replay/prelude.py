"""What a detector has learnt before its first second: a healthy prelude in the simulated world.

In:  a catalogue, a seed. Out: the counts of each class after 2,000 messages, as they would have
been saved. Before: a local stack starts, or a replay. After: the detector begins with them.
Messages go the way of every other: simulated world, codec, detector. They come in quick
succession, for no delay depends on their rate. Classes are of one route each, so the routes are
taught in parts, side by side; how many parts is fixed, for the same counts on every machine.
"""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter

from services.alerting.detection import standing
from services.alerting.detection.detector import REBUILT_EVERY, Detector, Limits, Memory
from services.alerting.detection.items import KEPT, microseconds
from services.alerting.detection.law import Counts, Learnt, Row
from services.contracts import codec
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import ChannelObserved, Evidence, Heartbeat
from services.replay.run import stream_of
from services.replay.scenario import Scenario
from services.storage.detector import Law

MESSAGES, EVERY_S = 2000, 1
PARTS = 4
SINCE = datetime(2026, 1, 5, 1, tzinfo=UTC)
_STEP = timedelta(seconds=30)
_LAWS = TypeAdapter(list[Law])


def parts_of(catalogue: Catalogue) -> list[Catalogue]:
    """Its routes in a few parts, each at the quick pace, with no drill and no hours of rest."""
    names = sorted(route.id for route in catalogue.routes.values() if not route.observed)
    restless = {"restricted": None}
    quick = {"interval_s": EVERY_S, "ladder_probe": None, **restless}
    routes = {name: catalogue.routes[name].model_copy(update=quick) for name in names}
    rules = {name: rule.model_copy(update=restless) for name, rule in catalogue.channels.items()}
    return [
        catalogue.model_copy(
            update={"channels": rules, "routes": {name: routes[name] for name in names[n::PARTS]}}
        )
        for n in range(min(PARTS, len(names)))
    ]


def taught(part: Catalogue, seed: int, messages: int = MESSAGES) -> Learnt:
    """The counts of a part's routes, and of what all routes share. Seconds of work."""
    until = SINCE + timedelta(seconds=messages * EVERY_S)
    span = {"from": SINCE.isoformat(), "to": until.isoformat()}
    healthy = Scenario.model_validate({"id": "prelude", "segments": [], "span": span})
    stream, begun = stream_of(healthy, part, seed), microseconds(SINCE)
    detector = Detector(Memory(begun, begun, {}), begun, Limits(1.0, 0))
    detector.change(part)
    at, ripe = SINCE, microseconds(until) + KEPT
    while microseconds(at) < ripe + -ripe % REBUILT_EVERY:  # then it is in the saved tables
        at += _STEP
        for known, line in stream.until(at, until):
            event = codec.decode(line.value, line.headers)
            if isinstance(event, Evidence | ChannelObserved | Heartbeat):
                detector.feed(event, microseconds(known))
        detector.skip(microseconds(at))
    return detector.memory().learnt


def together(parts: Iterable[Learnt]) -> Learnt:
    """The counts of all parts; of what several teach (acceptances, heartbeats), the first's."""
    found: dict[Row, Counts] = {}
    for part in parts:
        found = {**part, **found}
    return found


def dumped(learnt: Learnt) -> bytes:
    """Counts as JSON."""
    return _LAWS.dump_json(standing.laws_of(learnt))


def loaded(given: bytes) -> Learnt:
    """The counts in that JSON. Raises ValidationError (a ValueError)."""
    return standing.learnt_of(_LAWS.validate_json(given))


def main(given: Path, seed: int, messages: int) -> None:
    """In a process of its own: a part from a file, its counts into the file beside it."""
    part = Catalogue.model_validate_json(given.read_bytes())
    given.with_suffix(".learnt").write_bytes(dumped(taught(part, seed, messages)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
