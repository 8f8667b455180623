"""The month of a dated outage as one body's contract would have been reported.

In:  a scenario, a catalogue, a contract item, an empty database of which we are the owner. Out: the
month's revisions, sealed by the reporting process's own round when they would have been due.
Before: `scenario.load`. After: `months.content`, documents. Probed are the item's routes only, by
one worker, without drills, which count in no month.
"""

import asyncio
from datetime import timedelta

from prometheus_client import CollectorRegistry

from services.alerting.detection.law import Learnt
from services.contracts.catalogue import Catalogue, Receiver, Route
from services.replay.loading import BY, Loading
from services.replay.log import PARTITIONS
from services.replay.run import Progress, keys_of, stream_of
from services.replay.scenario import Scenario, Span
from services.reporting.calendar import moment_of, month_window
from services.reporting.due import closes_at, month_of
from services.reporting.metrics import Metrics
from services.reporting.round import Rounds, promised
from services.storage import clock
from services.storage.pool import Pool, transaction

# A replayed phone tells as seldom as a real one may: signs of life are most of what is loaded.
HEARTBEAT_S = 120
AFTER = timedelta(hours=1)  # what was late at the month's end is seen


def of_item(catalogue: Catalogue, item: str) -> Catalogue:
    """The same catalogue with one contract item (`geoje.alimtalk`), its routes and who sees them.
    Raises KeyError when it has none of that name."""
    contracts = {name: one for name, one in catalogue.contracts.items() if one.item == item}
    if not contracts:
        raise KeyError(item)
    names = {share.route for one in contracts.values() for share in one.routes}
    routes = {name: _undrilled(catalogue.routes[name]) for name in sorted(names)}
    seen_by = {name for route in routes.values() for name in route.receivers}
    receivers = {name: _seldom(catalogue.receivers[name]) for name in sorted(seen_by)}
    own = {"contracts": contracts, "routes": routes, "receivers": receivers}
    return catalogue.model_copy(update=own)


def in_its_month(scenario: Scenario) -> Scenario:
    """From the first minute of the month of its onset to an hour after the last."""
    window = month_window(month(scenario), str(scenario.tz))
    since, until = moment_of(window.start), moment_of(window.end) + AFTER
    span = Span.model_construct(since=since, until=until)
    return scenario.model_copy(update={"given_span": span})


def month(scenario: Scenario) -> str:
    """`2022-10`: the month in which it begins."""
    return month_of(scenario.onset or scenario.span.since, str(scenario.tz))


async def seal(
    pool: Pool,
    scenario: Scenario,
    catalogue: Catalogue,
    learnt: Learnt,
    seed: int = 1,
    progress: Progress = lambda at: None,
) -> None:
    """Play the scenario in a database; then seal what is due when its month is closed. Of a
    catalogue as `of_item` makes it, a scenario as `in_its_month` does."""
    stream = stream_of(scenario, catalogue, seed, keys_of(seed)[:1])
    loading = Loading(pool, scenario, stream, learnt, progress)
    await loading.run()
    async with pool.acquire() as conn:
        (body,) = await promised(conn)
    closes = closes_at(body, month(scenario))
    await loading.store(closes)
    async with transaction(pool) as conn:
        await clock.play(conn, closes)
    async with pool.acquire() as conn:
        rounds = Rounds(BY, Metrics(CollectorRegistry()), PARTITIONS)
        await rounds.go(conn, asyncio.Event())


def _undrilled(route: Route) -> Route:
    return route.model_copy(update={"ladder_probe": None})


def _seldom(receiver: Receiver) -> Receiver:
    observers = tuple(
        one.model_copy(update={"heartbeat_s": HEARTBEAT_S}) for one in receiver.observers
    )
    return receiver.model_copy(update={"observers": observers})
