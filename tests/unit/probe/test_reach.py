"""Who answered, and what the process is told."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from services.probe.metrics import Metrics
from services.probe.reach import Reach
from services.probe.settings import ProbeSettings
from services.runtime.errors import Stop
from services.runtime.ops import READY_WITHIN_S
from services.runtime.settings import load

KEYS: dict[str, Any] = {"id_key": "i" * 32, "content_key": "c" * 32, "secrets_dir": "secrets"}


def test_an_answer_of_any_status_is_a_proof_of_network_and_silence_is_none() -> None:
    registry = CollectorRegistry()
    reach = Reach(Metrics(registry))
    reach.exchanged("sens", 503, 0.1)
    reach.exchanged("control", 204, 0.1)
    reach.exchanged("nhn", None, 20)
    assert reach.take() == ("control", "sens")
    assert reach.take() == ()
    value = registry.get_sample_value
    for provider, code in (("sens", "5xx"), ("control", "2xx"), ("nhn", "error")):
        labels = {"provider": provider, "code": code}
        assert value("bongsu_provider_api_requests_total", labels) == 1


def test_a_worker_beats_more_often_than_readiness_asks() -> None:
    assert ProbeSettings(**KEYS).heartbeat_s < READY_WITHIN_S
    with pytest.raises(ValidationError):
        ProbeSettings(heartbeat_s=READY_WITHIN_S, **KEYS)


def _environment(monkeypatch: pytest.MonkeyPatch, **over: str) -> None:
    for name, value in (KEYS | over).items():
        monkeypatch.setenv(f"BONGSU_{name.upper()}", value)


def test_destinations_are_json_by_account(monkeypatch: pytest.MonkeyPatch) -> None:
    _environment(monkeypatch, destinations='{"sens": {"url": "http://127.0.0.1:8479"}}')
    settings = load(ProbeSettings)
    assert settings.destinations["sens"].url == "http://127.0.0.1:8479"


def test_destinations_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    path = tmp_path / "destinations"
    path.write_text('{"sens": {"proxy": "http://127.0.0.1:3128"}}\n', encoding="utf-8")
    _environment(monkeypatch, destinations_file=str(path))
    assert load(ProbeSettings).destinations["sens"].proxy == "http://127.0.0.1:3128"


@pytest.mark.parametrize("wrong", ["{", '{"sens": {"proxi": "x"}}', "[]"])
def test_wrong_destinations_stop_the_start_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    _environment(monkeypatch, destinations=wrong)
    with pytest.raises(Stop, match="BONGSU_DESTINATIONS"):
        load(ProbeSettings)
