"""Settings: one frozen object per process, read once at its start.

Each field is `BONGSU_<NAME>` in the environment; `BONGSU_<NAME>_FILE` names a file with the value
and comes first (Docker and Kubernetes secrets). A wrong value stops the start with a sentence.
"""

import os
import re
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from services.runtime.errors import Stop
from services.runtime.logs import register_secrets

PREFIX = "BONGSU_"


class _FileSource(PydanticBaseSettingsSource):
    """Values from the files that `BONGSU_<NAME>_FILE` names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        if path is None:
            return None, field_name, False
        try:
            text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
            return self.prepare_field_value(field_name, field, text, False), field_name, False
        except OSError as error:
            raise Stop(
                "settings", f"{variable}: {path} cannot be read ({error.strerror})"
            ) from None
        except ValueError:
            raise Stop("settings", f"{variable}: {path} holds no valid value") from None

    def __call__(self) -> dict[str, Any]:
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value is not None:
                found[key] = value
        return found


class Settings(BaseSettings):
    """What every process can be told."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    kafka: str = Field("127.0.0.1:19092", description="Kafka bootstrap servers, host:port,…")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = Field(
        "PLAINTEXT", description="protocol; PLAINTEXT only in a development set-up"
    )
    kafka_user: str | None = Field(None, description="SCRAM-SHA-512 user for SASL_SSL")
    kafka_password: SecretStr | None = Field(None, description="SCRAM-SHA-512 password")
    kafka_ca: Path | None = Field(None, description="CA file for the brokers' certificates")
    topic_prefix: str = Field("bongsu", pattern=r"^[a-z0-9-]{1,40}$", description="topic prefix")
    development: bool = Field(
        False, description="allow one broker, replication below 3/2 and plain text"
    )
    instance: str = Field(
        "1", pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="id of this instance"
    )
    ops_host: str = Field("127.0.0.1", description="address of /livez, /readyz and /metrics")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="log level")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Explicit values, then files, then the environment."""
        return init_settings, _FileSource(settings_cls), env_settings


S = TypeVar("S", bound=BaseSettings)


def load(settings: type[S]) -> S:
    """Read a process's settings; the redactor learns their secrets. Raises Stop with one sentence
    naming each wrong variable."""
    prefix = settings.model_config["env_prefix"]
    try:
        loaded = settings()
    except ValidationError as error:
        complaints = [
            _complaint(prefix, item["loc"], item["msg"])
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise Stop("settings", "; ".join(complaints)) from None
    except SettingsError as error:
        # A value that must be JSON and is not; the cause would quote it.
        named = re.search(r'field "(\w+)"', str(error))
        variable = prefix + named[1].upper() if named else "the environment"
        raise Stop("settings", f"{variable}: no valid JSON") from None
    values = (getattr(loaded, name) for name in settings.model_fields)
    register_secrets(v.get_secret_value() for v in values if isinstance(v, SecretStr))
    return loaded


def _complaint(prefix: str, place: tuple[int | str, ...], message: str) -> str:
    """`BONGSU_X (inner.place): message`; a rule about several variables names them itself."""
    if not place:
        return message
    inner = f" ({'.'.join(str(part) for part in place[1:])})" if place[1:] else ""
    return f"{prefix}{str(place[0]).upper()}{inner}: {message}"
