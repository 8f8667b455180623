"""Alertmanager shows an open incident without a gap, whatever dies meanwhile, until its end.

Times are a sixtieth: an alert lasts half a minute unless it is told anew, which happens every
second; Postgres is away for five seconds, and the incident is open for longer than an alert lasts.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from services.adapters import discover
from services.local.kafka import free_ports
from services.local.keys import make_secrets
from services.local.prometheus import EmbeddedAlertmanager, programs
from services.runtime.kafka import Address, Producer
from services.storage import incidents
from services.storage.pool import Pool, transaction
from tests.integration.alerting.proxy import CuttingProxy
from tests.integration.alerting.running import Process, process
from tests.support.chain import shipped
from tests.support.incidents import an_incident
from tests.support.waiting import eventually
from tests.system.test_notifiers import shown

LASTS, AGAIN, AWAY = timedelta(seconds=30), timedelta(seconds=1), timedelta(seconds=5)
SLACK = timedelta(seconds=5)  # of a busy machine
LOOKED_S, WITHIN_S = 0.1, 90.0

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[str]:
    """Where it answers."""
    installed = programs()
    assert installed is not None
    (port,) = free_ports(1)
    async with EmbeddedAlertmanager(installed[1], tmp_path / "alertmanager", port) as server:
        yield server.url


@asynccontextmanager
async def alerting(
    address: Address, dsn: str, alertmanager: str, secrets: Path
) -> AsyncIterator[Process]:
    """One instance whose only receiver that listens is this Alertmanager."""
    make_secrets(secrets, shipped(), discover())
    (nobody,) = free_ports(1)
    nowhere = dict.fromkeys(("control-room", "sens", "nhn"), f"http://127.0.0.1:{nobody}")
    ways = {"alertmanager": alertmanager, "mail": f"smtp://127.0.0.1:{nobody}", **nowhere}
    told = {
        "SECRETS_DIR": str(secrets),
        "DESTINATIONS": json.dumps({name: {"url": url} for name, url in ways.items()}),
        "ALERT_LASTS_S": str(LASTS.total_seconds()),
        "ALERT_AGAIN_S": str(AGAIN.total_seconds()),
    }
    kafka = str(address.options["bootstrap_servers"])
    async with process(kafka, address.prefix, dsn, **told) as made:
        yield made


class Looked:
    """What Alertmanager shows of an incident, asked without a pause."""

    def __init__(self, url: str, incident: str) -> None:
        self._url, self._incident, self.looks, self.gaps = url, incident, 0, 0

    async def until(self) -> datetime | None:
        """Until when the alert would last if nobody told it anew; None: it is not shown."""
        for alert in await shown(self._url):
            if alert["labels"].get("incident") == self._incident:
                return datetime.fromisoformat(alert["endsAt"])
        return None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.gaps += await self.until() is None
            self.looks += 1
            await asyncio.sleep(LOOKED_S)

    async def renewed(self) -> None:
        """Wait until it is told anew."""
        last = await self.until()
        assert last is not None

        async def later() -> bool:
            now = await self.until()
            return now is not None and now > last

        await eventually(later, within=WITHIN_S)


async def test_an_alert_outlives_a_kill_and_postgres_and_ends_with_its_incident(
    address: Address, applied: Producer, database: str, pool: Pool, alertmanager: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    began = datetime.now(UTC)
    row = an_incident(started_at=began, detected_at=began)
    async with transaction(pool) as conn:
        await incidents.put(conn, row)
    alert = Looked(alertmanager, row.id)
    async with CuttingProxy(database) as postgres:
        dsn = urlsplit(database)._replace(netloc=_netloc(database, postgres.port)).geturl()
        async with alerting(address, dsn, alertmanager, tmp_path / "secrets") as instance:
            await eventually(alert.until, within=WITHIN_S)
            began, looking = datetime.now(UTC), asyncio.create_task(alert.run())

            await instance.kill()
            await instance.start()
            await alert.renewed()

            postgres.away = True
            postgres.cut_all()
            away = datetime.now(UTC)
            while datetime.now(UTC) - away < AWAY:
                await alert.renewed()
            postgres.away = False

            while datetime.now(UTC) - began < LASTS + AWAY:
                await alert.renewed()
            looking.cancel()
            await asyncio.wait({looking})
            assert (alert.gaps, looking.cancelled(), alert.looks > 20) == (0, True, True)

            await _closed(pool, row.id)
            await eventually(lambda: _over(alert), within=WITHIN_S)
            gone = datetime.now(UTC)
            async with transaction(pool) as conn:
                closed = await incidents.by_id(conn, row.id)
    assert closed is not None
    assert closed.closed_at is not None
    assert gone - closed.closed_at < AGAIN + SLACK


async def _over(alert: Looked) -> bool:
    return await alert.until() is None


async def _closed(pool: Pool, incident: str) -> None:
    """A person closes it; the leader does so at its next tick."""
    async with transaction(pool) as conn:
        await incidents.ask(conn, incident, "close", "kim", "mended")


def _netloc(dsn: str, port: int) -> str:
    return f"{urlsplit(dsn).netloc.rpartition('@')[0]}@127.0.0.1:{port}"
