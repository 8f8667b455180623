"""The secrets folder."""

import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.runtime import logs
from services.runtime.errors import Stop
from services.runtime.secrets import SecretFolder


def _write(folder: Path, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "new").write_text(text)
    (folder / "new").replace(folder / "sens-geoje.json")


def test_a_key_is_rotated_without_a_restart(tmp_path: Path) -> None:
    folder = SecretFolder(tmp_path)
    _write(tmp_path, {"key": "key-number-one"})
    assert folder.one("sens-geoje", "key").get_secret_value() == "key-number-one"
    _write(tmp_path, {"key": ["key-number-two", "key-number-one"]})
    values = [value.get_secret_value() for value in folder.all("sens-geoje", "key")]
    assert values == ["key-number-two", "key-number-one"]
    assert folder.fields("sens-geoje")["key"].get_secret_value() == "key-number-two"


def test_every_value_is_told_to_the_redactor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_known_secrets", ())
    _write(tmp_path, {"key": ["key-number-two", "key-number-one"]})
    SecretFolder(tmp_path).one("sens-geoje", "key")
    assert logs.clean_text("key-number-one") == logs.HIDDEN


@pytest.mark.parametrize("content", ["{", "[]", '"x"', {"key": 3}, {"key": [1]}, {"key": ""}])
def test_a_file_of_another_shape_is_refused_with_its_name(tmp_path: Path, content: Any) -> None:
    _write(tmp_path, content)
    with pytest.raises(Stop, match=r"secret sens-geoje: .*no JSON object of strings"):
        SecretFolder(tmp_path).one("sens-geoje", "key")


def test_a_missing_file_or_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"secret sens-geoje: .*cannot be read"):
        SecretFolder(tmp_path).one("sens-geoje", "key")
    _write(tmp_path, {"other": "value"})
    with pytest.raises(Stop, match=r"no field 'key' in sens-geoje\.json"):
        SecretFolder(tmp_path).one("sens-geoje", "key")


def test_a_file_spoilt_while_running_leaves_the_values_and_is_logged_once(tmp_path: Path) -> None:
    folder = SecretFolder(tmp_path)
    _write(tmp_path, {"key": "key-number-one"})
    folder.one("sens-geoje", "key")
    _write(tmp_path, "{")
    with capture_logs() as lines:
        for _ in range(2):
            assert folder.one("sens-geoje", "key").get_secret_value() == "key-number-one"
    assert [line["event"] for line in lines] == ["a secret stays as it was"]


def test_a_file_gone_while_running_leaves_the_values_until_it_is_back(tmp_path: Path) -> None:
    folder = SecretFolder(tmp_path)
    _write(tmp_path, {"key": "key-number-one"})
    folder.one("sens-geoje", "key")
    (tmp_path / "sens-geoje.json").unlink()
    with capture_logs() as lines:
        for _ in range(2):
            assert folder.one("sens-geoje", "key").get_secret_value() == "key-number-one"
    assert [line["event"] for line in lines] == ["a secret stays as it was"]
    _write(tmp_path, {"key": "key-number-two"})
    assert folder.one("sens-geoje", "key").get_secret_value() == "key-number-two"
