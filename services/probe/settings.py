"""All that the probe process can be told: one frozen object, read once at its start."""

from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from services.runtime.http import Destination
from services.runtime.settings import Settings


def _from_json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str) else value


Destinations = Annotated[dict[str, Destination], NoDecode, BeforeValidator(_from_json)]


class ProbeSettings(Settings):
    """Settings of `python -m services.probe`; `instance` is the worker's id."""

    ops_port: int = Field(8472, ge=1, le=65535, description="port of /livez, /readyz, /metrics")
    secrets_dir: Path = Field(description="folder of <name>.json files the catalogue refers to")
    id_key: SecretStr = Field(
        min_length=32, description="key of probe and event ids; the same in probe and ingest"
    )
    content_key: SecretStr = Field(
        min_length=32, description="key of text digests; the same in probe and ingest"
    )
    destinations: Destinations = Field(
        default_factory=dict,
        description='JSON {"<account id>": {"url": …, "proxy": …, "ca": …, "answer_within_s": …}};'
        " the control address is the account `control`",
    )
    control_url: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="address outside every provider; an answer proves that this worker has network",
    )
    heartbeat_s: float = Field(10, gt=0, le=30, description="seconds between two heartbeats")
    extra_probes_a_day: int = Field(
        20_000,
        ge=0,
        description="probes on command a day (Korean time), by all workers together",
    )
