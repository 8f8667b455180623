"""The secrets folder: `<name>.json`, an object of strings or lists of strings (newest first).

Catalogue objects hold names, this folder holds values. A file is read again when it changes, so
that a key is rotated without a restart: put the new one first, keep the old one second for a while.
A file that turns unreadable under a running process changes nothing but the log.
"""

import json
from pathlib import Path

import structlog
from pydantic import SecretStr

from services.runtime.errors import Stop
from services.runtime.logs import register_secrets

_log = structlog.get_logger()
_Fields = dict[str, tuple[str, ...]]


class SecretFolder:
    """Reads secrets by name and tells the redactor every value it hands out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[tuple[int, ...], _Fields]] = {}

    def all(self, name: str, field: str) -> tuple[SecretStr, ...]:
        """Every valid value of a field, newest first. Raises Stop with a sentence."""
        values = self._load(name).get(field)
        if not values:
            raise Stop("secret", f"secret {name}: no field {field!r} in {name}.json")
        return tuple(SecretStr(value) for value in values)

    def one(self, name: str, field: str) -> SecretStr:
        """The newest value of a field."""
        return self.all(name, field)[0]

    def fields(self, name: str) -> dict[str, SecretStr]:
        """The newest value of every field."""
        return {field: SecretStr(values[0]) for field, values in self._load(name).items()}

    def _load(self, name: str) -> _Fields:
        path, known = self._folder / f"{name}.json", self._read.get(name)
        try:
            stat = path.stat()
            version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if known is not None and known[0] == version:
                return known[1]
            fields = _parse(json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            return self._spoilt(name, (), f"{path} cannot be read ({error.strerror})")
        except (ValueError, TypeError, AttributeError):
            return self._spoilt(name, version, f"{path} is no JSON object of strings")
        self._read[name] = (version, fields)
        register_secrets(value for values in fields.values() for value in values)
        return fields

    def _spoilt(self, name: str, version: tuple[int, ...], why: str) -> _Fields:
        """What was read before, if anything; said once a change."""
        if name not in self._read:
            raise Stop("secret", f"secret {name}: {why}") from None
        known, fields = self._read[name]
        if known != version:
            _log.error("a secret stays as it was", reason=f"secret {name}: {why}")
        self._read[name] = (version, fields)
        return fields


def _parse(content: dict[str, object]) -> _Fields:
    parsed: _Fields = {}
    for field, value in content.items():
        values = [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]
        if not all(values) or len(values) != (len(value) if isinstance(value, list) else 1):
            raise ValueError(field)
        parsed[field] = tuple(values)
    return parsed
