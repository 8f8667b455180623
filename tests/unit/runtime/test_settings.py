"""Settings: where values come from, what is said of wrong ones."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError

from services.local.settings import LocalSettings
from services.runtime import logs
from services.runtime.errors import Stop
from services.runtime.http import Destinations
from services.runtime.kafka import address_of
from services.runtime.settings import Settings, load


class Own(Settings):
    """A process's settings."""

    ops_port: int = Field(8000, ge=1)
    destinations: Destinations = Field(default_factory=dict)


def test_a_file_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("from-the-file\n")
    monkeypatch.setenv("BONGSU_KAFKA_PASSWORD", "from-the-environment")
    monkeypatch.setenv("BONGSU_KAFKA_PASSWORD_FILE", str(tmp_path / "password"))
    password = load(Own).kafka_password
    assert password is not None
    assert password.get_secret_value() == "from-the-file"


def test_a_file_may_hold_a_value_in_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "to").write_text('{"sens": {"url": "https://sens.example"}}')
    monkeypatch.setenv("BONGSU_DESTINATIONS_FILE", str(tmp_path / "to"))
    assert load(Own).destinations["sens"].url == "https://sens.example"


def test_a_secret_shows_in_no_representation_and_the_redactor_knows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "_known_secrets", ())
    monkeypatch.setenv("BONGSU_KAFKA_PASSWORD", "canary-of-settings")
    settings = load(Own)
    assert isinstance(settings.kafka_password, SecretStr)
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "canary" not in shown
    assert logs.clean_text("with canary-of-settings") == f"with {logs.HIDDEN}"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("BONGSU_OPS_PORT", "many", "BONGSU_OPS_PORT: "),
        ("BONGSU_TOPIC_PREFIX", "No Blanks", "BONGSU_TOPIC_PREFIX: "),
        ("BONGSU_DESTINATIONS", "no json canary", "BONGSU_DESTINATIONS: no valid JSON"),
        ("BONGSU_DESTINATIONS", '{"sens": {"url": "x"}}', "BONGSU_DESTINATIONS (sens.url): "),
        ("BONGSU_DESTINATIONS_FILE", "/nowhere", "BONGSU_DESTINATIONS_FILE: /nowhere cannot be"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Stop) as stopped:
        load(Own)
    assert str(stopped.value).startswith(said)
    assert "\n" not in str(stopped.value)
    assert "canary" not in str(stopped.value)


def test_settings_with_a_prefix_of_their_own_are_named_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BONGSU_LOCAL_KAFKA_PORT", "many")
    with pytest.raises(Stop, match=r"^BONGSU_LOCAL_KAFKA_PORT: "):
        load(LocalSettings)


def test_a_file_that_is_no_text_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("BONGSU_KAFKA_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(Stop, match="BONGSU_KAFKA_PASSWORD_FILE"):
        load(Own)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        load(Own).kafka = "elsewhere:9092"  # type: ignore[misc]


def test_plain_text_is_refused_outside_a_development_set_up() -> None:
    with pytest.raises(Stop, match="BONGSU_KAFKA_SECURITY"):
        address_of(Own())
    assert address_of(Own(development=True)).development
