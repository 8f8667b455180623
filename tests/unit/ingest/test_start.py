"""What the process is told, and its own sign of life."""

from pathlib import Path

import pytest

from services.ingest import receivers
from services.ingest.settings import IngestSettings
from services.runtime.errors import Stop
from services.runtime.settings import load
from tests.unit.ingest.handset import FORWARDER, GATEWAY


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
