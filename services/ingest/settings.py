"""What the ingest process can be told."""

from pathlib import Path

from pydantic import Field, SecretStr

from services.runtime.http import Destinations
from services.runtime.settings import Settings


class IngestSettings(Settings):
    """`BONGSU_…`; see also the fields every process shares."""

    host: str = Field("127.0.0.1", description="address that takes receipts")
    port: int = Field(8471, gt=0, lt=65536, description="port that takes receipts")
    ops_port: int = Field(8475, gt=0, lt=65536, description="port of /livez, /readyz, /metrics")
    secrets_dir: Path = Field(description="folder of <name>.json: keys of receivers and accounts")
    id_key: SecretStr = Field(min_length=32, description="key of ids, shared with probe")
    content_key: SecretStr = Field(min_length=32, description="key of digests, shared with probe")
    destinations: Destinations = Field(
        default_factory=dict,
        description="JSON by account id, mailbox id or <account>.bounces: url, proxy, ca, …",
    )
    spam_folders: tuple[str, ...] = Field(
        ("Spam", "Junk", "Junk E-mail", "스팸메일함"),
        description="names of spam folders, as JSON, where a server does not mark them",
    )
