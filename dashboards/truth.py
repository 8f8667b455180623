"""The fourth judge: real servers answer every question of every board, with rows.

In: questions, a Prometheus, a Postgres as the role that Grafana has. Out: sentences about questions
that fail, take too long or find nothing. Before: `queries.py`. After: `check.py`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import aiohttp

from dashboards import queries
from dashboards.queries import Query, Values
from services.storage import errors
from services.storage.pool import Connection, Row, open_pool

SLOW_S = 2.0
ANSWER = aiohttp.ClientTimeout(total=10)
POINTS, LEAST_STEP = 200, timedelta(seconds=15)
LATELY = timedelta(hours=1)
NO_ROW, NO_SERIES = EMPTY = "no row", "no series"
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


# A sentence when a question is not answered well.
Ask = Callable[[Query, Values], Awaitable[str | None]]


class Away(Exception):
    """A server cannot be asked; the message is a sentence that says what stays unchecked."""


@asynccontextmanager
async def postgres(dsn: str | None, now: datetime) -> AsyncIterator[tuple[Ask, Values]]:
    """Asks SQL on one connection; and what variables can hold: whatever was probed lately, the
    newest incident, the newest sealed month. Raises Away when nothing was probed."""
    if dsn is None:
        raise Away("SQL was not checked: no Postgres (start `bongsu up`, or give --postgres)")
    async with _connected(dsn) as conn:
        row = await conn.fetchrow(_CHOICES, now - LATELY)
        if row is None or row["channel"] is None:
            raise Away("SQL was not checked: nothing was probed within the last hour")
        yield partial(_ask_sql, conn, now), dict(row.items())


async def _ask_sql(conn: Connection, now: datetime, query: Query, values: Values) -> str | None:
    try:
        text = queries.sql(query, values, now)
        await conn.execute(f"EXPLAIN {text}")  # what is not permitted, before what is slow
        rows = await conn.fetch(text)
    except LookupError as error:
        return str(error)
    except Exception as error:
        if errors.curable(error):
            return f"no answer within {SLOW_S:g} s: {error or type(error).__name__}"
        if errors.refused(error):
            return f"Postgres refuses: {error}"
        raise
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
async def _connected(dsn: str) -> AsyncIterator[Connection]:
    """One connection with the time limit of a board's question. Raises Away."""
    async with AsyncExitStack() as opened:
        try:
            pool = await opened.enter_async_context(
                open_pool(dsn, role_label="boards", max_size=1, command_timeout_s=SLOW_S)
            )
            conn = await opened.enter_async_context(pool.acquire())
        except Exception as error:
            if errors.curable(error) or errors.refused(error):
                words = str(error) or type(error).__name__
                raise Away(f"SQL was not checked: Postgres: {words}") from error
            raise
        yield conn


@asynccontextmanager
async def prometheus(url: str | None, now: datetime) -> AsyncIterator[Ask]:
    """Asks PromQL. Raises Away."""
    if url is None:
        raise Away(
            "PromQL was not checked: no Prometheus (install prometheus and start `bongsu up`,"
            " or give --prometheus)"
        )
    async with aiohttp.ClientSession(timeout=ANSWER) as session:
        try:
            yield partial(_ask_promql, session, url, now)
        except (aiohttp.ClientError, TimeoutError) as error:
            words = str(error) or type(error).__name__
            raise Away(f"PromQL was not checked: Prometheus at {url}: {words}") from error


async def _ask_promql(
    session: aiohttp.ClientSession, url: str, now: datetime, query: Query, values: Values
) -> str | None:
    what = {"query": queries.promql(query, values)}
    if query.instant:
        what["time"] = str(now.timestamp())
    else:
        step = max(query.span / POINTS, LEAST_STEP)
        what |= {"start": str((now - query.span).timestamp()), "end": str(now.timestamp())}
        what["step"] = str(step.total_seconds())
    path = "query" if query.instant else "query_range"
    async with session.post(f"{url.rstrip('/')}/api/v1/{path}", data=what) as response:
        answer = await response.json()
    if answer["status"] != "success":
        return f"Prometheus refuses: {answer['error']}"
    return None if any(map(_has_value, answer["data"]["result"])) else NO_SERIES


def _has_value(series: dict[str, Any]) -> bool:
    values = series.get("values") or [series.get("value")]
    return any(value is not None and value[1] != "NaN" for value in values)
