"""What the reporting process can be told."""

from pathlib import Path

from pydantic import Field, SecretStr

from services.runtime.http import Destinations
from services.runtime.settings import Settings


class ReportingSettings(Settings):
    """`BONGSU_…`; see also the fields every process shares."""

    postgres: SecretStr = Field(
        description="DSN of the report's role, without TLS only on loopback"
    )
    secrets_dir: Path | None = Field(
        None, description="folder of <name>.json files; without one no report is mailed"
    )
    destinations: Destinations = Field(
        default_factory=dict, description="as for probe: reports are mailed the same way"
    )
    ops_port: int = Field(8474, gt=0, lt=65536, description="port of /livez, /readyz, /metrics")
