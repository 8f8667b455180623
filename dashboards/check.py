"""All judges, one after the other: Grafana's models, the house, the metrics, real servers.

In: boards as JSON, addresses of servers. Out: `Verdict`. Before: `build.py`. After: the
command `bongsu dashboards check`, and the tests.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dashboards import lint, queries, registry, roundtrip, truth, waived
from dashboards.asking import Away
from dashboards.lint import Boards
from dashboards.queries import Query, Values
from dashboards.sources import PG, PROM, Json


@dataclass(frozen=True)
class Verdict:
    """What is wrong, and what nobody could look at; both empty when all is well."""

    problems: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def static(boards: Boards) -> list[str]:
    """What is wrong with boards and rules by themselves; no server needed."""
    lost = [words for board in boards.values() for words in roundtrip.problems(board)]
    if lost:
        return lost  # the other judges rely on the shape
    return [*lint.problems(boards), *_metrics(boards), *_exceptions(boards)]


def _metrics(boards: Boards) -> list[str]:
    expressions, made = registry.rules(registry.RULES)
    asked = {
        str(query): queries.promql(query, queries.chosen(boards[query.uid]))
        for query in all_queries(boards)
        if query.kind == PROM["type"]
    }
    return registry.problems(asked | expressions, registry.declared(), made, waived.METRICS)


def _exceptions(boards: Boards) -> list[str]:
    known = {query.key for query in all_queries(boards)}
    gone = sorted(waived.MAY_BE_EMPTY.keys() - known)
    return [f"{key} may be empty, but no board asks it" for key in gone]


def all_queries(boards: Boards) -> Iterator[Query]:
    """Every question of every board."""
    for board in boards.values():
        yield from queries.queries(board)


async def served(
    boards: Boards,
    prometheus: str | None,
    postgres: str | None,
    now: datetime,
    may_be_empty: Mapping[str, str] = waived.MAY_BE_EMPTY,
) -> Verdict:
    """What real servers say; a server that is not there leaves its part unchecked."""
    verdict = Verdict()
    values: Values = {}
    try:
        async with truth.postgres(postgres, now) as (ask, values):
            verdict.problems.extend(await _asked(boards, PG, ask, values, may_be_empty))
    except Away as away:
        verdict.unchecked.append(f"SQL was not checked: {away}")
    try:
        async with truth.prometheus(prometheus, now) as ask:
            verdict.problems.extend(await _asked(boards, PROM, ask, values, may_be_empty))
    except Away as away:
        verdict.unchecked.append(f"PromQL was not checked: {away}")
    return verdict


async def _asked(
    boards: Boards, source: Json, ask: truth.Ask, values: Values, may_be_empty: Mapping[str, str]
) -> list[str]:
    found = []
    for query in (query for query in all_queries(boards) if query.kind == source["type"]):
        problem = await ask(query, {**values, **queries.chosen(boards[query.uid])})
        if problem and not (problem in truth.EMPTY and query.key in may_be_empty):
            found.append(f"{query}: {problem}")
    return found
