"""Settings: one frozen object per process, read once at its start.

Each field is `BONGSU_<NAME>` in the environment; `BONGSU_<NAME>_FILE` names a file with the value
and comes first (Docker and Kubernetes secrets). A wrong value stops the start with a sentence.
"""

import os
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.errors import Stop
from services.runtime.logs import register_secrets


class Settings(BaseSettings):
    """What every process can be told."""

    model_config = SettingsConfigDict(env_prefix="BONGSU_", frozen=True, extra="ignore")

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


S = TypeVar("S", bound=BaseSettings)


def load(settings: type[S]) -> S:
    """Read a process's settings; the redactor learns their secrets. Raises Stop with one sentence
    naming each wrong variable."""
    prefix = settings.model_config["env_prefix"]
    try:
        loaded = settings(**_from_files(prefix, settings))
    except ValidationError as error:
        complaints = [
            _complaint(prefix, item["loc"], item["msg"])
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise Stop("settings", "; ".join(complaints)) from None
    values = (getattr(loaded, name) for name in settings.model_fields)
    register_secrets(v.get_secret_value() for v in values if isinstance(v, SecretStr))
    return loaded


def _from_files(prefix: str, settings: type[BaseSettings]) -> dict[str, Any]:
    variables = {name: f"{prefix}{name.upper()}_FILE" for name in settings.model_fields}
    return {name: _read(v, os.environ[v]) for name, v in variables.items() if v in os.environ}


def _read(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise Stop("settings", f"{variable}: {path} cannot be read ({error.strerror})") from None
    except ValueError:
        raise Stop("settings", f"{variable}: {path} holds no text") from None


def _complaint(prefix: str, place: tuple[int | str, ...], message: str) -> str:
    """`BONGSU_X (inner.place): message`; a rule about several variables names them itself."""
    if not place:
        return message
    inner = f" ({'.'.join(str(part) for part in place[1:])})" if place[1:] else ""
    return f"{prefix}{str(place[0]).upper()}{inner}: {message}"
