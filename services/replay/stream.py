"""Everything that reaches Kafka, in the order of its known times, in virtual time.

In:  catalogue, world, workers, a moment. Out: encoded records known up to that moment.
Before: `run.py` turns the clock. After: `storing.py` folds them, `detecting.py` judges them.
A record is known when it happened: brokers and networks of bongsu cost nothing here. Records of one
moment keep the order in which they were made, so that a replay is the same each time.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from services.contracts.catalogue import Catalogue, Route
from services.contracts.codec import Encoded, encode
from services.contracts.evidence import Heartbeat, ProbeCommand, Record
from services.contracts.vocabulary import ObserverKind
from services.probe.commands import judge
from services.probe.reach import CONTROL
from services.probe.schedule import PlannedProbe
from services.replay import probing
from services.replay.probing import Worker
from services.replay.telling import Ingest
from simulators import sights
from simulators.config import RoomConfig
from simulators.rooms import next_post
from simulators.sights import next_beat
from simulators.world import World

PROCESS_BEATS = timedelta(seconds=10)
Line = tuple[datetime, int, Encoded]


@dataclass
class Beat:
    """A source that shows signs of life, and when the next one is due."""

    source: str
    every: timedelta
    at: datetime
    worker: Worker | None = None
    receiver: str = ""
    kind: str = ""


@dataclass
class Stream:
    """`not_sent`: slots on which nothing went out because the account was stopped."""

    catalogue: Catalogue
    world: World
    workers: Sequence[Worker]
    ingest: Ingest
    rooms: dict[str, RoomConfig]
    start: datetime
    stopped: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._number = count()
        self._adapters = frozenset(route.adapter for route in self.catalogue.routes.values())
        self._lines: list[Line] = []
        self._beats = [*self._beats_of_processes(), *self._beats_of_apps()]
        self._posts = {route: next_post(room, self.start) for route, room in self.rooms.items()}

    def until(self, now: datetime, probing_until: datetime) -> Iterator[tuple[datetime, Encoded]]:
        """The records known up to `now` that were not given yet; no probe is sent, and nothing
        posted, after `probing_until`."""
        self._probe(min(now, probing_until))
        self._post(min(now, probing_until))
        self._beat(now)
        while self._lines and self._lines[0][0] <= now:
            at, _, line = heapq.heappop(self._lines)
            yield at, line

    def _put(self, at: datetime, record: Record) -> None:
        heapq.heappush(self._lines, (at, next(self._number), encode(record)))

    def _probe(self, until: datetime) -> None:
        for worker in self.workers:
            for planned, at in worker.due(self.catalogue, until):
                if not self._send(worker, planned, at):
                    route = planned.route.id
                    self.stopped[route] = self.stopped.get(route, 0) + 1

    def ask(self, key: str, command: ProbeCommand, at: datetime) -> None:
        """A probe asked for: the worker to whose shard the key leads sends it at once."""
        worker = probing.worker_of(self.workers, key)
        planned = judge(command, self.catalogue, self._adapters, at)
        if isinstance(planned, PlannedProbe):
            self._send(worker, planned, at)

    def _send(self, worker: Worker, planned: PlannedProbe, at: datetime) -> bool:
        probed = probing.probe(worker, planned, at, self.world)
        if probed is None:
            return False
        self._put(probed.sent.sent_at, probed.sent)
        self._put(probed.answer.ended_at, probed.answer)
        for known_at, record in self.ingest.learns(probed, planned.route):
            self._put(known_at, record)
        return True

    def _post(self, until: datetime) -> None:
        for name, at in self._posts.items():
            while at <= until:
                for known_at, record in self.ingest.posts(self._route(name), self.rooms[name], at):
                    self._put(known_at, record)
                at = next_post(self.rooms[name], at)
            self._posts[name] = at

    def _route(self, name: str) -> Route:
        return self.catalogue.routes[name]

    def _beat(self, until: datetime) -> None:
        for beat in self._beats:
            while beat.at <= until:
                if beat.worker is not None:
                    self._put(beat.at, self._of_worker(beat.worker, beat))
                elif self._app_works(beat):
                    self._put(beat.at, Heartbeat(source=beat.source, at=beat.at))
                beat.at += beat.every

    def _of_worker(self, worker: Worker, beat: Beat) -> Heartbeat:
        """With all who answered it; a worker whose network is cut still beats, and reaches none."""
        reached = set(worker.take_answered(beat.at))
        if self.world.works(beat.at, worker.component):
            reached.add(CONTROL)
        return Heartbeat(source=beat.source, at=beat.at, reached=tuple(sorted(reached)))

    def _app_works(self, beat: Beat) -> bool:
        if not beat.receiver or beat.kind == ObserverKind.IMAP:  # bongsu itself, and it looks
            return True
        recipient = self.world.recipients[f"receiver:{beat.receiver}"]
        return self.world.app_works(recipient, beat.kind, beat.at)

    def _beats_of_processes(self) -> list[Beat]:
        beats: dict[str, Worker | None] = {f"worker/{w.keys.worker}": w for w in self.workers}
        beats[self.ingest.keeper.source] = None
        return [
            Beat(source, PROCESS_BEATS, self._first(source, PROCESS_BEATS), worker=worker)
            for source, worker in beats.items()
        ]

    def _beats_of_apps(self) -> list[Beat]:
        found = []
        for receiver in self.catalogue.receivers.values():
            recipient = self.world.recipients[f"receiver:{receiver.id}"]
            for observer in receiver.observers:
                every = timedelta(seconds=observer.heartbeat_s)
                at = self._first(sights.observer(recipient, observer.kind), every)
                source = f"observer/{receiver.id}/{observer.kind}"
                found.append(Beat(source, every, at, receiver=receiver.id, kind=observer.kind))
        return found

    def _first(self, source: str, every: timedelta) -> datetime:
        return next_beat(self.world.seed, "beat", source, every.total_seconds(), self.start)
