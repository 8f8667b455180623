"""Step 9 in the process: what sends pages, with connections, deadlines and a rhythm of its own.

In:  settings, the catalogue in force. Out: nothing of its own. Before: `detection/run.py` begins
it, and begins it anew after an error. After: `dispatch.py`, `standing.py`.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from services.alerting.database import asking, database, stored_catalogue
from services.alerting.metrics import Metrics
from services.alerting.paging.calls import Terms
from services.alerting.paging.dispatch import Dispatcher
from services.alerting.paging.links import Addresses
from services.alerting.paging.notifiers import Notifiers
from services.alerting.paging.notifiers.base import Outside
from services.alerting.paging.standing import Standing
from services.alerting.settings import AlertingSettings
from services.contracts.catalogue import Catalogue
from services.runtime.errors import Retry
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause
from services.runtime.secrets import SecretFolder
from services.storage.pool import Pool

CONNECTIONS, ANSWER_S = 3, 3.0


async def page(
    settings: AlertingSettings, catalogue: Callable[[], Catalogue | None], metrics: Metrics,
    health: Health, stopping: asyncio.Event,
) -> None:  # fmt: skip
    """Page until `stopping`."""
    addresses = Addresses(settings.public_url, settings.boards_url, settings.runbooks_url)
    notifiers = Notifiers(Outside(settings.destinations, timedelta(seconds=settings.alert_lasts_s)))
    holder = f"{settings.instance}/{uuid4().hex[:8]}"
    proof_every = timedelta(seconds=settings.proof_every_s)
    times = (settings.page_lease_s, settings.other_path_after_s)
    terms = Terms(holder, *times, addresses, proof_every)
    async with (
        database(
            settings.postgres.get_secret_value(), health, stopping, role_label="paging",
            max_size=CONNECTIONS, command_timeout_s=ANSWER_S,
        ) as pool,
        asyncio.TaskGroup() as tasks,
    ):  # fmt: skip
        if pool is not None:
            stored = await _stored(pool, health, stopping)
            shared = (lambda: catalogue() or stored, SecretFolder(settings.secrets_dir), notifiers)
            sending = Dispatcher(pool, terms, *shared, metrics, health)
            standing = Standing(pool, settings.alert_again_s, addresses, *shared, health)
            tasks.create_task(sending.run(stopping), name="pages")
            tasks.create_task(standing.run(stopping), name="standing")


async def _stored(pool: Pool, health: Health, stopping: asyncio.Event) -> Catalogue | None:
    """The catalogue by which pages go until Kafka tells of one: who begins while Kafka is away has
    people to call, too."""
    backoff = Backoff(cap_s=2.0)
    while not stopping.is_set():
        with contextlib.suppress(Retry):
            async with asking(pool, health) as conn:
                return await stored_catalogue(conn)
        await pause(stopping, backoff.next_s())
    return None
