"""What the process is told, and its own sign of life."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.contracts.evidence import Heartbeat
from services.ingest import receivers
from services.ingest.heartbeat import beat
from services.ingest.metrics import Metrics
from services.ingest.settings import IngestSettings
from services.runtime.errors import Stop
from services.runtime.ops import Health
from services.runtime.settings import load
from tests.support.builders import SLOT
from tests.support.memory import MemoryPublisher
from tests.support.probing import MovedClock
from tests.support.waiting import eventually
from tests.unit.ingest.handset import FORWARDER, GATEWAY, KEEPER


def test_both_apps_are_discovered() -> None:
    assert sorted(receivers.discover()) == [GATEWAY, FORWARDER]


def test_destinations_are_json_by_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = tmp_path / "destinations"
    told.write_text('{"sens": {"url": "http://127.0.0.1:1"}}')
    for name, value in {"ID_KEY": "i" * 32, "CONTENT_KEY": "c" * 32, "SECRETS_DIR": "x"}.items():
        monkeypatch.setenv(f"BONGSU_{name}", value)
    monkeypatch.setenv("BONGSU_DESTINATIONS_FILE", str(told))
    settings = load(IngestSettings)
    assert settings.destinations["sens"].url == "http://127.0.0.1:1"
    assert (settings.port, settings.ops_port) == (8471, 8475)
    assert "iiii" not in repr(settings)
    told.write_text('{"sens"')
    with pytest.raises(Stop, match="BONGSU_DESTINATIONS"):
        load(IngestSettings)


async def test_ingest_says_that_it_lives_once_and_then_rests() -> None:
    published, stopping, health = MemoryPublisher(), asyncio.Event(), Health()
    metrics = Metrics(CollectorRegistry())
    beating = asyncio.create_task(beat(KEEPER, published, metrics, MovedClock(), health, stopping))
    await eventually(lambda: published.records or beating.done(), within=5)
    stopping.set()
    await beating
    assert published.records == [Heartbeat(source="ingest/ingest-a", at=SLOT)]


async def test_ingest_says_that_it_lives_as_soon_as_kafka_is_back() -> None:
    published, stopping = MemoryPublisher(), asyncio.Event()
    published.away = True
    metrics = Metrics(CollectorRegistry())
    beating = asyncio.create_task(
        beat(KEEPER, published, metrics, MovedClock(), Health(), stopping)
    )
    await eventually(lambda: published.refused, within=5)
    published.away = False
    await eventually(lambda: published.records, within=5)
    stopping.set()
    await beating
    assert published.records[0] == Heartbeat(source="ingest/ingest-a", at=SLOT)
