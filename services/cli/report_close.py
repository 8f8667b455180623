"""`bongsu report close`: what reporting would do now for a month. Never before its time.

In:  a month, a body or all. Out: sealed revisions, as reporting seals them: in its turn, once
storing has passed the cutoff. Before: the month has ended. After: `report month`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from services.cli.context import DATA, NOT_DONE, UNREACHABLE, USAGE, Context, Data, context, fail
from services.cli.report_asked import NO_SUCH_REPORT, NotThere, a_month, known_body, zone_name
from services.cli.report_sentences import sentence
from services.cli.report_told import Failure, end
from services.contracts import topics
from services.reporting import sealing
from services.reporting.due import Due, Promised, closes_at, due, month_of
from services.reporting.round import promised, turn
from services.runtime.errors import Retry
from services.runtime.kafka import partition_count
from services.storage import corrections, errors, months
from services.storage.errors import StorageRefused
from services.storage.leader import Deposed
from services.storage.months import Revision
from services.storage.pool import ACQUIRE_S, Connection, open_pool

REFUSED = 6
STATEMENT_S = 55.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is to close, as of now."""

    bodies: Mapping[str, Promised]
    sealed: Sequence[Revision]
    open: Sequence[Due]
    now: datetime
    stored_until: datetime | None


def close(
    which: Annotated[str, typer.Argument(metavar="MONTH", help="2026-10")],
    body: Annotated[str, typer.Option(help="geoje; else all bodies")] = "",
    data: Data = DATA,
) -> None:
    """Seal a month now instead of within a minute; there is no way to do it early.

    Example: bongsu report close 2026-10 --body geoje
    """
    try:
        month = a_month(which)
        failures = asyncio.run(_close(context(data), month, body))
    except NotThere as error:
        fail(str(error), error.code)
    except Retry as error:
        fail(str(error), UNREACHABLE)
    except Exception as error:
        if errors.curable(error):
            fail(sentence("database_away"), UNREACHABLE)
        raise
    end([], failures, json=False)


async def _close(where: Context, month: str, body: str) -> list[Failure]:
    partitions = {
        where.kafka.topic(topic): await partition_count(where.kafka, topic)
        for topic in (topics.EVIDENCE, topics.HEARTBEATS)
    }
    async with (
        open_pool(
            where.postgres, role_label="cli", max_size=1, command_timeout_s=STATEMENT_S
        ) as pool,
        pool.acquire(timeout=ACQUIRE_S) as conn,
    ):
        standing = await _standing(conn, partitions, month)
        if body:
            known_body(body, sorted(standing.bodies))
        bodies = [body] if body else sorted(standing.bodies)
        refused = [why for each in bodies if (why := _refused(standing, each, month))]
        left = set(bodies) - {why.body for why in refused}
        return refused + await _seal(conn, standing, sorted(left))


async def _standing(conn: Connection, partitions: Mapping[str, int], month: str) -> Standing:
    bodies, sealed, now = await promised(conn), await months.revisions(conn), await months.now(conn)
    open_ = due(bodies, sealed, await corrections.corrections(conn), now)
    return Standing(
        {each.body: each for each in bodies}, sealed, [d for d in open_ if d.month == month], now,
        await months.stored_until(conn, partitions),
    )  # fmt: skip


def _refused(standing: Standing, body: str, month: str) -> Failure | None:
    """Why nothing of this body can be sealed; None where something is due."""
    own = standing.bodies[body]
    closed = [r for r in standing.sealed if (r.body, r.month) == (body, month) and r.revision]
    if month > month_of(standing.now, own.tz):
        return Failure(body, sentence("not_begun", month=month), USAGE)
    if any(step.body == body for step in standing.open):
        return None
    if closed:
        latest = closed[-1].revision
        return Failure(body, sentence("closed", month=month, latest=latest), REFUSED)
    at = f"{closes_at(own, month):%Y-%m-%d %H:%M}"
    early = standing.now < closes_at(own, month) and own.was_promised(month)
    key = "too_early" if early else "too_late"
    return Failure(
        body, sentence(key, month=month, body=body, due=at, zone=zone_name(own.tz)), NO_SUCH_REPORT
    )


async def _seal(conn: Connection, standing: Standing, bodies: Sequence[str]) -> list[Failure]:
    epoch = await turn(conn, "cli") if bodies else 0
    if epoch is None:
        return [Failure(body, sentence("other_turn"), NOT_DONE) for body in bodies]
    failures: list[Failure] = []
    for step in standing.open:
        if step.body in bodies and step.body not in {each.body for each in failures}:
            failures += await _one(conn, epoch, standing, step)
    return failures


async def _one(conn: Connection, epoch: int, standing: Standing, step: Due) -> list[Failure]:
    if standing.stored_until is None or standing.stored_until < step.cutoff:
        why = sentence("not_stored", month=step.month, body=step.body)
        return [Failure(step.body, why, NO_SUCH_REPORT)]
    try:
        report = await sealing.seal(conn, epoch, step)
    except Deposed:
        return [Failure(step.body, sentence("other_turn"), NOT_DONE)]
    except StorageRefused as error:
        return [Failure(step.body, f"{step.body}: {error}", REFUSED)]
    if report is None:
        why = sentence("too_late", month=step.month, body=step.body)
        return [Failure(step.body, why, NO_SUCH_REPORT)]
    typer.echo(f"{step.month} {step.body} r{step.revision} {report.state}: {report.seal.content}")
    if not any(day.evidence_count for day in report.days):
        typer.echo(sentence("no_evidence", body=step.body), err=True)
    return []
