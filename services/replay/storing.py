"""Steps 5 and 6 in virtual time: fold, signs of life, settling, outcome. No Postgres.

In:  records with their known times. Out: a tally of outcomes by route and time, which a
late record may still change, as a late record changes a row.
Before: `run.py` decodes. After: `outcomes.py` shows the tally. Fold and settling are the real
ones; in place of tables stand dictionaries, bounded by what can still change.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from services.alerting.storing.pipeline import alive
from services.contracts import attempt
from services.contracts.attempt import Attempt
from services.contracts.evidence import ChannelObserved, Evidence, Heartbeat, ProbeSent, Record
from services.contracts.outcome import Liveness, Needed, Verdict, Wait, needed, settle
from services.contracts.slots import REPORTED_WITHIN
from services.contracts.vocabulary import Outcome, Purpose

KEPT = REPORTED_WITHIN + timedelta(hours=1)
Place = tuple[str, int]  # route, bucket


@dataclass
class Row:
    """An attempt, whether its settling is due, and the outcome it counts as now."""

    folded: Attempt
    place: Place | None
    queued: bool = True
    outcome: Outcome | None = None


class Signs:
    """Signs of life by source: the first and the last of each minute, as they are stored."""

    def __init__(self) -> None:
        self._minutes: dict[str, list[tuple[datetime, datetime]]] = {}
        self._reached_by: dict[str, list[str]] = {}

    def add(self, source: str, at: datetime) -> None:
        """One more sign; times never go back."""
        minutes = self._minutes.get(source)
        if minutes is None:
            minutes = self._minutes[source] = []
            if source.startswith("reach/"):
                self._reached_by.setdefault(source.split("/")[1], []).append(source)
        if minutes and minutes[-1][0].replace(second=0, microsecond=0) + _MINUTE > at:
            minutes[-1] = minutes[-1][0], at
        else:
            minutes.append((at, at))

    def forget(self, before: datetime) -> None:
        """Minutes nobody will ask about."""
        for minutes in self._minutes.values():
            del minutes[: bisect_left(minutes, (before, before))]

    def of(self, need: Needed) -> Liveness:
        """What settling one attempt must know."""
        reached = (name for worker in need.workers for name in self._reached_by.get(worker, ()))
        wanted = dict.fromkeys((*need.sources, *reached))
        return Liveness({name: self._between(name, need.start, need.end) for name in wanted})

    def _between(
        self, source: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, datetime]]:
        minutes = self._minutes.get(source, [])
        low = bisect_left(minutes, (start - _MINUTE, start))
        return minutes[low : bisect_right(minutes, (end, end + _MINUTE))]


_MINUTE = timedelta(minutes=1)


@dataclass
class Store:
    """`bucket`: the number of the stretch of time that a slot lies in. `posts`: of observed routes,
    once for each member that saw one."""

    bucket: Callable[[datetime], int]
    tally: Counter[tuple[str, int, Outcome]] = field(default_factory=Counter)
    posts: Counter[Place] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._rows: dict[UUID, Row] = {}
        self._due: list[tuple[datetime, UUID]] = []
        self._signs = Signs()

    @property
    def unsettled(self) -> bool:
        """Does any attempt wait for its time?"""
        return bool(self._due)

    def take(self, at: datetime, record: Record) -> None:
        """One record, known at `at`."""
        for source in alive(record):
            self._signs.add(source, at)
        if isinstance(record, ChannelObserved):
            self.posts[record.route, self.bucket(record.observed_min)] += 1
        elif not isinstance(record, Heartbeat) and isinstance(record, Evidence):
            self._merge(record)

    def _merge(self, event: Evidence) -> None:
        probe_id = event.probe_id
        assert probe_id is not None
        row, part = self._rows.get(probe_id), attempt.lift(event)
        if row is not None:
            row.folded = attempt.merge(row.folded, part)
            self._queue(probe_id, row)
        elif isinstance(event, ProbeSent):
            counts = event.purpose is Purpose.SCHEDULED
            place = (event.route, self.bucket(event.slot)) if counts else None
            self._rows[probe_id] = row = Row(part, place, queued=False)
            self._queue(probe_id, row)

    def _queue(self, probe_id: UUID, row: Row) -> None:
        if not row.queued and row.folded.sent is not None:
            row.queued = True
            heapq.heappush(self._due, (row.folded.sent.seen_due, probe_id))

    def sweep(self, now: datetime) -> None:
        """Settle what is due; everything known up to `now` is stored."""
        while self._due and self._due[0][0] <= now:
            _, probe_id = heapq.heappop(self._due)
            row = self._rows[probe_id]
            row.queued = False
            need = needed(row.folded)
            assert need is not None
            decided = settle(row.folded, self._signs.of(need), (), now)
            if isinstance(decided, Wait):
                row.queued = True
                heapq.heappush(self._due, (decided.until, probe_id))
            elif isinstance(decided, Verdict):
                self._count(probe_id, row, decided)

    def _count(self, probe_id: UUID, row: Row, decided: Verdict) -> None:
        if row.place is not None:
            if row.outcome is not None:
                self.tally[(*row.place, row.outcome)] -= 1
            self.tally[(*row.place, decided.outcome)] += 1
        row.outcome = decided.outcome
        if decided.outcome is Outcome.DELIVERED:  # nothing that comes later changes that
            del self._rows[probe_id]

    def forget(self, now: datetime) -> None:
        """What can change no more."""
        self._signs.forget(now - KEPT)
        oldest = now - KEPT
        for probe_id, row in list(self._rows.items()):
            sent = row.folded.sent
            if not row.queued and sent is not None and sent.sent_at < oldest:
                del self._rows[probe_id]
