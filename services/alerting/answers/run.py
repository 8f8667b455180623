"""What people answer, in the process: connections of its own, so that a flood of visitors keeps
neither storing nor pages waiting.

In:  the database's address. Out: the port of links; the API's routes of the ops port have a pool.
"""

import asyncio

from services.alerting.answers import links
from services.alerting.answers.api import Api
from services.alerting.database import database
from services.alerting.metrics import Metrics
from services.alerting.settings import AlertingSettings
from services.runtime.ops import Health
from services.runtime.serve import serve

CONNECTIONS = 4


async def answer(
    settings: AlertingSettings, api: Api, metrics: Metrics, health: Health, stopping: asyncio.Event
) -> None:
    """Answer until `stopping`."""
    dsn = settings.postgres.get_secret_value()
    async with database(dsn, health, stopping, "answers", CONNECTIONS) as pool:
        if pool is not None:
            api.pool = pool
            doors = links.app(pool, metrics)
            await serve(doors, settings.answers_host, settings.answers_port, stopping)
