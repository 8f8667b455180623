"""Settings: one frozen object per process, read once at its start.

Each field is `BONGSU_<NAME>` in the environment; `BONGSU_<NAME>_FILE` names a file with the value
and comes first (Docker and Kubernetes secrets). A wrong value stops the start with a sentence.
"""

import os
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from services.runtime.errors import Stop

PREFIX = "BONGSU_"


class _FileSource(PydanticBaseSettingsSource):
    """Values from the files that `BONGSU_<NAME>_FILE` names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if path is None:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\n"), field_name, False
        except OSError as error:
            name = f"{PREFIX}{field_name.upper()}_FILE"
            raise Stop("settings", f"{name}: {path} cannot be read ({error.strerror})") from None

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
    """Read a process's settings. Raises Stop with one sentence naming each wrong variable."""
    try:
        return settings()
    except ValidationError as error:
        complaints = [
            f"{PREFIX}{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise Stop("settings", "; ".join(complaints)) from None
