"""What `bongsu up`, `--summary`, `status` and `probe --wait` read, typed.

In: since when, or which probe. Out: figures of each route and its newest probe, and what drills
showed. Only scheduled probes count: the others are sent because something looks wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.contracts.catalogue import KINDS, Catalogue, build
from services.contracts.ladder import Drill, judge
from services.contracts.vocabulary import AnswerResult, Outcome, Purpose, Stage
from services.storage import queries, rows, sweep
from services.storage.pool import Connection, Row

# Names that the figures of a route have too (`accepted` is a count) stand with `at` only.
_PROBE = (
    "probe_id", "purpose", "receiver", "slot", "sent_at", "accepted_at", "reported_at", "seen_at",
    "opened_at", "seen_due", "answer_result", "answer_code", "provider_says", "outcome", "reason",
)  # fmt: skip
COUNTS = ("sent", "accepted", "refused", "reported", "seen", "opened", "lost", "void", "unknown")
_COLUMNS = {
    "probe": ", ".join(f"a.{column}" for column in _PROBE),
    "attempt": sweep.ATTEMPT_COLUMNS,
}
_SQL = {name: text.format(**_COLUMNS) for name, text in queries.load("status.sql").items()}


class Spread(NamedTuple):
    """Seconds from the sending to a stage: median and 95th percentile."""

    p50_s: float
    p95_s: float


@dataclass(frozen=True, slots=True)
class ProbeStatus:
    """One probe: when it was sent, which stages it reached and when, what became of it."""

    probe_id: UUID
    route: str
    purpose: Purpose
    receiver: str
    slot: datetime
    sent_at: datetime
    seen_due: datetime
    stages: Mapping[Stage, datetime]
    answer: AnswerResult | None
    answer_code: str | None
    provider_says: str | None
    outcome: Outcome | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class RouteStatus:
    """Figures of one route. `lost` = undelivered + rejected + late + failover; `stages` only those
    that some probe reached."""

    route: str
    sent: int
    accepted: int
    refused: int
    reported: int
    seen: int
    opened: int
    lost: int
    void: int
    unknown: int
    last_seen_at: datetime | None
    stages: Mapping[Stage, Spread]
    newest: ProbeStatus


class ObservedStatus(NamedTuple):
    """A route on which nothing is sent: since when it is watched, its newest post (None: none
    yet), and how many members saw one lately."""

    route: str
    watched_since: datetime
    last_seen_at: datetime | None
    seen: int


@dataclass(frozen=True, slots=True)
class DrillStatus:
    """One drill. `settled` False: its time has not passed yet."""

    route: str
    receiver: str
    sent_at: datetime
    settled: bool
    shows: Drill


async def observed_since(conn: Connection, since: datetime) -> list[ObservedStatus]:
    """Every route that was ever observed, by id; `seen` counts members since `since`."""
    return [ObservedStatus(*row) for row in await conn.fetch(_SQL["observed"], since)]


async def routes_since(conn: Connection, since: datetime) -> list[RouteStatus]:
    """Every route with a scheduled probe whose slot is not before `since`, by id."""
    return [_route_status(row) for row in await conn.fetch(_SQL["routes"], since)]


async def drills_since(conn: Connection, since: datetime) -> list[DrillStatus]:
    """Every drill whose slot is not before `since`, the newest first."""
    return [_drill_status(row) for row in await conn.fetch(_SQL["drills"], since)]


async def find_probe(
    conn: Connection, route: str, slot: datetime, purpose: Purpose
) -> ProbeStatus | None:
    """The probe of a slot; None until its announcement is stored."""
    row = await conn.fetchrow(_SQL["find_probe"], route, slot, purpose)
    return _probe_status(row) if row else None


async def latest_catalogue(conn: Connection, before: datetime | None = None) -> Catalogue | None:
    """The revision that was applied last, or last before a cutoff; None before the first."""
    found = await conn.fetch(_SQL["latest_catalogue"], before)
    if not found:
        return None
    objects = [(row["kind"], KINDS[row["kind"]].model_validate_json(row["body"])) for row in found]
    return build(found[0]["revision"], objects)


def _route_status(row: Row) -> RouteStatus:
    spreads = {stage: row[f"{stage}_s"] for stage in Stage}
    return RouteStatus(
        **{name: row[name] for name in ("route", *COUNTS, "last_seen_at")},
        stages={s: Spread(*both) for s, both in spreads.items() if both and both[0] is not None},
        newest=_probe_status(row),
    )


def _probe_status(row: Row) -> ProbeStatus:
    plain = ("probe_id", "route", "receiver", "slot", "sent_at", "seen_due", "answer_code")
    moments = {stage: row[f"{stage}_at"] for stage in Stage}
    return ProbeStatus(
        **{name: row[name] for name in (*plain, "provider_says", "reason")},
        purpose=Purpose(row["purpose"]),
        stages={stage: at for stage, at in moments.items() if at is not None},
        answer=AnswerResult(row["answer_result"]) if row["answer_result"] else None,
        outcome=_outcome(row),
    )


def _drill_status(row: Row) -> DrillStatus:
    shows, settled = judge(rows.attempt_of(row), _outcome(row)), row["outcome"] is not None
    return DrillStatus(row["route"], row["receiver"], row["sent_at"], settled, shows)


def _outcome(row: Row) -> Outcome | None:
    return Outcome(row["outcome"]) if row["outcome"] else None
