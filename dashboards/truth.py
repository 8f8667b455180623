"""The fourth judge: real servers answer every question of every board, with rows.

In: questions, a Prometheus, a Postgres as the role that Grafana has. Out: sentences about questions
that fail, take too long or find nothing. Before: `asking.py`. After: `check.py`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import aiohttp

from dashboards import asking
from dashboards.asking import ANSWER, Away, Unanswered
from dashboards.queries import Query, Values
from services.storage.pool import Connection, Row

LATELY = timedelta(hours=1)
_CHOICES = """
SELECT array_agg(DISTINCT channel) AS channel, array_agg(DISTINCT provider) AS provider,
    array_agg(DISTINCT carrier) AS carrier, array_agg(DISTINCT body) AS body,
    ARRAY[max(probe_id::text)] AS probe, ARRAY[
        coalesce((SELECT id FROM dash.incident ORDER BY started_at DESC LIMIT 1), '')
    ] AS incident, ARRAY[coalesce(
        (SELECT max(month) FILTER (WHERE revision IS NOT NULL) FROM dash.sla_month),
        date_trunc('month', now())::date
    )::text] AS month
FROM dash.probe WHERE probe_id >= dash.id_floor($1)
"""
NO_ROW, NO_SERIES = EMPTY = "no row", "no series"

# A sentence when a question is not answered well.
Ask = Callable[[Query, Values], Awaitable[str | None]]


@asynccontextmanager
async def postgres(dsn: str | None, now: datetime) -> AsyncIterator[tuple[Ask, Values]]:
    """Asks SQL on one connection; and what variables can hold: whatever was probed lately, the
    newest incident, the newest sealed month. Raises Away, also when nothing was probed."""
    if dsn is None:
        raise Away("no Postgres (start `bongsu up`, or give --postgres)")
    async with asking.postgres(dsn) as conn:
        row = await conn.fetchrow(_CHOICES, now - LATELY)
        if row is None or row["channel"] is None:
            raise Away("nothing was probed within the last hour")
        yield partial(_ask_sql, conn, now), dict(row.items())


async def _ask_sql(conn: Connection, now: datetime, query: Query, values: Values) -> str | None:
    try:  # what is not permitted, before what is slow
        rows = await asking.rows(conn, query, values, now, first="EXPLAIN")
    except Unanswered as why:
        return str(why)
    return _of_rows(query, rows)


def _of_rows(query: Query, rows: Sequence[Row]) -> str | None:
    if not rows:
        return NO_ROW
    if query.units is None:
        return None
    numeric = {name for row in rows for name, value in row.items() if _is_number(value)}
    bare = sorted(numeric - query.units)
    return f"columns without a unit: {', '.join(bare)}" if bare else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


@asynccontextmanager
async def prometheus(url: str | None, now: datetime) -> AsyncIterator[Ask]:
    """Asks PromQL. Raises Away, also from within."""
    if url is None:
        raise Away("no Prometheus (install prometheus and start `bongsu up`, or give --prometheus)")
    async with aiohttp.ClientSession(timeout=ANSWER) as session:
        yield partial(_ask_promql, session, url, now)


async def _ask_promql(
    session: aiohttp.ClientSession, url: str, now: datetime, query: Query, values: Values
) -> str | None:
    try:
        found = await asking.series(session, url, query, values, now)
    except Unanswered as why:
        return str(why)
    return None if any(map(_has_value, found)) else NO_SERIES


def _has_value(series: dict[str, Any]) -> bool:
    values = series.get("values") or [series.get("value")]
    return any(value is not None and value[1] != "NaN" for value in values)
