"""What drills of ladders showed lately, for `bongsu status --ladders`.

In: since when. Out: each drill with its answers, the newest first; they are judged in
`contracts/ladder.py`.
"""

from dataclasses import dataclass
from datetime import datetime

from services.contracts.ladder import Drill, judge
from services.contracts.vocabulary import Outcome
from services.storage import queries, rows, sweep
from services.storage.pool import Connection, Row

_DRILLS = queries.load("ladders.sql")["drills"].replace("{attempt}", sweep.ATTEMPT_COLUMNS)


@dataclass(frozen=True, slots=True)
class DrillStatus:
    """One drill. `settled` False: its time has not passed yet."""

    route: str
    receiver: str
    sent_at: datetime
    settled: bool
    shows: Drill


async def drills_since(conn: Connection, since: datetime) -> list[DrillStatus]:
    """Every drill whose slot is not before `since`, the newest first."""
    return [_status(row) for row in await conn.fetch(_DRILLS, since)]


def _status(row: Row) -> DrillStatus:
    outcome = Outcome(row["outcome"]) if row["outcome"] else None
    return DrillStatus(
        row["route"], row["receiver"], row["sent_at"], outcome is not None,
        judge(rows.attempt_of(row), outcome),
    )  # fmt: skip
