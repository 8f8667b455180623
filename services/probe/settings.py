"""All that the probe process can be told: one frozen object, read once at its start."""

from pathlib import Path

from pydantic import Field, SecretStr

from services.runtime.http import Destinations
from services.runtime.settings import Settings


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
    public_url: str | None = Field(
        None,
        pattern=r"^https?://\S+[^/\s]$",
        description="address of ingest as a phone's browser reaches it; e-documents open there",
    )
    control_url: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="address outside every provider; an answer proves that this worker has network",
    )
    # Ready means a turn within 10 s: a beat every 10 s sharp would often be late.
    heartbeat_s: float = Field(9, gt=0, le=9, description="seconds between two heartbeats")
    extra_probes_a_day: int = Field(
        20_000,
        ge=0,
        description="probes on command a day (Korean time), by all workers together",
    )
