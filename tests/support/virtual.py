"""Bongsu in virtual time, from a worker's schedule to the timeline of an incident.

Everything of a replay but storing: schedule, messages, simulated world, codec, detector, leader.
Whoever plays says what happens: what breaks, who sends besides, what the evidence suffers on its
way.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.alerting.detection.confirm import Ask
from services.alerting.detection.items import microseconds
from services.alerting.detection.law import Learnt
from services.alerting.detection.tail import command_of
from services.contracts import codec
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import Record
from services.replay.detecting import LEADER, Detecting, Findings
from services.replay.known import known
from services.replay.run import TICKED_AFTER, WORKERS, stream_of
from services.replay.scenario import Scenario

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SINCE = datetime(2026, 6, 1, 3, tzinfo=UTC)  # noon in Korea
SEED = 1
Known = tuple[datetime, Record]
Way = Callable[[datetime, Record], Iterable[Known]]


def broken(component: str, since: datetime, until: datetime, **state: Any) -> dict[str, Any]:
    """A segment of a scenario: down, unless `state` says otherwise."""
    edges = {"from": since.isoformat(), "to": until.isoformat()}
    return {"component": component, "state": "down", **state, **edges}


class Played:
    """`until` plays on from SINCE; `way`: what becomes of a record on its way to the detector."""

    def __init__(
        self,
        catalogue: Catalogue,
        learnt: Learnt,
        *segments: dict[str, Any],
        way: Way = lambda at, record: [(at, record)],
    ) -> None:
        words = known(catalogue, WORKERS, ZoneInfo("UTC"))
        span = {"from": SINCE.isoformat(), "to": (SINCE + SECOND).isoformat()}
        given = {"id": "played", "segments": segments, "span": span}
        self._stream = stream_of(Scenario.model_validate(given, context=words), catalogue, SEED)
        self._detecting = Detecting(self._stream.catalogue, learnt, SINCE)
        self._way, self.now = way, SINCE

    def send(self, routes: Collection[str]) -> None:
        """A message on each of these routes, all within a second."""
        for number, route in enumerate(routes):
            command = command_of(microseconds(self.now), Ask(route, elsewhere=False), LEADER)
            self._stream.ask(route, command, self.now + SECOND * number / len(routes))

    def until(self, end: datetime, every: timedelta = SECOND) -> Findings:
        """What was found by then, with a tick every so often."""
        while self.now < end:
            self.now += every
            for at, line in self._stream.until(self.now, self.now):
                for known_at, record in self._way(at, codec.decode(line.value, line.headers)):
                    self._detecting.take(known_at, record)
            for key, command in self._detecting.tick(self.now):
                self._stream.ask(key, command, self.now + TICKED_AFTER)
        return self._detecting.found()
