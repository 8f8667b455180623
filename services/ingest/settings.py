"""What the ingest process can be told."""

from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from services.runtime.http import Destination
from services.runtime.settings import Settings


def _from_json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str) else value


# Read here, so that a wrong one from the environment or a file stops the start with a sentence.
Destinations = Annotated[dict[str, Destination], NoDecode, BeforeValidator(_from_json)]


class IngestSettings(Settings):
    """`BONGSU_…`; see also the fields every process shares."""

    host: str = Field("127.0.0.1", description="address that takes receipts")
    port: int = Field(8471, gt=0, lt=65536, description="port that takes receipts")
    ops_port: int = Field(8475, gt=0, lt=65536, description="port of /livez, /readyz, /metrics")
    secrets_dir: Path = Field(description="folder of <name>.json: keys of receivers and accounts")
    id_key: SecretStr = Field(min_length=32, description="key of ids, shared with probe")
    content_key: SecretStr = Field(min_length=32, description="key of digests, shared with probe")
    destinations: Destinations = Field(
        default_factory=dict, description="JSON by account id: url, proxy, ca, answer_within_s"
    )
