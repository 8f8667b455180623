"""Boards' questions to real servers, as Grafana would ask them; every wait has an end.

In: questions, the DSN of the login that Grafana has, the address of a Prometheus. Out: rows and
series. Before: `queries.py`. After: `truth.py`, which judges the answers, and `preview/`, which
shows them.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any

import aiohttp

from dashboards import queries
from dashboards.queries import Query, Values
from services.storage import errors
from services.storage.pool import Connection, Row, open_pool

SLOW_S = 2.0
ANSWER = aiohttp.ClientTimeout(total=10)


class Away(Exception):
    """A server cannot be asked anything; the message says which, and why."""


class Unanswered(Exception):
    """This question gets no answer; the message is a sentence that says why."""


@asynccontextmanager
async def postgres(dsn: str) -> AsyncIterator[Connection]:
    """One connection with the time limit of a board's question. Raises Away."""
    async with AsyncExitStack() as opened:
        try:
            pool = await opened.enter_async_context(
                open_pool(dsn, role_label="boards", max_size=1, command_timeout_s=SLOW_S)
            )
            conn = await opened.enter_async_context(pool.acquire())
        except Exception as error:
            if errors.curable(error) or errors.refused(error):
                raise Away(f"Postgres: {str(error) or type(error).__name__}") from error
            raise
        yield conn


async def rows(
    conn: Connection, query: Query, values: Values, now: datetime, first: str = ""
) -> Sequence[Row]:
    """What SQL finds; what `first` makes of it (EXPLAIN) is run before it. Raises Unanswered."""
    try:
        text = queries.sql(query, values, now)
        if first:
            await conn.execute(f"{first} {text}")
        return await conn.fetch(text)
    except LookupError as error:
        raise Unanswered(str(error)) from None
    except Exception as error:
        if errors.curable(error):
            words = str(error) or type(error).__name__
            raise Unanswered(f"no answer within {SLOW_S:g} s: {words}") from error
        if errors.refused(error):
            raise Unanswered(f"Postgres refuses: {error}") from error
        raise


async def series(
    session: aiohttp.ClientSession, url: str, query: Query, values: Values, now: datetime
) -> list[dict[str, Any]]:
    """What PromQL finds, each with `metric` and `value` or `values`. Raises Unanswered, Away."""
    what = {"query": queries.promql(query, values)}
    if query.instant:
        what["time"] = str(now.timestamp())
    else:
        what |= {"start": str((now - query.span).timestamp()), "end": str(now.timestamp())}
        what["step"] = str(query.step.total_seconds())
    path = "query" if query.instant else "query_range"
    try:
        async with session.post(f"{url.rstrip('/')}/api/v1/{path}", data=what) as response:
            answer = await response.json()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Away(f"Prometheus at {url}: {str(error) or type(error).__name__}") from error
    if answer["status"] != "success":
        raise Unanswered(f"Prometheus refuses: {answer['error']}")
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found
