"""The fourth judge: real servers answer every question of every board, with rows.

In: questions, a Prometheus, a Postgres as the role that Grafana has. Out: sentences about questions
that fail, take too long or find nothing. Before: `queries.py`. After: `check.py`.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import aiohttp

from dashboards import queries
from dashboards.house import PG, PROM
from dashboards.queries import Query, Values
from services.storage import errors
from services.storage.pool import Connection, Row, open_pool

SLOW_S = 2.0
ANSWER = aiohttp.ClientTimeout(total=10)
POINTS, LEAST_STEP = 200, timedelta(seconds=15)
LATELY = timedelta(hours=1)
_CHOICES = """
SELECT array_agg(DISTINCT channel) AS channel, array_agg(DISTINCT provider) AS provider,
    array_agg(DISTINCT carrier) AS carrier, array_agg(DISTINCT body) AS body
FROM dash.probe WHERE probe_id >= dash.id_floor($1)
"""


class Away(Exception):
    """A server cannot be asked; the message is a sentence that says what stays unchecked."""


async def choices(dsn: str, now: datetime) -> Values:
    """What variables can hold: whatever was probed lately. Raises Away when nothing was."""
    async with _connected(dsn) as conn:
        row = await conn.fetchrow(_CHOICES, now - LATELY)
    if row is None or row["channel"] is None:
        raise Away("SQL was not checked: nothing was probed within the last hour")
    return dict(row.items())


async def ask_postgres(
    asked: Iterable[Query],
    values: Values,
    dsn: str,
    now: datetime,
    may_be_empty: Collection[str],
) -> list[str]:
    """A sentence for each SQL question that is not answered well. Raises Away."""
    found = []
    async with _connected(dsn) as conn:
        for query in (query for query in asked if query.kind == PG["type"]):
            problem = await _ask_sql(conn, query, values, now)
            if problem and not (problem == "no row" and query.key in may_be_empty):
                found.append(f"{query}: {problem}")
    return found


async def _ask_sql(conn: Connection, query: Query, values: Values, now: datetime) -> str | None:
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
        return "no row"
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


async def ask_prometheus(
    asked: Iterable[Query],
    values: Values,
    url: str,
    now: datetime,
    may_be_empty: Collection[str],
) -> list[str]:
    """A sentence for each PromQL question that is not answered well. Raises Away."""
    found = []
    async with aiohttp.ClientSession(timeout=ANSWER) as session:
        for query in (query for query in asked if query.kind == PROM["type"]):
            try:
                problem = await _ask_promql(session, url, query, values, now)
            except (aiohttp.ClientError, TimeoutError) as error:
                words = str(error) or type(error).__name__
                raise Away(f"PromQL was not checked: Prometheus at {url}: {words}") from error
            if problem and not (problem == "no series" and query.key in may_be_empty):
                found.append(f"{query}: {problem}")
    return found


async def _ask_promql(
    session: aiohttp.ClientSession, url: str, query: Query, values: Values, now: datetime
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
    return None if any(map(_has_value, answer["data"]["result"])) else "no series"


def _has_value(series: dict[str, Any]) -> bool:
    values = series.get("values") or [series.get("value")]
    return any(value is not None and value[1] != "NaN" for value in values)
