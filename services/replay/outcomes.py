"""What a replay found: attempts by route, outcome and time, for people and for programs.

In:  the tally of a replay. Out: a table with a strip of time a route, or JSON.
Before: `run.replay`. After: a person, or a test.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.contracts.vocabulary import Outcome
from services.replay.detecting import Finding, Findings
from services.replay.judging import Judged
from services.replay.scenario import Scenario, Span

# Stretches of time that a person can name; the first with which the span has at most MOST_BUCKETS.
SIZES_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
MOST_BUCKETS = 64


@dataclass(frozen=True, slots=True)
class Buckets:
    """Stretches of equal length from `start` on."""

    start: datetime
    size: timedelta
    count: int

    def number(self, at: datetime) -> int:
        """Which stretch a moment lies in."""
        return (at - self.start) // self.size

    def starts(self) -> list[datetime]:
        """When each begins."""
        return [self.start + self.size * n for n in range(self.count)]


def bucket_of(span: Span) -> Buckets:
    """Stretches that begin at whole multiples of their size."""
    for minutes in SIZES_MIN:
        size = timedelta(minutes=minutes)
        start = span.since - (span.since - _midnight(span.since)) % size
        count = -((start - span.until) // size)
        if count <= MOST_BUCKETS:
            break
    return Buckets(start, size, count)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Outcomes:
    """`tally` by route, number of the stretch, outcome; `posts` seen in observed rooms; `stopped`:
    slots on which a route sent nothing because its account was stopped; `told`: the incidents;
    `judged`: whether that is what the file expects."""

    scenario: Scenario
    seed: int
    buckets: Buckets
    tally: Mapping[tuple[str, int, Outcome], int]
    posts: Mapping[tuple[str, int], int]
    stopped: Mapping[str, int]
    told: Findings
    judged: Judged

    def totals(self) -> dict[str, Counter[Outcome]]:
        """By route, over the whole span."""
        found: dict[str, Counter[Outcome]] = {}
        for (route, _, outcome), number in sorted(self.tally.items()):
            if number:
                found.setdefault(route, Counter())[outcome] += number
        return found

    def over_time(self, route: str) -> list[Counter[Outcome]]:
        """One count a stretch."""
        return [
            Counter({o: n for o in Outcome if (n := self.tally.get((route, number, o), 0))})
            for number in range(self.buckets.count)
        ]

    def record(self) -> dict[str, Any]:
        """For programs. Times in UTC."""
        span, onset = self.scenario.span, self.scenario.onset
        routes = {
            route: {
                "outcomes": _plain(totals),
                "over_time": [_plain(counts) for counts in self.over_time(route)],
                "account_stopped": self.stopped.get(route, 0),
            }
            for route, totals in self.totals().items()
        }
        return {
            "id": self.scenario.id,
            "seed": self.seed,
            "from": span.since.isoformat(),
            "to": span.until.isoformat(),
            "onset": onset.isoformat() if onset else None,
            "bucket_from": self.buckets.start.isoformat(),
            "bucket_s": int(self.buckets.size.total_seconds()),
            "routes": routes,
            "posts_seen": {room: self.posts_in(room) for room in self.rooms()},
            "told": _told(self.told),
        } | self._judged()

    def _judged(self) -> dict[str, Any]:
        """How it went against what the file expects."""
        judged, expect = self.judged, self.scenario.expect
        return {
            "pages": [page._asdict() for page in judged.pages],
            "time_to_page_s": judged.time_to_page_s,
            "cause": judged.cause,
            "false_pages": judged.false_pages,
            "monitor_faults": judged.monitor_faults,
            "recovered_s": judged.recovered_s,
            "notice_lag_s": judged.notice_lag_s,
            "reopened": judged.reopened,
            "expect": expect.model_dump(exclude_unset=True) if expect else None,
            "ok": not judged.wrong,
            "wrong": judged.wrong,
        }

    def rooms(self) -> list[str]:
        """The observed routes of which anybody saw a post."""
        return sorted({room for room, _ in self.posts})

    def posts_in(self, room: str) -> list[int]:
        """One count a stretch."""
        return [self.posts.get((room, n), 0) for n in range(self.buckets.count)]


def _told(found: Findings) -> dict[str, Any]:
    return {
        "incidents": [_incident(one) for one in found.incidents],
        "asides": [aside._asdict() for aside in found.asides],
        "confirms": found.confirms,
    }


def _incident(one: Finding) -> dict[str, Any]:
    timeline = [event._asdict() for event in one.timeline]
    return one.row._asdict() | {"rivals": one.rivals, "timeline": timeline}


def _plain(counts: Counter[Outcome]) -> dict[str, int]:
    return {str(outcome): counts[outcome] for outcome in Outcome if counts[outcome]}
