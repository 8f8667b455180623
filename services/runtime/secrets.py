"""The secrets folder: `<name>.json`, an object of strings or lists of strings (newest first).

Catalogue objects hold names, this folder holds values. A file is read again when it changes, so
that a key is rotated without a restart: put the new one first, keep the old one second for a while.
"""

import json
from pathlib import Path

from pydantic import SecretStr

from services.runtime.errors import Stop
from services.runtime.logs import register_secrets


class SecretFolder:
    """Reads secrets by name and tells the redactor every value it hands out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[int, dict[str, tuple[str, ...]]]] = {}

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

    def _load(self, name: str) -> dict[str, tuple[str, ...]]:
        path = self._folder / f"{name}.json"
        try:
            changed = path.stat().st_mtime_ns
            known = self._read.get(name)
            if known is None or known[0] != changed:
                known = (changed, _parse(json.loads(path.read_text(encoding="utf-8"))))
                self._read[name] = known
        except OSError as error:
            raise Stop(
                "secret", f"secret {name}: {path} cannot be read ({error.strerror})"
            ) from None
        except (ValueError, TypeError, AttributeError):
            raise Stop("secret", f"secret {name}: {path} is no JSON object of strings") from None
        register_secrets(value for values in known[1].values() for value in values)
        return known[1]


def _parse(content: dict[str, object]) -> dict[str, tuple[str, ...]]:
    parsed: dict[str, tuple[str, ...]] = {}
    for field, value in content.items():
        values = [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]
        if not all(values) or len(values) != (len(value) if isinstance(value, list) else 1):
            raise ValueError(field)
        parsed[field] = tuple(values)
    return parsed
